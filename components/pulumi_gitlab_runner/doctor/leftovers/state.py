"""The state of a stack, as exported by `pulumi stack export`."""

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi_gitlab_runner.doctor.errors import UsageError

PATIENCE_S = 120
"""Timeout of `pulumi stack export`, in seconds."""


@dataclass(frozen=True)
class Resource:
    """A resource of the state.

    Attributes:
        type: the type, such as `aws:iam/role:Role`.
        name: the resource name in the program.
        urn: the URN.
        id: the ID at the provider; empty for a component.
        arn: the ARN; empty if it has none.
        inputs: the inputs; secrets are encrypted.
    """

    type: str
    name: str
    urn: str
    id: str = ""
    arn: str = ""
    inputs: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class State:
    """The resources of a stack; none if the state is lost."""

    resources: tuple[Resource, ...] = ()

    @property
    def arns(self) -> frozenset[str]:
        """The ARNs of all resources."""
        return frozenset(each.arn for each in self.resources if each.arn)

    @property
    def ids(self) -> frozenset[tuple[str, str]]:
        """The types and IDs of all resources."""
        return frozenset((each.type, each.id) for each in self.resources)

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """The types and names of all resources."""
        return frozenset((each.type, each.name) for each in self.resources)

    def components(self, kinds: Iterable[str]) -> list[Resource]:
        """The components of some kinds, such as `RunnerHost`."""
        types = {f"gitlab-runner:index:{each}" for each in kinds}
        return [each for each in self.resources if each.type in types]

    def parent_of(self, name: str, kinds: Iterable[str]) -> Resource | None:
        """The component of some kinds that is the parent of a resource, by its name; None if it is ambiguous.

        The name of a child starts with the name of its parent.
        """
        fitting = [
            each for each in self.components(kinds) if name == each.name or name.startswith(f"{each.name}-")
        ]
        longest = max((len(each.name) for each in fitting), default=0)
        fitting = [each for each in fitting if len(each.name) == longest]
        return fitting[0] if len(fitting) == 1 else None


def exported_state(stack: str) -> str:
    """The output of `pulumi stack export` for a stack.

    Raises:
        UsageError: Pulumi is not installed, or has no such stack.
    """
    command = ["pulumi", "stack", "export", "--stack", stack]
    instead = "give its output as a file with --state, or --no-state if the state is lost"
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip() or "no error message").splitlines()[-1][:300]
        raise UsageError(f"pulumi stack export fails: {said}; {instead}") from None
    except (OSError, subprocess.SubprocessError):
        raise UsageError(f"pulumi stack export does not run; {instead}") from None
    return done.stdout


def read_state(text: str) -> State:
    """The state from the output of `pulumi stack export`.

    Raises:
        UsageError: the text is not such an output.
    """
    try:
        exported: dict[str, Any] = json.loads(text)
        resources = exported["deployment"].get("resources") or []
        return State(tuple(_read(resources)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError("this is not a state; give the output of `pulumi stack export`") from None


def _read(resources: list[dict[str, Any]]) -> Iterator[Resource]:
    for each in resources:
        arn = each.get("outputs", {}).get("arn", "")
        yield Resource(
            each["type"],
            each["urn"].rpartition("::")[2],
            each["urn"],
            str(each.get("id", "")),
            arn if isinstance(arn, str) else "",
            each.get("inputs", {}),
        )


def project_name(directory: Path) -> str | None:
    """The name of the Pulumi project in a directory; None if it has none."""
    import yaml

    for name in ("Pulumi.yaml", "Pulumi.yml"):
        try:
            read = yaml.safe_load((directory / name).read_text(encoding="utf-8"))
            return str(read["name"])
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
            continue
    return None
