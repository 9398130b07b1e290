"""Previews of whole stacks as the engine creates them, from the resources that the components register.

Existing resources have outputs; new ones have none before the update, as in a real preview.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockResourceArgs
from pulumi_gitlab_runner import RunnerStack
from pulumi_gitlab_runner.review.preview import Preview, read_preview

from tests.components.everything import EmptyCloud, RealisticCloud
from tests.components.recording import in_the_clear, run
from tests.review.previews import text

REPLACED_FOR = {
    "gitlab:index/userRunner:UserRunner": {"groupId", "projectId", "runnerType"},
    "aws:iam/role:Role": {"path"},
}
"""The inputs whose change needs a new resource, of those that these tests change."""

Identity = tuple[str, str]
Resources = dict[Identity, tuple[str, Mapping[str, Any]]]
"""The URN and the inputs of each resource, by its type and name."""


def state_of(declared: Mapping[str, Any]) -> Resources:
    """The resources of a declaration that is deployed."""
    return _registered(declared, RealisticCloud, preview=False)


def first_preview_of(declared: Mapping[str, Any]) -> Preview:
    """The preview of a declaration before its first deployment."""
    return _compared({}, _registered(declared, EmptyCloud, preview=True))


def preview_of(state: Resources, declared: Mapping[str, Any]) -> Preview:
    """The preview of a declaration over the state of another."""

    class DeployedCloud(RealisticCloud):
        """AWS and GitLab with the resources of the state."""

        def __init__(self, *, preview: bool) -> None:
            super().__init__(preview=not preview)  # only new resources lack outputs

        def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
            if (args.typ, args.name) in state:
                return super().new_resource(args)
            return "", in_the_clear(args.inputs)

    return _compared(state, _registered(declared, DeployedCloud, preview=True))


def _compared(before: Resources, after: Resources) -> Preview:
    steps = []
    for identity in {**before, **after}:
        urn, old = before.get(identity, ("", None))
        urn, new = after.get(identity, (urn, None))
        changed = [
            key for key in {**(old or {}), **(new or {})} if (old or {}).get(key) != (new or {}).get(key)
        ]
        replaced_for = sorted(REPLACED_FOR.get(identity[0], set()) & set(changed))
        operation = (
            "create"
            if old is None
            else "delete"
            if new is None
            else "replace"
            if replaced_for
            else "update"
            if changed
            else "same"
        )
        custom = not identity[0].startswith("gitlab-runner:index:")
        states = {"oldState": old, "newState": new}
        steps.append(
            {
                "op": operation,
                "urn": urn,
                "diffReasons": changed if old and new else [],
                "replaceReasons": replaced_for if operation == "replace" else [],
                **{
                    key: {"custom": custom, "type": identity[0], "inputs": inputs}
                    for key, inputs in states.items()
                    if inputs is not None
                },
            }
        )
    return read_preview(text(*steps))


def _registered(declared: Mapping[str, Any], cloud: Any, *, preview: bool) -> Resources:
    recording, _ = run(lambda: RunnerStack("ci", declared), cloud=cloud, preview=preview)  # type: ignore[arg-type]
    resources: Resources = {}
    type_paths: dict[str, str] = {}  # a mock's URN has only the last of the parents' types
    for request in recording.requests:
        *place, types, _name = request.parent.split("::", 3)
        mocked = "::".join((*place, f"{types.rpartition('$')[2]}${request.type}", request.name))
        type_paths[mocked] = types = f"{type_paths.get(request.parent, types)}${request.type}"
        urn = "::".join((*place, types.replace("pulumi:pulumi:Stack$", ""), request.name))
        resources[request.type, request.name] = urn, _with_integers(MessageToDict(request.object))
    return resources


def _with_integers(value: Any) -> Any:
    """A value whose whole numbers are integers."""
    if isinstance(value, Mapping):
        return {key: _with_integers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_integers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
