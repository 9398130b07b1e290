"""The images that a pipeline pulls with a runner, each once, with the jobs that want it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pulumi_gitlab_runner.auth.resolution.sources import VARIABLE
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.findings.shorthand import Shorthands, shorthand_findings
from pulumi_gitlab_runner.doctor.image_report import AskedImage
from pulumi_gitlab_runner.doctor.job_variables import DOCKER_AUTH_CONFIG, JobVariables, with_credentials
from pulumi_gitlab_runner.doctor.pipelines.configuration import CiConfiguration, CiConfigurations
from pulumi_gitlab_runner.doctor.pipelines.expansion import ways_to_give
from pulumi_gitlab_runner.doctor.pipelines.job_images import ImagesOfJob, JobImage, images_of
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Place
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost

_SHOWN = 300
"""How much of a name is shown that may be of any length."""
_MOST_SHOWN = 3
"""How many jobs a finding names."""


@dataclass(frozen=True)
class Pipeline:
    """The images that a pipeline pulls.

    Attributes:
        images: the images, once for each set of credentials of their jobs.
        places: where in the files each of them is named.
        not_read: what may name other images and was not read, in words.
        findings: names that are not known, or mean another registry than they seem to, with where they are.
    """

    images: tuple[AskedImage, ...]
    places: tuple[tuple[Place, ...], ...]
    not_read: tuple[str, ...]
    findings: Mapping[Finding, tuple[Place, ...]]


def read_pipeline(
    configurations: CiConfigurations,
    job: str | None,
    variables: JobVariables,
    host: RunnerHost,
    shorthands: Shorthands,
    merged: CiConfiguration | None = None,
) -> Pipeline:
    """Collect the images and services of a pipeline's jobs, the runner's own among them.

    Args:
        configurations: the pipeline's, once for each way that the rules of its includes may match.
        job: only this job; None for all.
        variables: those from outside of the file.
        host: the runner: its default image, and the services that it adds to every job.
        shorthands: the names that a stack has for registries.
        merged: the configuration as GitLab merges it, where it was asked; the files then only say where
            images are
            named.

    Raises:
        UsageError: the pipeline has no such job, or a job of it is not right.
    """
    in_files = _images_of_jobs(configurations.each, job, variables)
    found = _images_of_jobs((merged,), job, variables) if merged else in_files
    if job is not None and not found:
        jobs = ", ".join((merged or configurations.each[0]).job_names()) or "none"
        raise UsageError(f"the pipeline has no job {job!r}, only: {jobs}")
    images = [image for each in found for image in each.images]
    not_read = [] if merged else list(configurations.not_read)
    if job is None:
        not_read += (merged or configurations.each[0]).child_pipelines()
    own = [*images, *_runners_own(found, host, variables)]
    known, unknown = _with_known_credentials([image for image in own if not image.unknown])
    groups = list(_grouped(known))
    places = _places(in_files)
    findings: dict[Finding, dict[Place, None]] = {}
    for finding, users in (
        *_unknown_names([image for image in images if image.unknown]),
        *_unknown_credentials(unknown),
        *_shorthands([image for image in images if not image.unknown], shorthands),
    ):
        for user in users:
            findings.setdefault(finding, {}).update(places.get(_key(user), {}))
    return Pipeline(
        tuple(_asked(group, variables) for group in groups),
        tuple(
            tuple(dict.fromkeys(place for each in group for place in places.get(_key(each), ())))
            for group in groups
        ),
        tuple(dict.fromkeys((*not_read, *(note for each in found for note in each.not_read)))),
        {finding: tuple(found_at) for finding, found_at in findings.items()},
    )


def _key(image: JobImage) -> tuple[str, str, str]:
    return image.job, image.role, image.image


def _images_of_jobs(
    configurations: Iterable[CiConfiguration], job: str | None, variables: JobVariables
) -> list[ImagesOfJob]:
    """The images of the wanted jobs, in each configuration that has them."""
    return [
        images_of(configuration, name, variables.values)
        for configuration in configurations
        for name in _wanted(configuration, job)
    ]


def _places(jobs: Iterable[ImagesOfJob]) -> dict[tuple[str, str, str], dict[Place, None]]:
    """Where in the files each image of each job is named."""
    found: dict[tuple[str, str, str], dict[Place, None]] = {}
    for image in (image for job in jobs for image in job.images):
        if place := image.place:
            found.setdefault(_key(image), {}).setdefault(place)
    return found


def _wanted(configuration: CiConfiguration, job: str | None) -> list[str]:
    """All jobs that run containers, or the one that is wanted: another's mistakes do not matter to it."""
    if job is None:
        return configuration.container_jobs()
    return [job] if configuration.runs_containers(job) else []


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
    for role, image in added:
        name = image.get("name") if isinstance(image, dict) else image
        if isinstance(name, str) and name:
            yield JobImage(
                "jobs without one" if role == "image" else "every job", role, name, (), variables.values
            )


