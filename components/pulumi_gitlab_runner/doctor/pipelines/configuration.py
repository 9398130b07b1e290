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
from pulumi_gitlab_runner.doctor.pipelines.values import inner, listed, mapping
from pulumi_gitlab_runner.doctor.pipelines.variables import may_run
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import MOST_VALUES, Missing, Reference

_DEEPEST_EXTENDS = 11
_DEEPEST_REFERENCE = 10
_MOST_CHOICES = 4
"""The maximum number of uncertain rules of includes for which every combination is examined. With more, each
rule alone, all others, and all rules are examined."""

_PART = "if another file includes this one, examine that file"

NO_JOBS = frozenset(
    {
        "default", "include", "stages", "variables", "workflow",
        "image", "services", "cache", "before_script", "after_script",
    }
)  # fmt: skip
"""The global keys: GitLab 18, lib/gitlab/ci/config/entry/root.rb. `spec` is a keyword only in the header, a
separate document before the pipeline: config/yaml/documents.rb."""


@dataclass
class CiConfiguration:
    """A pipeline's configuration with its includes; `extends` and `!reference` are resolved on access.

    Attributes:
        content: the jobs and global keys, by name.
        not_read: descriptions of the includes that were not read.
        known: the jobs, hidden or not, that are examined as part of another configuration of the pipeline.
    """

    content: Mapping[str, Any]
    not_read: tuple[str, ...]
    known: frozenset[str] = frozenset()
    _extended: dict[str, tuple[Any, int]] = field(default_factory=dict)
    _missing: dict[str, dict[str, None]] = field(default_factory=dict)
    _values: dict[str, Any] = field(default_factory=dict)
    _resolved: int = 0

    def value(self, name: str) -> Any:
        """The value of a job or a global key with everything merged; None if it does not exist.

        Raises:
            UsageError: it extends or refers to a job that does not exist, or to itself. A job that may be in
                an include that was not read is no error.
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
        """The values of the global keys, by name."""
        return {name: self.value(name) for name in self.content if name in NO_JOBS}

    def job_names(self) -> list[str]:
        """The names of the jobs, including trigger jobs; without hidden jobs."""
        return [name for name in self.content if self._is_job(name)]

    def hidden_names(self) -> list[str]:
        """The names of the hidden jobs, which do not run."""
        return [name for name in self.content if name.startswith(".") and name not in self.known]

    def container_jobs(self) -> list[str]:
        """The names of the jobs that run containers, which trigger jobs do not."""
        return [name for name in self.job_names() if self.runs_containers(name)]

    def selected_jobs(self, job: str | None) -> list[str]:
        """The jobs to examine: all that run containers, or `job` alone, so that errors in others are none."""
        if job is None:
            return self.container_jobs()
        return [job] if self.runs_containers(job) else []

    def may_run(self, name: str, given: Mapping[str, str]) -> bool:
        """Whether the rules of a job may add it to a pipeline with some variables."""
        return may_run(mapping(self.value(name)), given)

    def runs_containers(self, name: str) -> bool:
        """Whether a job of this name exists and runs containers."""
        return self._is_job(name) and not self.value(name).get("trigger")

    def child_pipelines(self) -> list[str]:
        """Descriptions of the child pipelines that trigger jobs start from files."""
        found = []
        for name in self.job_names():
            for each in listed(mapping(self.value(name).get("trigger")).get("include")):
                local = each.get("local") if isinstance(each, dict) else each
                if isinstance(local, str):
                    found.append(f"{local}, the pipeline that {name} starts: examine that file separately")
                elif isinstance(each, dict):
                    found.append(f"{described_include(each)}, the pipeline that {name} starts")
        return found

    def _is_job(self, name: str) -> bool:
        is_name = name not in NO_JOBS and not name.startswith(".") and name not in self.known
        return is_name and isinstance(self.content.get(name), dict)

    def missing_of(self, name: str) -> tuple[str, ...]:
        """The jobs that a job extends, directly or indirectly, and that were not read."""
        if name in self.content:
            self._extend(name, ())
        return tuple(self._missing.get(name, ()))

    def _extend(self, name: str, below: tuple[str, ...]) -> tuple[Any, int]:
        """A job merged over those that it extends, and the number of levels of `extends`."""
        if name in self._extended:
            return self._extended[name]
        job = self.content[name]
        if not isinstance(job, dict) or job.get("extends") is None:
            return job, 0
        if name in below:
            raise UsageError(f"the jobs {', '.join(below)} extend each other in a circle")
        if len(below) >= _DEEPEST_EXTENDS:
            raise UsageError(f"{below[0]!r} extends others over more than {_DEEPEST_EXTENDS} levels")
        result: dict[str, Any] = {}
        levels = 0
        for parent in listed(job["extends"]):
            if not isinstance(parent, str) or parent not in self.content:
                if not self.not_read:
                    raise UsageError(f"the job {name!r} extends {str(parent)!r}, which is not found; {_PART}")
                self._missing.setdefault(name, {}).setdefault(str(parent))
                continue
            base, deep = self._extend(parent, (*below, name))
            levels = max(levels, deep + 1)
            self._missing.setdefault(name, {}).update(self._missing.get(parent, {}))
            result = merge(result, mapping(base))
        if levels > _DEEPEST_EXTENDS:
            raise UsageError(f"{name!r} extends others over more than {_DEEPEST_EXTENDS} levels")
        extended = merge(result, {key: value for key, value in job.items() if key != "extends"})
        self._extended[name] = extended, levels
        return extended, levels

    def _with_references(self, value: Any, depth: int) -> Any:
        """A value with its references resolved; a list that a reference adds to a list is flattened."""
        self._resolved += 1
        if self._resolved > 2 * MOST_VALUES:
            raise UsageError("the pipeline is too large with the content of its !reference tags")
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
            raise UsageError(f"!reference {named} is nested over more than {_DEEPEST_REFERENCE} levels")
        name, *keys = reference.keys or ("",)
        found: Any = self._extend(name, ())[0] if name in self.content else None
        for key in keys:
            found = mapping(found).get(key)
        if found is None and not self.not_read:
            raise UsageError(f"!reference {named} is not found; {_PART}")
        return Missing(f"!reference {named}") if found is None else self._with_references(found, depth + 1)


@dataclass(frozen=True)
class CiConfigurations:
    """The possible configurations of a pipeline, which depend on the rules of its includes.

    Attributes:
        each: the configurations; the first has all includes that may match, the others have jobs that differ
            from it.
        files: the files that were read.
        not_read: descriptions of the includes that were not read.
    """

    each: tuple[CiConfiguration, ...]
    files: tuple[Path, ...]
    not_read: tuple[str, ...]


def read_configurations(
    file: Path, variables: Mapping[str, str], inputs: Mapping[str, Any]
) -> CiConfigurations:
    """Read a pipeline's configuration.

    Args:
        file: the ``.gitlab-ci.yml``. Local includes are relative to the nearest directory above it that
            contains ``.git``, else to its own directory.
        variables: the variables that are defined outside of the file.
        inputs: the inputs of the pipeline.

    Raises:
        UsageError: a file cannot be read, is not a pipeline configuration, or includes itself.
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
    """The configuration without some includes; None if it has no other jobs, or GitLab refuses it.

    Args:
        content: the merged content without these includes.
        every: the merged content with every include.
        dependants: for each job or key, the names that extend or refer to it.
        not_read: descriptions of the includes that were not read.
    """
    left_out = every.keys() - content.keys()
    if any(dependants.get(name, set()) & content.keys() for name in left_out):
        return None  # a job extends a missing job: GitLab creates no pipeline for these rules
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
    """For each job or key, the names that extend or refer to it."""
    found: dict[str, set[str]] = {}
    for name, value in content.items():
        needed = set(map(str, listed(mapping(value).get("extends"))))
        left = [value]
        while left:
            each = left.pop()
            needed |= set(each.keys[:1]) if isinstance(each, Reference) else set()
            left += inner(each)
        for other in needed:
            found.setdefault(other, set()).add(name)
    return found


def project_of(file: Path) -> Path:
    """The project directory of a file."""
    file = file.absolute()
    return next((parent for parent in file.parents if (parent / ".git").exists()), file.parent)


def _choices(conditional: list[str]) -> list[frozenset[str]]:
    """The sets of uncertain rules that are examined as not matching, without the empty set."""
    every = frozenset(conditional)
    if len(conditional) <= _MOST_CHOICES:
        sizes = range(1, len(conditional) + 1)
        return [frozenset(each) for size in sizes for each in itertools.combinations(conditional, size)]
    alone = [frozenset({each}) for each in conditional]
    return [*alone, *(every - each for each in alone), every]
