"""The output of `pulumi preview --json`.

The format: pulumi/pulumi, pkg/display/json.go (`PreviewDigest`). It contains unchanged resources only with
`--show-sames`, and the steps of a replacement only with `--show-replacement-steps`.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pulumi_gitlab_runner.review.errors import PreviewError
from pulumi_gitlab_runner.review.names import natural
from pulumi_gitlab_runner.review.values import mapping
from pulumi_gitlab_runner.spec.declared import DECLARED, RIGHTS

SECRET = "[secret]"  # noqa: S105 - a placeholder
"""Pulumi's placeholder for a secret: pulumi/pulumi, pkg/backend/display/json.go."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's placeholder for a value known after the update: pulumi/pulumi, sdk/go/common/resource/plugin."""
CHOSEN_BY_AWS = "an ARN that AWS assigns"
"""The placeholder for a resource in a policy whose ARN AWS chooses."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key that marks a secret in the state: pulumi/pulumi, sdk/go/common/resource/sig/sig.go."""
_ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
UNCHANGED = {"same", "refresh"}
"""The operations without a change: a step `refresh` is not about what the program declares."""
_PART_OF_A_REPLACEMENT = {
    *("create-replacement", "delete-replaced", "import-replacement", "read-replacement", "discard-replaced"),
    "remove-pending-replace",
}
_OF_OTHERS = {"read", "discard"}
"""The operations on a resource that the stack only reads: its inputs are not in the preview."""

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """The operation on one resource.

    Attributes:
        operation: Pulumi's name of it: ``create``, ``update``, ``replace``, ``delete``, ``same``, …
        urn: the URN of the resource.
        old: the inputs before, without secrets; empty for a new resource.
        new: the inputs after, without secrets; empty for a deleted resource.
        changed: the paths of the properties that change.
        replaced_for: the properties whose change requires a replacement.
        is_component: whether the resource is a component, which only groups other resources.
        is_retained: whether the existing resource stays when it is deleted or replaced, `retainOnDelete`.
    """

    operation: str
    urn: str
    old: Inputs
    new: Inputs
    changed: tuple[str, ...]
    replaced_for: tuple[str, ...]
    is_component: bool
    is_retained: bool

    @property
    def is_managed(self) -> bool:
        """Whether the resource is one of the stack, and not one that the program only reads."""
        return self.operation not in _OF_OTHERS

    @property
    def type(self) -> str:
        """The resource's type, such as ``aws:ecr/repository:Repository``."""
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.urn.split("::", 3)[3]

    @property
    def types(self) -> tuple[str, ...]:
        """The types of the resource's ancestors, the outermost first, and its own type last."""
        return tuple(self.urn.split("::")[2].split("$"))

    @property
    def before(self) -> Inputs | None:
        """The declaration of a component before; None if it did not exist or registered none."""
        return _declared(self.old)

    @property
    def after(self) -> Inputs | None:
        """The declaration of a component after; None if it is deleted or registers none."""
        return _declared(self.new)


@dataclass(frozen=True)
class Message:
    """A diagnostic message of Pulumi or of the program.

    Attributes:
        severity: ``error``, ``warning``, ``info`` or ``info#err``.
        text: the text of the message.
    """

    severity: str
    text: str


@dataclass(frozen=True)
class Preview:
    """The operations on a stack.

    Attributes:
        steps: one step for each resource, in the order of their URNs.
        messages: the diagnostic messages.
    """

    steps: tuple[Step, ...]
    messages: tuple[Message, ...] = ()

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.operation not in UNCHANGED)

    @property
    def counts(self) -> "Counter[str]":
        """The number of resources for each operation.

        Components are not counted: unlike other resources, they exist only in the state. Pulumi counts them.
        """
        return Counter(step.operation for step in self.changes if not step.is_component)


def read_preview(text: str) -> Preview:
    """Parse a preview.

    Raises:
        PreviewError: the text is not a preview.
    """
    try:
        digest = json.loads(text)
        if not digest.keys() & {"steps", "diagnostics", "changeSummary"}:
            raise ValueError("no preview")
        steps = [
            _step(each) for each in digest.get("steps") or () if each["op"] not in _PART_OF_A_REPLACEMENT
        ]
        steps = _without_refreshes(steps)
        # The engine's order differs between runs, and equal previews must have equal notes.
        steps.sort(key=lambda step: natural(step.urn))
        return Preview(
            _with_shown_rights(steps),
            tuple(
                Message(str(each["severity"]), str(each["message"]))
                for each in digest.get("diagnostics") or ()
            ),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        fix = "use the standard output of `pulumi preview --json`"
        raise PreviewError(
            f"The preview cannot be parsed: it is not one JSON object with steps; {fix}."
        ) from None


def _step(step: Mapping[str, Any]) -> Step:
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    urn = step["urn"]
    if not isinstance(urn, str) or urn.count("::") < 3:
        raise ValueError("no URN")
    if not re.fullmatch("[a-z-]+", step["op"]):
        raise ValueError("no operation")
    changed = step.get("detailedDiff") or step.get("diffReasons") or ()
    return Step(
        operation=step["op"],
        urn=urn,
        old=mapping(without_secrets(old.get("inputs"))),
        new=mapping(without_secrets(new.get("inputs"))),
        changed=tuple(map(str, changed)),
        replaced_for=tuple(map(str, step.get("replaceReasons") or ())),
        is_component=not (new or old).get("custom", False),
        is_retained=old.get("retainOnDelete") is True,
    )


def _without_refreshes(steps: Sequence[Step]) -> list[Step]:
    """The steps without those that only refresh a resource that has another step.

    `pulumi preview --refresh` refreshes each resource first, so that the other step starts from what exists.
    """
    others = {step.urn for step in steps if step.operation != "refresh"}
    return [step for step in steps if step.operation != "refresh" or step.urn not in others]


def _with_shown_rights(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, in which a policy that is unknown is replaced by the one that its component registers.

    A policy with an ARN that AWS assigns is unknown as a whole; the component registers all except that ARN.
    """
    shown = {
        f"{step.urn.removesuffix(f'::{step.name}')}${_ROLE_POLICY}::{name}": _with_chosen_arns(policy)
        for step in steps
        if step.type.startswith("gitlab-runner:") and isinstance(rights := step.new.get(RIGHTS), Mapping)
        for name, policy in rights.items()
    }
    return tuple(
        replace(step, new={**step.new, "policy": shown[step.urn]})
        if step.urn in shown and step.new.get("policy") == UNKNOWN
        else step
        for step in steps
    )


def _with_chosen_arns(policy: Any) -> Any:
    """A policy with a placeholder for each ARN that AWS chooses; unknown if anything else is unknown."""
    statements = [
        {**each, "Resource": CHOSEN_BY_AWS} if each.get("Resource") == UNKNOWN else each
        for each in policy["Statement"]
    ]
    whole = all("Action" in each for each in statements) and UNKNOWN not in json.dumps(statements)
    return {"Statement": statements} if whole else UNKNOWN


def _declared(inputs: Inputs) -> Inputs | None:
    declared = inputs.get(DECLARED)
    return declared if isinstance(declared, Mapping) else None


def without_secrets(value: Any) -> Any:
    """A value in which each secret is replaced by `SECRET`."""
    if isinstance(value, Mapping):
        if _SIGNATURE in value:
            return SECRET
        return {key: without_secrets(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_secrets(each) for each in value]
    return value