def _grouped(images: Sequence[JobImage]) -> Iterator[list[JobImage]]:
    """The images, those with the same name, variable and pull policy together."""
    groups: dict[tuple[object, ...], list[JobImage]] = {}
    for image in images:
        key = (image.image, image.variables.get(DOCKER_AUTH_CONFIG), image.pull_policy)
        groups.setdefault(key, []).append(image)
    yield from groups.values()


def _with_known_credentials(
    images: Sequence[JobImage],
) -> tuple[list[JobImage], dict[tuple[str, ...], list[JobImage]]]:
    """The images with the variables in their `DOCKER_AUTH_CONFIG` expanded, and those where that fails.

    The second are given by the variables without a value.
    """
    known: list[JobImage] = []
    unknown: dict[tuple[str, ...], list[JobImage]] = {}
    for image in images:
        values, names = with_credentials(image.variables)
        if names:
            unknown.setdefault(names, []).append(image)
        else:
            known.append(replace(image, variables=values))
    return known, unknown


def _asked(same: Sequence[JobImage], variables: JobVariables) -> AskedImage:
    users = tuple(dict.fromkeys(f"{image.role} of {image.job}" for image in same))
    first = same[0]
    withheld = variables.withheld - first.variables.keys()
    return AskedImage(first.image, users, JobVariables(first.variables, withheld), first.pull_policy)


_Found = tuple[Finding, Sequence[JobImage]]
"""A finding, and the images that it is about."""


def _shorthands(images: Sequence[JobImage], shorthands: Shorthands) -> Iterator[_Found]:
    for image in images:
        for finding in shorthand_findings(image.image, shorthands):
            yield finding, [image]


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
                _shown_users([f"{user.role} of {user.job}" for user in users]),
                f"the name {shown} holds {names}, whose value is not known here",
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
                f"{VARIABLE} of {_shown_users([user.job for user in users])}",
                f"the value holds {_shown(', '.join(unknown))}, whose value is not known here",
                "its credentials are not known, so the images of these jobs were not examined",
                _ways_to_give(unknown),
            ),
            users,
        )


def _ways_to_give(unknown: Sequence[str]) -> str:
    ways = ways_to_give(unknown)
    return f"give it: {ways}" if ways else "ask GitLab for the whole of the pipeline: --gitlab URL"


def _shown(text: str) -> str:
    """A text in which a reference to what was not read is shown as the file has it."""
    return re.sub(r"\$\[\[ (!reference \[.*?\]) \]\]", r"\1", text)


def _shown_users(users: Sequence[str]) -> str:
    """Jobs, the first ones by name."""
    distinct = list(dict.fromkeys(users))
    others = len(distinct) - _MOST_SHOWN
    return ", ".join(distinct[:_MOST_SHOWN]) + (f" and {others} more" if others > 0 else "")
