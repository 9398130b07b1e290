"""The tags of a pipeline's jobs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pulumi_gitlab_runner.doctor.pipelines.configuration import CiConfiguration
from pulumi_gitlab_runner.doctor.pipelines.expansion import expand
from pulumi_gitlab_runner.doctor.pipelines.values import listed, mapping, own_or_default
from pulumi_gitlab_runner.doctor.pipelines.variables import as_text, depend_on_rules, variables_of
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Place, WrittenText

_LIMITS = ("rules", "only", "except")

Tags = tuple[str, ...]


@dataclass(frozen=True)
class JobTags:
    """The tags of a job.

    Attributes:
        job: the name of the job.
        tags: its tags, once for each list that its variables and its matrix result in; None if the value of a
            variable in them is not known, or an include that may set them was not read.
        one_of: whether rules decide which one of several lists it has; else it runs with each of them.
        everywhere: whether the job runs for every branch, since neither it nor its pipeline has rules.
        places: the places of the tags in the files.
    """

    job: str
    tags: tuple[Tags, ...] | None
    everywhere: bool
    places: tuple[Place, ...] = ()
    one_of: bool = False


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


def _tags_of(configuration: CiConfiguration, job: str, given: Mapping[str, str]) -> JobTags | None:
    """The tags of a job; None if its rules never add it to a pipeline."""
    settings, content = mapping(configuration.value(job)), configuration.globals()
    if not configuration.may_run(job, given):
        return None
    written = written_tags(configuration, job)
    everywhere = not any(key in settings for key in _LIMITS) and "rules" not in mapping(
        content.get("workflow")
    )
    places = tuple(each.place for each in written or () if isinstance(each, WrittenText))
    has_variables = any("$" in tag or "%" in tag for tag in written or ())
    found: dict[Tags, None] = {}
    for variables in variables_of(content, settings, given) if has_variables else ({},):
        tags = expanded_tags(written, variables)
        if tags is None:
            return JobTags(job, None, everywhere, places)
        found.setdefault(tags)
    one_of = len(found) > 1 and depend_on_rules(content, settings, given)
    return JobTags(job, tuple(found), everywhere, places, one_of)


def written_tags(configuration: CiConfiguration, job: str) -> list[str] | None:
    """The tags of a job as written; None if an include that may set them was not read."""
    settings, content = mapping(configuration.value(job)), configuration.globals()
    written = [each for each in listed(own_or_default(content, settings, "tags")) if each is not None]
    # The include may set tags in a job that this one extends, or in `default`.
    inherits = own_or_default({"default": {"tags": True}}, settings, "tags") is True
    if configuration.missing_of(job) or (inherits and not written and configuration.not_read):
        return None
    return [each if isinstance(each, str) else as_text(each) for each in written]


def expanded_tags(written: Sequence[str] | None, variables: Mapping[str, str]) -> Tags | None:
    """Tags with their variables expanded; None if a value is not known.

    GitLab expands them, not the runner: lib/gitlab/ci/pipeline/seed/build.rb, `evaluate_runner_tags`.
    """
    expanded = [expand(tag, variables) for tag in written or ()]
    if written is None or any(unknown for _, unknown in expanded):
        return None
    return tuple(text for text, _ in expanded)
