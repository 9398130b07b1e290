"""A resource with the mark of a stack, and how to import or remove it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from shlex import quote

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.leftovers.state import State

IMPORTED_BY_PREVIEW = "`pulumi preview` prints the command that imports it"
_ADDED = re.compile(r"-[0-9a-f]{7}$")
"""The random suffix of a physical name that Pulumi generates:
pulumi.com/docs/iac/concepts/resources/names/#autonaming."""


@dataclass(frozen=True)
class Marked:
    """A resource with the mark.

    Attributes:
        what: a description for messages, such as `the IAM role ci-build-0a1b2c3`.
        type: the resource type in Pulumi; empty if the library has none for it.
        id: the ID for `pulumi import`.
        arn: the ARN; empty if it has none.
        remove: the command that deletes it; empty if there is none.
        name: the physical name, if the resource name can be derived from it; else empty.
        parents: the components that may be its parent, by the last part of their types.
        instead: how to adopt it without `pulumi import`; empty if that is not possible.
        goes_with: the ID of the resource with which it is deleted; empty if there is none.
        unmarked: whether it is found only by its name: its tags, which are set in a second call, are missing.
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
    """The resources with a mark, `PROJECT/STACK`, that are not in the state of the stack."""
    arns, ids = state.arns, state.ids
    left = [each for each in marked if each.arn not in arns and (each.type, each.id) not in ids]
    for each in left:
        if each.goes_with and each.goes_with in {other.id for other in left}:
            continue
        ways = [
            f"import it: {command}" if (command := import_command(each, state)) else each.instead,
            f"delete it: {each.remove}" if each.remove else "",
        ]
        yield Finding(
            FindingName.LEFTOVER,
            each.what,
            (
                f"it has no tags, but a name of {mark}; it is not in its state"
                if each.unmarked
                else f"it has the mark of {mark}, but is not in its state"
            ),
            "it has costs and permissions like a resource in use, and `pulumi destroy` does not delete it",
            "; or ".join(way for way in ways if way) or f"check {each.arn or each.id} and delete it manually",
        )


def import_command(marked: Marked, state: State) -> str:
    """The command that imports a resource; empty if the state has no parent for it, or has its name."""
    name = _ADDED.sub("", marked.name)
    if not name or (marked.type, name) in state.names:
        return ""
    parent = state.parent_of(name, marked.parents)
    if parent is None:
        return ""
    of_parent = quote(f"parent={parent.urn}")
    options = f"--protect=false --generate-code=false --parent {of_parent}"
    return f"pulumi import {options} {quote(marked.type)} {quote(name)} {quote(marked.id)}"
