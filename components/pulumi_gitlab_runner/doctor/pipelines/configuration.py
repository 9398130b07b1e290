"""A pipeline's configuration as GitLab merges it: includes first, then `extends`, then `!reference`.

Source: GitLab 18, lib/gitlab/ci/config.rb, config/extendable/entry.rb and config/yaml/tags/.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.pipelines.includes import PipelineFiles, described_include, merge
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import MOST_VALUES, Missing, Reference

_DEEPEST_EXTENDS = 11
_DEEPEST_REFERENCE = 10
_MOST_CHOICES = 4
"""Rules of includes that may not match, of which each combination is looked at; of more, each by itself."""

_PART = "if another file includes this one, examine that file"

NO_JOBS = frozenset(
    {
        "default", "include", "stages", "variables", "workflow",
        "image", "services", "cache", "before_script", "after_script",
    }
)  # fmt: skip
"""The global keys: GitLab 18, lib/gitlab/ci/config/entry/root.rb. `spec` is one only in a document of its own
before the pipeline: config/yaml/documents.rb."""


@dataclass
class CiConfiguration:
    """A pipeline's configuration with its includes; `extends` and `!reference` are worked in when asked for.

    Attributes:
        content: jobs and global keys, by name.
        not_read: what it includes from elsewhere, which was not read.
        known: the jobs, hidden or not, that are the same in another configuration of the pipeline, which is
            looked at.
    """

    content: Mapping[str, Any]
    not_read: tuple[str, ...]
    known: frozenset[str] = frozenset()
    _extended: dict[str, tuple[Any, int]] = field(default_factory=dict)
    _missing: dict[str, dict[str, None]] = field(default_factory=dict)
    _values: dict[str, Any] = field(default_factory=dict)
    _resolved: int = 0

    def value(self, name: str) -> Any:
        """A job or a global key with everything merged; None where it does not exist.

        Raises:
            UsageError: it extends or refers to what is not there and can be in no include, or goes in
                circles.
        """
        if name not in self._values:
            extended = self._extend(name, ())[0] if name in self.content else None
            try:
                self._values[name] = self._with_references(extended, 0)
            except RecursionError:
                raise UsageError(
                    f"{name!r} is nested too deeply with the content of its !reference tags"
                ) from None
            except UsageError as error:
                raise UsageError(f"{name!r}: {error}") from None
        return self._values[name]

    def globals(self) -> dict[str, Any]:
        """The keys that are no jobs."""
        return {name: self.value(name) for name in self.content if name in NO_JOBS}

    def job_names(self) -> list[str]:
        """The names of jobs, those that start another pipeline among them; not the hidden ones."""
        return [name for name in self.content if self._is_job(name)]

    def hidden_names(self) -> list[str]:
        """The names of the hidden jobs, which only others extend or refer to."""
        return [name for name in self.content if name.startswith(".") and name not in self.known]

    def container_jobs(self) -> list[str]:
        """The names of the jobs that run containers: one that starts another pipeline does not."""
        return [name for name in self.job_names() if self.runs_containers(name)]

    def runs_containers(self, name: str) -> bool:
        """Whether there is a job of that name, and it runs containers."""
        return self._is_job(name) and not self.value(name).get("trigger")

    def child_pipelines(self) -> list[str]:
        """The pipelines that jobs start from files, in words."""
        found = []
        for name in self.job_names():
            trigger = self.value(name).get("trigger")
            include = trigger.get("include") if isinstance(trigger, dict) else None
            for each in include if isinstance(include, list) else [include]:
                local = each.get("local") if isinstance(each, dict) else each
                if isinstance(local, str):
                    found.append(f"{local}, the pipeline that {name} starts: examine that file by itself")
                elif isinstance(each, dict):
                    found.append(f"{described_include(each)}, the pipeline that {name} starts")
        return found

    def _is_job(self, name: str) -> bool:
        is_name = name not in NO_JOBS and not name.startswith(".") and name not in self.known
        return is_name and isinstance(self.content.get(name), dict)

    def missing_of(self, name: str) -> tuple[str, ...]:
        """The jobs that a job extends, by itself or through others, and that were not read."""
        if name in self.content:
            self._extend(name, ())
        return tuple(self._missing.get(name, ()))

    def _extend(self, name: str, below: tuple[str, ...]) -> tuple[Any, int]:
        """A job merged over those that it extends, and over how many levels."""
        if name in self._extended:
            return self._extended[name]
        job = self.content[name]
        if not isinstance(job, dict) or job.get("extends") is None:
            return job, 0
        if name in below:
            raise UsageError(f"the jobs {', '.join(below)} extend each other in a circle")
        if len(below) >= _DEEPEST_EXTENDS:
            raise UsageError(f"{below[0]!r} extends others over more than {_DEEPEST_EXTENDS} levels")
        parents = job["extends"]
        result: dict[str, Any] = {}
        levels = 0
        for parent in parents if isinstance(parents, list) else [parents]:
            if not isinstance(parent, str) or parent not in self.content:
                if not self.not_read:
                    raise UsageError(f"the job {name!r} extends {str(parent)!r}, which is not there; {_PART}")
                self._missing.setdefault(name, {}).setdefault(str(parent))
                continue
            base, deep = self._extend(parent, (*below, name))
            levels = max(levels, deep + 1)
            self._missing.setdefault(name, {}).update(self._missing.get(parent, {}))
            result = merge(result, base if isinstance(base, dict) else {})
        if levels > _DEEPEST_EXTENDS:
            raise UsageError(f"{name!r} extends others over more than {_DEEPEST_EXTENDS} levels")
        extended = merge(result, {key: value for key, value in job.items() if key != "extends"})
        self._extended[name] = extended, levels
        return extended, levels

    def _with_references(self, value: Any, depth: int) -> Any:
        """A value with each reference replaced by what it refers to; a list in a list becomes part of it."""
        self._resolved += 1
        if self._resolved > 2 * MOST_VALUES:
            raise UsageError("the pipeline is too big with the content of its !reference tags")
        if isinstance(value, Reference):
            return self._referred(value, depth)
        if isinstance(value, dict):
            return {key: self._with_references(each, depth) for key, each in value.items()}
        if isinstance(value, list):
            result: list[Any] = []
            for each in value:
                resolved = self._with_references(each, depth)
                flat = isinstance(each, Reference) and isinstance(resolved, list)
                result.extend(resolved if flat else [resolved])
            return result
        return value

    def _referred(self, reference: Reference, depth: int) -> Any:
        named = list(map(str, reference.keys))
        if depth >= _DEEPEST_REFERENCE:
            raise UsageError(f"!reference {named} leads through too many others")
        name, *keys = reference.keys or ("",)
        found: Any = self._extend(name, ())[0] if name in self.content else None
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if found is None and not self.not_read:
            raise UsageError(f"!reference {named} refers to nothing; {_PART}")
        return Missing(f"!reference {named}") if found is None else self._with_references(found, depth + 1)


@dataclass(frozen=True)
class CiConfigurations:
    """A pipeline's configuration, once for each way that the rules of its includes may match.

    Attributes:
        each: the configurations; the first takes all that may be included, the others have jobs that differ
            from it.
        files: the files that were read.
        not_read: what is included from elsewhere.
    """

    each: tuple[CiConfiguration, ...]
    files: tuple[Path, ...]
    not_read: tuple[str, ...]


def read_configurations(
    file: Path, variables: Mapping[str, str], inputs: Mapping[str, Any]
) -> CiConfigurations:
    """Read a pipeline's configuration.

    Args:
        file: the ``.gitlab-ci.yml``. What it includes is below the nearest folder above it with ``.git``,
            or below its own.
        variables: those from outside of the file.
        inputs: those that the pipeline is started with.

    Raises:
        UsageError: a file cannot be read, is not such a configuration, or goes in circles.
    """
    file = file.absolute()
    files = PipelineFiles(project_of(file), variables, inputs)
    content = files.merged(file)
    not_read = tuple(files.not_read)
    dependants = _dependants(content)
    others = (
        _other(files.without(left_out).merged(file), content, dependants, not_read)
        for left_out in _choices(list(files.conditional))
    )
    each = CiConfiguration(content, not_read), *(other for other in others if other)
    return CiConfigurations(each, files.read, not_read)


def _other(
    content: Mapping[str, Any],
    every: Mapping[str, Any],
    dependants: Mapping[str, set[str]],
    not_read: tuple[str, ...],
) -> CiConfiguration | None:
    """The configuration without some includes; None where it has no other jobs, or GitLab refuses it.

    Args:
        content: what it has.
        every: what it has with every include.
        dependants: the names that extend or refer to a name.
        not_read: what it includes from elsewhere.
    """
    left_out = every.keys() - content.keys()
    if any(dependants.get(name, set()) & content.keys() for name in left_out):
        return None  # a job without what it extends: GitLab has no pipeline for these rules
    differing = {name for name in content if content[name] != every[name]}
    if differing & NO_JOBS:
        differing = set(content)
    left = list(differing)
    while left:
        found = dependants.get(left.pop(), set()) - differing
        differing |= found
        left += found
    other = CiConfiguration(content, not_read, frozenset(content.keys() - differing))
    try:
        for name in differing:
            other.value(name)
    except UsageError:
        return None
    return other if differing else None


def _dependants(content: Mapping[str, Any]) -> dict[str, set[str]]:
    """The names that extend or refer to a name, by that name."""
    found: dict[str, set[str]] = {}
    for name, value in content.items():
        parents = value.get("extends") if isinstance(value, dict) else None
        needed = {str(each) for each in (parents if isinstance(parents, list) else [parents])}
        left = [value]
        while left:
            each = left.pop()
            if isinstance(each, Reference):
                needed |= set(each.keys[:1])
            elif isinstance(each, dict | list):
                left += each.values() if isinstance(each, dict) else each
        for other in needed:
            found.setdefault(str(other), set()).add(name)
    return found


def project_of(file: Path) -> Path:
    """The directory of the project that a file is in."""
    file = file.absolute()
    return next((parent for parent in file.parents if (parent / ".git").exists()), file.parent)


def _choices(conditional: list[str]) -> list[frozenset[str]]:
    """Which of the rules that may not match do so together; none at all is not among them."""
    every = frozenset(conditional)
    if len(conditional) <= _MOST_CHOICES:
        sizes = range(1, len(conditional) + 1)
        return [frozenset(each) for size in sizes for each in itertools.combinations(conditional, size)]
    alone = [frozenset({each}) for each in conditional]
    return [*alone, *(every - each for each in alone), every]
