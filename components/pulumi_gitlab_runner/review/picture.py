"""Runners, the registries that they pull from, and how each authenticates: a picture in Mermaid."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from pulumi_gitlab_runner.auth.registry_list import CredentialSource
from pulumi_gitlab_runner.review.host_state import NO_HOST, HostState, host_of, host_state
from pulumi_gitlab_runner.review.markup import label
from pulumi_gitlab_runner.review.preview import Preview

PICTURE_SIZE = 2000
"""What GitLab draws without being asked to, in characters: gitlab-org/gitlab, issue 368393."""

_ARROWS = {"": "-->", "new": "==>", "gone": "-.->"}


@dataclass(frozen=True)
class _Connection:
    """A line of the picture.

    Attributes:
        runner: where it begins.
        registry: where it ends; empty where it is not known yet.
        how: how the runner authenticates there.
        change: ``new``, ``gone``, or nothing.
    """

    runner: str
    registry: str
    how: str
    change: str


def picture(preview: Preview) -> str:
    """The picture; empty where the preview shows no runner's host.

    What changes is drawn first. What no longer fits is left out, and the last line says how much it is.
    """
    connections = sorted(
        set(_connections(preview)), key=lambda each: (not each.change, each.runner, each.registry)
    )
    if not connections:
        return ""
    numbers: dict[str, str] = {}
    lines = ["flowchart LR"]
    size = len(lines[0])
    for drawn, each in enumerate(connections):
        line = _line(each, numbers)
        size += len(line) + 1
        if size > PICTURE_SIZE - 100:  # room for the last line
            lines.append(f'more["and {len(connections) - drawn} more connections"]')
            break
        lines.append(line)
    return "\n".join(lines)


def _connections(preview: Preview) -> Iterator[_Connection]:
    for step in preview.steps:
        if host_of(step) is None:
            continue
        old, new = host_state(step.old), host_state(step.new)
        if new is None:
            # What it was, and that the rest is not known.
            for runner in (old or NO_HOST).runners or {str(host_of(step)): {}}:
                yield _Connection(runner, "", "not known before the update", "new")
            new = old
        before, after = _of(old or NO_HOST), _of(new or NO_HOST)
        for change, pairs in (("gone", before - after), ("new", after - before), ("", before & after)):
            for runner, registry, how in pairs:
                yield _Connection(runner, registry, how, change)


def _of(host: HostState) -> set[tuple[str, str, str]]:
    """Each runner with each registry, and how it authenticates: one manager pulls for all of its runners."""
    return {
        (runner, registry, _how(host.sources.get(registry)))
        for runner in host.runners
        for registry in host.registries
    }


def _how(source: CredentialSource | None) -> str:
    match source:
        case CredentialSource("helper", (path, *_)):
            return PurePosixPath(path).name.removeprefix("docker-credential-")
        case CredentialSource("parameter"):
            return "Parameter Store"
        case CredentialSource("secret"):
            return "Secrets Manager"
        case CredentialSource("file"):
            return "password"
        case _:
            return "credential helper"


def _line(connection: _Connection, numbers: dict[str, str]) -> str:
    """A connection as Mermaid has it; the first one of a runner or registry also says its name."""

    def node(kind: str, name: str, before: str, after: str) -> str:
        known = f"{kind}{name}"
        if known in numbers:
            return numbers[known]
        numbers[known] = f"n{len(numbers)}"
        return f'{numbers[known]}{before}"{label(name)}"{after}'

    runner = node("runner ", connection.runner, "[", "]")
    registry = node("registry ", connection.registry or "?", "[(", ")]")
    how = f"{connection.change}: {connection.how}" if connection.change else connection.how
    return f'{runner} {_ARROWS[connection.change]}|"{label(how)}"| {registry}'
