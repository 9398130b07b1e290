"""The images that a pipeline pulls with a runner, each once, with the jobs that want it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.findings.shorthand import Shorthands, shorthand_findings
from pulumi_gitlab_runner.doctor.image_report import AskedImage
from pulumi_gitlab_runner.doctor.job_variables import DOCKER_AUTH_CONFIG, JobVariables
from pulumi_gitlab_runner.doctor.pipelines.configuration import CiConfiguration, CiConfigurations
from pulumi_gitlab_runner.doctor.pipelines.job_images import ImagesOfJob, JobImage, images_of
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Place
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost

_SHOWN = 300
"""How much of a name is shown that may be of any length."""


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
    found: list[ImagesOfJob] = []
    for configuration in (merged,) if merged else configurations.each:
        names = _wanted(configuration, job)
        found += [images_of(configuration, name, variables.values) for name in names]
    if job is not None and not found:
        jobs = ", ".join((merged or configurations.each[0]).job_names()) or "none"
        raise UsageError(f"the pipeline has no job {job!r}, only: {jobs}")
    images = [image for each in found for image in each.images]
    not_read = [] if merged else list(configurations.not_read)
    if job is None:
        not_read += (merged or configurations.each[0]).child_pipelines()
    groups = list(_grouped([*images, *_runners_own(found, host, variables)]))
    places = _places(configurations, job, variables)
    findings: dict[Finding, dict[Place, None]] = {}
    for image in images:
        found_here = [_unknown(image)] if image.unknown else shorthand_findings(image.image, shorthands)
        for finding in found_here:
            findings.setdefault(finding, {}).update(places.get(_key(image), {}))
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


def _places(
    configurations: CiConfigurations, job: str | None, variables: JobVariables
) -> dict[tuple[str, str, str], dict[Place, None]]:
    """Where in the files each image of each job is named."""
    found: dict[tuple[str, str, str], dict[Place, None]] = {}
    for configuration in configurations.each:
        for name in _wanted(configuration, job):
            for image in images_of(configuration, name, variables.values).images:
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
    """The images whose names are known, those with the same variable and pull policy together."""
    groups: dict[tuple[object, ...], list[JobImage]] = {}
    for image in images:
        if not image.unknown:
            key = (image.image, image.variables.get(DOCKER_AUTH_CONFIG), image.pull_policy)
            groups.setdefault(key, []).append(image)
    yield from groups.values()


def _asked(same: Sequence[JobImage], variables: JobVariables) -> AskedImage:
    users = tuple(dict.fromkeys(f"{image.role} of {image.job}" for image in same))
    first = same[0]
    withheld = variables.withheld - first.variables.keys()
    return AskedImage(first.image, users, JobVariables(first.variables, withheld), first.pull_policy)


def _unknown(image: JobImage) -> Finding:
    names = ", ".join(image.unknown)
    inputs = [
        name.strip("$[] ").removeprefix("inputs.") for name in image.unknown if name.startswith("$[[ inputs.")
    ]
    variables = [name for name in image.unknown if not name.startswith("$[[")]
    ways = [*(f"--variable {name}=…" for name in variables), *(f"--input {name}=…" for name in inputs)]
    return Finding(
        FindingName.VARIABLE_UNKNOWN,
        f"{image.role} of {image.job}",
        f"the name {image.image[:_SHOWN]} holds {names}, whose value is not known here",
        "the image was not examined",
        f"give it: {' '.join(ways)}" if ways else "ask GitLab for the whole of the pipeline: --gitlab URL",
    )
