"""The dangers of a preview as GitLab's Code Quality report, each with its line in the stack file.

Source: docs.gitlab.com/ci/testing/code_quality, "Code Quality report format".
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pulumi_gitlab_runner.config.job_isolation import isolation_gaps
from pulumi_gitlab_runner.review.dangers import Danger, DangerKind, dangers
from pulumi_gitlab_runner.review.lines import own_names
from pulumi_gitlab_runner.review.markup import one_line
from pulumi_gitlab_runner.review.preview import Preview
from pulumi_gitlab_runner.review.values import mapping, tables
from pulumi_gitlab_runner.spec.stack_file import PROJECT

_SEVERITIES = {
    DangerKind.PRIVILEGE: "critical",
    DangerKind.DELETION: "major",
    DangerKind.REPLACEMENT: "major",
    DangerKind.QUEUE: "major",
    DangerKind.OWNERS: "major",
    DangerKind.RUNNER: "critical",
    DangerKind.VARIABLE: "critical",
    DangerKind.PROTECTION: "major",
    DangerKind.REGISTRY: "minor",
    DangerKind.PERMISSION: "minor",
}
_STACK = f"{PROJECT}:stack"

_Path = tuple[str | int, ...]


def code_quality(preview: Preview, text: str, path: str) -> str:
    """The report as JSON.

    The fingerprint of a danger does not depend on its line, so that GitLab recognizes it when lines move.

    Args:
        preview: the preview.
        text: the content of the stack file, of which only keys and names are read.
        path: the path of the stack file in the repository.
    """
    file = _StackFile.read(text)
    own_name = own_names(preview)
    seen: Counter[str] = Counter()
    report = []
    for danger in dangers(preview):
        words = " ".join(" ".join((words, *names)) for words, names in danger.phrases)
        what = "\0".join((path, danger.kind.name, danger.of, danger.name, words))
        seen[what] += 1
        report.append(
            {
                "description": one_line(f"{danger.kind}: {danger.name}: {words}", 1000),
                "check_name": f"pulumi-gitlab-runner/{danger.kind.name.lower()}",
                "fingerprint": hashlib.sha256(f"{what}\0{seen[what]}".encode()).hexdigest(),
                "severity": _SEVERITIES[danger.kind],
                "location": {"path": path, "lines": {"begin": file.line_of(danger, own_name(danger))}},
            }
        )
    return json.dumps(report, indent=2)


def stack_file(stack: str) -> Path:
    """The path of a stack file, according to Pulumi.yaml in the working directory."""
    try:
        folder = yaml.safe_load(Path("Pulumi.yaml").read_text(encoding="utf-8")).get("stackConfigDir", "")
        return Path(str(folder), f"Pulumi.{stack.rpartition('/')[2]}.yaml")
    except (OSError, ValueError, AttributeError, yaml.YAMLError):
        return Path(f"Pulumi.{stack.rpartition('/')[2]}.yaml")


@dataclass(frozen=True)
class _StackFile:
    """The declaration in a stack file, and the line of each of its keys and entries, by path."""

    declaration: Mapping[str, Any]
    lines: Mapping[_Path, int]

    @classmethod
    def read(cls, text: str) -> "_StackFile":
        """The parsed stack file; empty for any other text, so that all dangers are on the first line."""
        try:
            loaded = yaml.safe_load(text)
            lines = dict(_places(yaml.compose(text, yaml.SafeLoader), ()))
            declaration = loaded["config"][_STACK]
        except (yaml.YAMLError, LookupError, TypeError, RecursionError):
            return cls({}, {})
        start: _Path = ("config", _STACK)
        ours = {place[2:]: line for place, line in lines.items() if place[:2] == start}
        return cls(mapping(declaration), ours)

    def line_of(self, danger: Danger, own_name: str) -> int:
        """The line that a danger comes from; the first line if unknown."""
        return next((self.lines[each] for each in self._places(danger, own_name) if each in self.lines), 1)

    def _places(self, danger: Danger, own_name: str) -> Iterator[_Path]:
        """The paths in the declaration that a danger may come from, the most likely first."""
        names = [name for _, each in danger.phrases for name in each]
        for number, variable in enumerate(tables(self.declaration.get("variables"))):
            if variable.get("key", "DOCKER_AUTH_CONFIG") in names and danger.kind is DangerKind.VARIABLE:
                for setting in ("protected", "masked", "hidden"):
                    if setting in _words(danger):
                        yield "variables", number, setting
                yield "variables", number
        known = mapping(self.declaration.get("runners"))
        for runner in [each for each in (*names, own_name, *_ends(danger.name, known)) if each in known]:
            yield from self._in_runner(danger, runner, known[runner])
            yield "runners", runner
        for registry in mapping(self.declaration.get("registries")):
            if registry in names or f"-{registry}/" in danger.name or danger.name.endswith(f"-{registry}"):
                repository = danger.name.partition(f"-{registry}/")[2]
                yield "registries", registry, "repositories", repository
                yield "registries", registry
        if "network" in self.declaration and danger.kind is DangerKind.PROTECTION:
            yield ("network",)

    def _in_runner(self, danger: Danger, runner: str, declared: Any) -> Iterator[_Path]:
        """The paths below a runner that a danger may come from."""
        at: _Path = ("runners", runner)
        if danger.kind is DangerKind.PRIVILEGE:
            docker = mapping(mapping(mapping(declared).get("config")).get("docker"))
            for gap in isolation_gaps(docker):
                if gap.phrase in danger.phrases:
                    yield (*at, "config", "docker", re.split(r"[.\[]", gap.key)[0])
        keys = {
            DangerKind.REGISTRY: ("registries",),
            DangerKind.PERMISSION: ("registries",),
            DangerKind.RUNNER: ("protected", "run_untagged", "locked", "group", "project", "instance"),
            DangerKind.QUEUE: ("group", "project", "instance", "tags"),
            DangerKind.PROTECTION: ("host", "fleet"),
        }
        if danger.kind is DangerKind.PROTECTION:
            yield (*at, "host", "egress")
            yield (*at, "fleet", "egress")
        words = _words(danger)
        for key in keys.get(danger.kind, ()):
            if danger.kind is not DangerKind.RUNNER or _SAYS.get(key, key) in words:
                yield (*at, key)


_SAYS = {"run_untagged": "without tags", "locked": "other projects"}
"""The words in the phrases of a danger that point to a key of a runner; default: the key itself."""


def _words(danger: Danger) -> str:
    return " ".join(words for words, _ in danger.phrases)


def _ends(name: str, known: Mapping[str, Any]) -> list[str]:
    """The runners whose name is a suffix of a resource's name, the longest first."""
    return sorted((each for each in known if f"-{name}".endswith(f"-{each}")), key=len, reverse=True)


def _places(node: Any, place: _Path) -> Iterator[tuple[_Path, int]]:
    """The line of each key and entry of a YAML document, counted from 1."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            at = (*place, str(key.value))
            yield at, key.start_mark.line + 1
            yield from _places(value, at)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*place, number), value.start_mark.line + 1
            if isinstance(value, yaml.ScalarNode):
                yield (*place, str(value.value)), value.start_mark.line + 1
            yield from _places(value, (*place, number))
