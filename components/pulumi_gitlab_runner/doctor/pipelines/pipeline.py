"""The images that a pipeline pulls with a runner, each once, with the jobs that use it."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pulumi_gitlab_runner.auth.resolution.sources import VARIABLE
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName, shown_jobs
from pulumi_gitlab_runner.doctor.findings.allowed_images import RUNNERS_OWN
from pulumi_gitlab_runner.doctor.findings.image_names import Shorthands, shorthand_findings
from pulumi_gitlab_runner.doctor.findings.job_tags import stuck_job_findings
from pulumi_gitlab_runner.doctor.image_report import UsedImage
from pulumi_gitlab_runner.doctor.job_variables import DOCKER_AUTH_CONFIG, JobVariables
from pulumi_gitlab_runner.doctor.pipelines.configuration import CiConfiguration, CiConfigurations
from pulumi_gitlab_runner.doctor.pipelines.expansion import ways_to_give
from pulumi_gitlab_runner.doctor.pipelines.job_images import ImagesOfJob, JobImage, images_of
from pulumi_gitlab_runner.doctor.pipelines.job_runners import (
    described_jobs,
    jobs_of_other_runners,
    runs_elsewhere,
)
from pulumi_gitlab_runner.doctor.pipelines.job_tags import tags_of_jobs
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Place
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.doctor.runner_tags import StackRunners
from pulumi_gitlab_runner.doctor.runner_variables import RunnerVariables

_SHOWN = 300
"""The maximum number of characters of an image name in a message."""


@dataclass(frozen=True)
class Pipeline:
    """The images that a pipeline pulls.

    Attributes:
        images: the images, once for each value of `DOCKER_AUTH_CONFIG`, pull policy and platform.
        not_read: descriptions of configuration that was not read and may contain other images.
        findings: unknown names, and names that are another image than intended, with their places.
    """

    images: tuple[UsedImage, ...]
    not_read: tuple[str, ...]
    findings: Mapping[Finding, tuple[Place, ...]]


def read_pipeline(
    configurations: CiConfigurations,
    job: str | None,
    variables: JobVariables,
    host: RunnerHost,
    shorthands: Shorthands,
    merged: CiConfiguration | None = None,
    *,
    protected: bool = False,
) -> Pipeline:
    """Collect the images and services of a pipeline's jobs, including those that the runner adds.

    Args:
        configurations: the possible configurations of the pipeline.
        job: the name of the only job to examine; None for all jobs.
        variables: the variables that are defined outside of the file.
        host: the runner, with its default image and the services that it adds to every job. If its tags are
            known, jobs that only other runners run are not read, except for `job`.
        shorthands: the registries that a short name may refer to.
        merged: the configuration as merged by GitLab; None if it was not requested. With it, the files are
            used only for the places of images.
        protected: whether the branch or tag of the jobs is protected.

    Raises:
        UsageError: the pipeline has no such job, or a job is invalid.
    """
    read = (merged,) if merged else configurations.each
    tags = tags_of_jobs(read, job, variables.values) if host.stack_runners.each else []
    runners = host.stack_runners if job is None else StackRunners()
    name = host.settings.get("name")
    others = jobs_of_other_runners(tags, runners, name)
    in_files = _images_of_jobs(configurations.each, job, variables, host, others)
    found = _images_of_jobs((merged,), job, variables, host, others) if merged else in_files
    if job is not None and not found:
        jobs = ", ".join((merged or configurations.each[0]).job_names()) or "none"
        raise UsageError(f"the pipeline has no job {job!r}, only: {jobs}")
    images = [
        image
        for each in found
        for image in each.images
        if image.tags is None or not runs_elsewhere(image.tags, runners, name)
    ]
    not_read = [] if merged else list(configurations.not_read)
    if job is None:
        not_read += (merged or configurations.each[0]).child_pipelines()
        not_read += described_jobs(others)
    own = [*images, *_runners_own(found, host, variables)]
    groups, unknown = _grouped([image for image in own if not image.unknown])
    places = _places(in_files)
    findings: dict[Finding, dict[Place, None]] = {}
    for finding, users in (
        *_unknown_names([image for image in own if image.unknown]),
        *_unknown_credentials(unknown),
        *(
            (finding, [image])
            for image in images
            if not image.unknown
            for finding in shorthand_findings(image.image, shorthands)
        ),
    ):
        for user in users:
            findings.setdefault(finding, {}).update(places.get(_key(user), {}))
    for finding, jobs_of_it in stuck_job_findings(tags, host.stack_runners, protected=protected):
        findings.setdefault(finding, {}).update(
            dict.fromkeys(place for each in jobs_of_it for place in each.places)
        )
    return Pipeline(
        tuple(_used_image(group, variables, places) for group in groups),
        tuple(dict.fromkeys((*not_read, *(note for each in found for note in each.not_read)))),
        {finding: tuple(found_at) for finding, found_at in findings.items()},
    )


_Places = dict[tuple[str, str, str], dict[Place, None]]
"""The places of each image of each job in the files."""


def _key(image: JobImage) -> tuple[str, str, str]:
    return image.job, image.role, image.image


def _images_of_jobs(
    configurations: Iterable[CiConfiguration],
    job: str | None,
    variables: JobVariables,
    host: RunnerHost,
    others: Container[str],
) -> list[ImagesOfJob]:
    """The images of the selected jobs, in each configuration that has them, without `others`."""
    return [
        images_of(configuration, name, variables.values, host.environment_for)
        for configuration in configurations
        for name in configuration.selected_jobs(job)
        if name not in others and (job is not None or configuration.may_run(name, variables.values))
    ]


def _places(jobs: Iterable[ImagesOfJob]) -> _Places:
    found: _Places = {}
    for image in (image for job in jobs for image in job.images):
        if place := image.place:
            found.setdefault(_key(image), {}).setdefault(place)
    return found


def _runners_own(
    jobs: Sequence[ImagesOfJob], host: RunnerHost, variables: JobVariables
) -> Iterator[JobImage]:
    """The images that the runner's configuration adds."""
    settings = host.docker_settings
    services = settings.get("services")
    added: list[tuple[str, object]] = []
    if not all(job.has_image for job in jobs):
        added.append(("image", settings.get("image")))
    if jobs:
        added += [("service", service) for service in (services if isinstance(services, list) else ())]
        added.append(("helper", settings.get("helper_image")))
    every = RunnerVariables(host.environment_for(variables.values), variables.values)
    credentials = every.docker_auth_config()
    for role, image in added:
        name = image.get("name") if isinstance(image, dict) else image
        if isinstance(name, str) and name:
            yield JobImage(RUNNERS_OWN[role], role, *every.expand(name), variables.values, credentials)


