"""A resource with the mark of a stack, and how to import or remove it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from shlex import quote

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.leftovers.state import State

COMPONENT = "gitlab-runner:index:"
_ADDED = re.compile(r"-[0-9a-f]{7}$")
"""The suffix that Pulumi adds to the name of a resource:
pulumi.com/docs/iac/concepts/resources/names/#autonaming."""


@dataclass(frozen=True)
class Marked:
    """A resource with the mark.

    Attributes:
        what: what it is, for a person: `the IAM role ci-build-0a1b2c3`.
        type: its resource type; empty if the library has none for it.
        id: its id, as `pulumi import` takes it.
        arn: its ARN; empty where it has none.
        remove: the command that removes it; empty where none is known.
        name: what AWS calls it, where its resource's name follows from that.
        parents: the components that such a resource may belong to, by the last part of their types.
        instead: what takes it over, where that is not `pulumi import`.
        goes_with: the id of what is removed with it.
        unmarked: whether only its name identifies its stack: it lacks the tags that a second call gives.
    """

    what: str
    type: str
    id: str
    arn: str = ""
    remove: str = ""
    name: str = ""
    parents: tuple[str, ...] = ()
    instead: str = ""
    goes_with: str = ""
    unmarked: bool = False


def leftover_findings(marked: Iterable[Marked], state: State, mark: str) -> Iterator[Finding]:
    """The marked resources that are not in the state.

    Args:
        marked: resources with the mark.
        state: the stack's.
        mark: `PROJECT/STACK`.
    """
    arns, ids = state.arns, state.ids
    left = [each for each in marked if each.arn not in arns and (each.type, each.id) not in ids]
    for each in left:
        if each.goes_with and each.goes_with in {other.id for other in left}:
            continue
        ways = [
            f"import it: {command}" if (command := import_command(each, state)) else each.instead,
            f"remove it: {each.remove}" if each.remove else "",
        ]
        yield Finding(
            FindingName.LEFTOVER,
            each.what,
            (
                f"it has no tags, and a name of {mark}; it is not in the state"
                if each.unmarked
                else f"it has the mark of {mark}, but is not in its state"
            ),
            "it costs and has access like a resource in use, and no `pulumi destroy` removes it",
            "; or ".join(way for way in ways if way)
            or f"look at {each.arn or each.id} and remove it by hand",
        )


def import_command(marked: Marked, state: State) -> str:
    """The command that imports a resource into the state; empty if it no longer belongs there.

    Args:
        marked: what is not in the state.
        state: the stack's.
    """
    name = _ADDED.sub("", marked.name)
    if not name or (marked.type, name) in state.names:
        return ""
    parent = state.parent_of(name, tuple(COMPONENT + each for each in marked.parents))
    if parent is None:
        return ""
    of_parent = quote(f"parent={parent.urn}")
    options = f"--protect=false --generate-code=false --parent {of_parent}"
    return f"pulumi import {options} {quote(marked.type)} {quote(name)} {quote(marked.id)}"
