"""The state of a stack, as `pulumi stack export` writes it."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi_gitlab_runner.doctor.errors import UsageError

PATIENCE_S = 120
"""How long `pulumi stack export` may take."""


@dataclass(frozen=True)
class Resource:
    """A resource of the state.

    Attributes:
        type: such as `aws:iam/role:Role`.
        name: in the program.
        urn: its whole name.
        id: its id at the provider; empty for a component.
        arn: its ARN; empty where it has none.
        inputs: as the program gives them; secrets are encrypted.
    """

    type: str
    name: str
    urn: str
    id: str = ""
    arn: str = ""
    inputs: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class State:
    """The resources of a stack; none where the state is gone."""

    resources: tuple[Resource, ...] = ()

    @property
    def arns(self) -> frozenset[str]:
        """The ARNs of all."""
        return frozenset(each.arn for each in self.resources if each.arn)

    @property
    def ids(self) -> frozenset[tuple[str, str]]:
        """The type and the id of all."""
        return frozenset((each.type, each.id) for each in self.resources)

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """The type and the name of all."""
        return frozenset((each.type, each.name) for each in self.resources)

    def names_of(self, types: tuple[str, ...]) -> frozenset[str]:
        """The names of all resources of some types."""
        return frozenset(each.name for each in self.resources if each.type in types)

    def parent_of(self, name: str, types: tuple[str, ...]) -> Resource | None:
        """The one component of some types whose children may have a name; None where there are several.

        A child's name starts with its parent's.
        """
        fitting = [
            each
            for each in self.resources
            if each.type in types and (name == each.name or name.startswith(f"{each.name}-"))
        ]
        longest = max((len(each.name) for each in fitting), default=0)
        fitting = [each for each in fitting if len(each.name) == longest]
        return fitting[0] if len(fitting) == 1 else None


def exported_state(stack: str) -> str:
    """The output of `pulumi stack export` for a stack.

    Raises:
        UsageError: there is no Pulumi, or it has no such stack.
    """
    command = ["pulumi", "stack", "export", "--stack", stack]
    instead = "give a file of it with --state, or --no-state where the state is lost"
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip() or "it says nothing").splitlines()[-1][:300]
        raise UsageError(f"pulumi stack export fails: {said}; {instead}") from None
    except (OSError, subprocess.SubprocessError):
        raise UsageError(f"pulumi stack export does not run; {instead}") from None
    return asked.stdout


def read_state(text: str) -> State:
    """The state of an export.

    Raises:
        UsageError: it is something else.
    """
    try:
        exported: dict[str, Any] = json.loads(text)
        resources = exported["deployment"].get("resources") or []
        return State(tuple(_read(resources)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError("this is no state; give what `pulumi stack export` prints") from None


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
    """The name of the Pulumi project of a directory; None where there is none."""
    import yaml

    for name in ("Pulumi.yaml", "Pulumi.yml"):
        try:
            read = yaml.safe_load((directory / name).read_text(encoding="utf-8"))
            return str(read["name"])
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
            continue
    return None