def _grouped(
    images: Sequence[JobImage],
) -> tuple[list[list[JobImage]], dict[tuple[str, ...], list[JobImage]]]:
    """The images, grouped by name, `DOCKER_AUTH_CONFIG`, pull policy and platform.

    Those with variables without a value in their `DOCKER_AUTH_CONFIG` are grouped by these variables.
    """
    known: dict[tuple[object, ...], list[JobImage]] = {}
    unknown: dict[tuple[str, ...], list[JobImage]] = {}
    for image in images:
        config, names = image.credentials
        if names:
            unknown.setdefault(names, []).append(image)
        else:
            own = DOCKER_AUTH_CONFIG in image.variables
            key = (image.image, config, own, image.pull_policy, image.platform)
            known.setdefault(key, []).append(image)
    return list(known.values()), unknown


def _used_image(same: Sequence[JobImage], variables: JobVariables, places: _Places) -> UsedImage:
    users = tuple(dict.fromkeys(f"{image.role} of {image.job}" for image in same))
    first = same[0]
    withheld = variables.withheld - first.variables.keys()
    own = tuple(dict.fromkeys(place for each in same for place in places.get(_key(each), ())))
    variables_of_job = JobVariables(first.variables, withheld)
    return UsedImage(first.image, users, variables_of_job, first.pull_policy, first.platform, own)


_Found = tuple[Finding, Sequence[JobImage]]
"""A finding, and the images that have it."""


def _unknown_names(images: Sequence[JobImage]) -> Iterator[_Found]:
    """Variables and inputs without a value in names of images, once for each name."""
    groups: dict[tuple[str, tuple[str, ...]], list[JobImage]] = {}
    for image in images:
        groups.setdefault((image.image, image.unknown), []).append(image)
    for (name, unknown), users in groups.items():
        shown, names = _shown(name[:_SHOWN]), _shown(", ".join(unknown))
        yield (
            Finding(
                FindingName.VARIABLE_UNKNOWN,
                shown_jobs([f"{user.role} of {user.job}" for user in users]),
                f"the name {shown} contains {names}, whose value is not known here",
                "the image was not examined",
                _ways_to_give(unknown),
            ),
            users,
        )


def _unknown_credentials(images: Mapping[tuple[str, ...], Sequence[JobImage]]) -> Iterator[_Found]:
    """Variables without a value in `DOCKER_AUTH_CONFIG`, once for the same variables."""
    for unknown, users in images.items():
        yield (
            Finding(
                FindingName.VARIABLE_UNKNOWN,
                f"{VARIABLE} of {shown_jobs([user.job for user in users])}",
                f"it contains {_shown(', '.join(unknown))}, whose value is not known here",
                "its credentials are not known, so the images of these jobs were not examined",
                _ways_to_give(unknown),
            ),
            users,
        )


def _ways_to_give(unknown: Sequence[str]) -> str:
    ways = ways_to_give(unknown)
    return f"give the value: {ways}" if ways else "let GitLab merge the whole pipeline: --gitlab URL"


def _shown(text: str) -> str:
    """A text with unresolved references as written in the file."""
    return re.sub(r"\$\[\[ (!reference \[.*?\]) \]\]", r"\1", text)
