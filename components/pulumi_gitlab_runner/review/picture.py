"""A Mermaid diagram of the runners, their registries, and the authentication of each registry."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pulumi_gitlab_runner.auth.registry_list import ECR_HELPER, CredentialSource
from pulumi_gitlab_runner.review.flowchart import Entry, flowchart
from pulumi_gitlab_runner.review.host_state import NO_HOST, HostState, host_changes
from pulumi_gitlab_runner.review.markup import label
from pulumi_gitlab_runner.review.names import natural
from pulumi_gitlab_runner.review.preview import Preview

PICTURE_SIZE = 2000
"""The maximum size of a diagram that GitLab renders without a click, in characters: gitlab-org/gitlab,
app/assets/javascripts/behaviors/markdown/render_sandboxed_mermaid.js."""

_REGISTRIES_SIZE = 1000
"""The maximum size of the registries in the diagram, in characters."""
_LEAST_NODE = len('n0["x"]\n')

_Registry = tuple[str, str]
"""A registry's host, and how runners authenticate there."""
_NOT_KNOWN: _Registry = ("registries", "known only after the update")


@dataclass(frozen=True)
class _Runner:
    """A runner.

    Attributes:
        name: the name of the runner.
        change: ``added``, ``removed``, ``changed``, or empty.
        uses: the registries that it pulls from, and the change of each use.
    """

    name: str
    change: str
    uses: Mapping[_Registry, str]


def picture(preview: Preview) -> str:
    """The diagram; empty if the preview shows no runner host.

    Runners and registries that do not fit are omitted, unchanged ones first; the diagram shows their number.
    """
    runners = sorted(_runners(preview), key=lambda each: (not _changes(each), natural(each.name)))
    registries = _fitting(runners)
    if not runners:
        return ""
    drawn = ""
    least = min(len(runners), PICTURE_SIZE // _LEAST_NODE)
    for count in dict.fromkeys((len(runners), *range(least, 0, -1))):
        drawn = _drawn(runners[:count], registries, len(runners) - count)
        if len(drawn) <= PICTURE_SIZE:
            break
    return drawn


def _runners(preview: Preview) -> Iterator[_Runner]:
    """The runners of every host that the preview shows."""
    for host in host_changes(preview):
        old, new = host.old or NO_HOST, host.new
        if new is None:
            for name in old.runners or [host.manager]:
                yield _Runner(name, "changed" if old.runners else "added", {_NOT_KNOWN: "changed"})
            continue
        former = {name: host.former(name) for name in new.runners}
        for name in {**old.runners, **new.runners}:
            if name in former.values():
                continue  # a renamed runner, which the loop yields under its new name
            before, after = _registries(old, former.get(name) or name), _registries(new, name)
            yield _Runner(
                name,
                _change(old.runners.get(former.get(name) or name), new.runners.get(name)),
                {each: _change(each in before or None, each in after or None) for each in before | after},
            )


def _change(before: object, after: object) -> str:
    """The change between two values, None for one that does not exist."""
    if before == after:
        return ""
    return "added" if before is None else "removed" if after is None else "changed"


def _changes(runner: _Runner) -> bool:
    return bool(runner.change or any(runner.uses.values()))


def _registries(host: HostState, runner: str) -> set[_Registry]:
    """The registries of a runner: those of its host, as one manager pulls for all its runners."""
    if runner not in host.runners:
        return set()
    return {(each, _how(source)) for each, source in host.sources.items()}


def _how(source: CredentialSource) -> str:
    match source:
        case CredentialSource("helper", (path, *_)) if path == ECR_HELPER:
            return "by the manager's role"
        case CredentialSource("helper", (path, *_)):
            return f"by {PurePosixPath(path).name}"
        case CredentialSource("parameter"):
            return "by a password in Parameter Store"
        case CredentialSource("secret"):
            return "by a password in Secrets Manager"
        case CredentialSource("declared", (how, *_)):
            return "by the manager's role" if how == "by role" else how
        case CredentialSource("file"):
            return "by a password on the host"
        case CredentialSource(kind):  # from the registry list of another version of this library
            return f"by {kind}"


def _fitting(runners: Sequence[_Runner]) -> list[_Registry]:
    """The registries that fit into the diagram: changed ones first, then the most used."""
    weights: Counter[_Registry] = Counter()
    for runner in runners:
        for registry, change in runner.uses.items():
            weights[registry] += len(runners) + 1 if change else 1
    room = _REGISTRIES_SIZE
    fitting: list[_Registry] = []
    for registry in sorted(weights, key=lambda each: (-weights[each], each)):
        room -= sum(len(label(line)) for line in registry) + 30  # for the text around it
        if room < 0:
            left_out = len(weights) - len(fitting)
            return [*fitting, (f"and {left_out} more registries", "")]
        fitting.append(registry)
    return fitting


def _drawn(runners: Sequence[_Runner], registries: Sequence[_Registry], left_out: int) -> str:
    """The diagram of these runners and registries; the last registry represents all other ones."""
    nodes = []
    used: dict[_Registry, set[str]] = {registry: set() for registry in registries}
    uses: dict[tuple[Entry, _Registry], set[str]] = {}
    for runner in runners:
        nodes.append(Entry(runner.name, change=runner.change))
        for registry, change in runner.uses.items():
            shown = registry if registry in used else registries[-1]
            used[shown].add(change)
            uses.setdefault((nodes[-1], shown), set()).add(change)
    stores = {each: Entry(*each, change=_common(changes)) for each, changes in used.items()}
    arrows = {(node, stores[registry]): _common(changes) for (node, registry), changes in uses.items()}
    more = [Entry(f"and {left_out} more runners")] if left_out else []
    return flowchart([*nodes, *more], stores.values(), arrows)


def _common(changes: set[str]) -> str:
    """The only change; empty if the changes differ."""
    return next(iter(changes)) if len(changes) == 1 else ""
