"""The tags of a pipeline's jobs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pulumi_gitlab_runner.doctor.pipelines.configuration import CiConfiguration
from pulumi_gitlab_runner.doctor.pipelines.expansion import expand
from pulumi_gitlab_runner.doctor.pipelines.values import listed, mapping, own_or_default
from pulumi_gitlab_runner.doctor.pipelines.variables import as_text, may_run, variables_of
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Place, WrittenText

_HOSTED = "saas-"
"""The beginning of the tags of GitLab.com's hosted runners: docs.gitlab.com/ci/runners/hosted_runners."""
_MOST_SHOWN = 3
"""The maximum number of jobs in a message."""
_LIMITS = ("rules", "only", "except")


@dataclass(frozen=True)
class JobTags:
    """The tags of a job.

    Attributes:
        job: the name of the job.
        tags: its tags, once for each list that its variables and its matrix result in; None if the value of a
            variable in them is not known, or a part of the job was not read.
        everywhere: whether the job runs for every branch, since neither it nor its pipeline has rules.
        places: the places of the tags in the files.
    """

    job: str
    tags: tuple[tuple[str, ...], ...] | None
    everywhere: bool
    places: tuple[Place, ...] = ()

    @property
    def is_hosted(self) -> bool:
        """Whether its tags are those of GitLab.com's hosted runners."""
        return any(tag.startswith(_HOSTED) for tags in self.tags or () for tag in tags)


def tags_of_jobs(
    configurations: Iterable[CiConfiguration], job: str | None, given: Mapping[str, str]
) -> list[JobTags]:
    """The tags of the jobs to examine, without jobs whose rules never add them to a pipeline.

    Args:
        configurations: the possible configurations of the pipeline.
        job: the name of the only job to examine; None for all jobs.
        given: the variables that are defined outside of the file. They take precedence.
    """
    found = (
        _tags_of(configuration, name, given)
        for configuration in configurations
        for name in configuration.selected_jobs(job)
    )
    return [tags for tags in found if tags]


def shown_jobs(jobs: Sequence[str]) -> str:
    """The first jobs by name, and the number of the others."""
    distinct = list(dict.fromkeys(jobs))
    others = len(distinct) - _MOST_SHOWN
    return ", ".join(distinct[:_MOST_SHOWN]) + (f" and {others} more" if others > 0 else "")


def _tags_of(configuration: CiConfiguration, job: str, given: Mapping[str, str]) -> JobTags | None:
    """The tags of a job; None if its rules never add it to a pipeline.

    Variables in tags are expanded by GitLab alone: lib/gitlab/ci/pipeline/seed/build.rb,
    `evaluate_runner_tags`.
    """
    settings, content = mapping(configuration.value(job)), configuration.globals()
    if not may_run(settings, given):
        return None
    written = [each for each in listed(own_or_default(content, settings, "tags")) if each is not None]
    names = list(map(as_text, written))
    everywhere = not any(key in settings for key in _LIMITS) and "rules" not in mapping(
        content.get("workflow")
    )
    places = tuple(each.place for each in written if isinstance(each, WrittenText))
    if configuration.missing_of(job):
        return JobTags(job, None, everywhere, places)
    found: dict[tuple[str, ...], None] = {}
    has_variables = any("$" in name or "%" in name for name in names)
    for variables in variables_of(content, settings, given) if has_variables else ({},):
        expanded = [expand(name, variables) for name in names]
        if any(unknown for _, unknown in expanded):
            return JobTags(job, None, everywhere, places)
        found.setdefault(tuple(text for text, _ in expanded))
    return JobTags(job, tuple(found), everywhere, places)
