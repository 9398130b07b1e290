"""The variables of a job in GitLab Runner: those of its `environment`, and those that GitLab sends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pulumi_gitlab_runner.doctor.job_variables import DOCKER_AUTH_CONFIG
from pulumi_gitlab_runner.doctor.pipelines.expansion import (
    LONGEST_NAME,
    Expanded,
    FileText,
    RawText,
    expand,
    expand_once,
)

_LONGEST_CONFIG = 1024 * 1024
"""The maximum length of a Docker configuration in which variables are expanded."""
_DIRECTORY_OF_FILES = "/builds/PROJECT.tmp"
"""The directory of the files of variables of the type file, a path that depends on the job."""


@dataclass(frozen=True)
class RunnerVariables:
    """The variables of a job in the runner.

    Source: GitLab Runner 19.3, common/build.go, `GetAllVariables`: all variables are expanded once, each with
    the unexpanded values of the others; except those with ``expand: false``. A reference to a variable of the
    type file is the path of its file: common/spec/variables.go, `Get`. GitLab has already expanded the other
    variables of the job in each other: app/presenters/ci/build_runner_presenter.rb, `runner_variables`.

    Attributes:
        environment: the variables of ``environment`` under ``[[runners]]``.
        job: the variables of the job, which replace them.
    """

    environment: Mapping[str, str] = field(repr=False)
    job: Mapping[str, str] = field(repr=False)
    _sent: dict[tuple[str, int], Expanded] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _values: dict[tuple[str, int], Expanded] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def expand(self, text: str) -> Expanded:
        """Expand the variables in a string of ``config.toml``, or in the name of a job's service."""
        return expand_once(text, lambda name: self._path(name) or self._value(name, LONGEST_NAME))

    def expand_image(self, text: str) -> Expanded:
        """Expand the variables in the name of a job's image, which the runner does twice.

        Source: GitLab Runner 19.3, common/build.go, `expandContainerOptions`, and executors/docker/docker.go,
        `expandImageName`.
        """
        once, unknown = self.expand(text)
        twice, more = self.expand(once)
        return twice, tuple(dict.fromkeys((*unknown, *more)))

    def docker_auth_config(self) -> Expanded:
        """The value of `DOCKER_AUTH_CONFIG`; empty if it is not set.

        Source: GitLab Runner 19.3, common/build_settings.go.
        """
        return self._value(DOCKER_AUTH_CONFIG, _LONGEST_CONFIG) or ("", ())

    def _value(self, name: str, longest: int) -> Expanded | None:
        """The value of a variable after the runner has expanded all of them; None if it is not set."""
        if (name, longest) not in self._values:
            sent = self._unexpanded(name, longest)
            if sent is None:
                return None
            text, unknown = sent
            if not isinstance(self.job.get(name), RawText):
                text, more = expand_once(
                    text, lambda other: self._path(other) or self._unexpanded(other, longest), longest, name
                )
                unknown = tuple(dict.fromkeys((*unknown, *more)))
            self._values[name, longest] = text, unknown
        return self._values[name, longest]

    def _path(self, name: str) -> Expanded | None:
        """The path of the file of a variable of the type file; None for others."""
        return (f"{_DIRECTORY_OF_FILES}/{name}", ()) if isinstance(self.job.get(name), FileText) else None

    def _unexpanded(self, name: str, longest: int) -> Expanded | None:
        """The value of a variable before the runner expands it; None if it is not set."""
        if name not in self.job:
            return (self.environment[name], ()) if name in self.environment else None
        if isinstance(self.job[name], RawText):
            return self.job[name], ()
        if (name, longest) not in self._sent:
            text, unknown = expand(self.job[name], self._expanded_by_gitlab, longest, (name,))
            unknown = tuple(each for each in unknown if not self._is_left_to_runner(each))
            self._sent[name, longest] = text, unknown
        return self._sent[name, longest]

    @cached_property
    def _expanded_by_gitlab(self) -> Mapping[str, str]:
        """The variables of the job, references to which GitLab expands."""
        return {key: value for key, value in self.job.items() if not isinstance(value, RawText | FileText)}

    def _is_left_to_runner(self, name: str) -> bool:
        if name in self.job:
            return isinstance(self.job[name], RawText | FileText)
        return name in self.environment
