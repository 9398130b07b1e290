"""The images that a pipeline pulls with a runner, each once, with the jobs that want it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pulumi_gitlab_runner.doctor.ci_yaml import read_ci_configuration
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.image_report import AskedImage
from pulumi_gitlab_runner.doctor.job_images import JobImage, images_of, jobs_of
from pulumi_gitlab_runner.doctor.job_variables import DOCKER_AUTH_CONFIG, JobVariables
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost


@dataclass(frozen=True)
class Pipeline:
    """What a pipeline pulls.

    Attributes:
        images: the images, each once for the credentials that its jobs bring along.
        not_followed: what the file includes from elsewhere, which was not read.
        findings: images whose names are not known.
    """

    images: tuple[AskedImage, ...]
    not_followed: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_pipeline(file: Path, job: str | None, variables: JobVariables, host: RunnerHost) -> Pipeline:
    """Collect the images and services of a pipeline's jobs, the runner's own among them.

    Args:
        file: the ``.gitlab-ci.yml``.
        job: one job alone; None for all.
        variables: those from outside of the file.
        host: the runner: its default image, and the services that it adds to every job.

    Raises:
        UsageError: the file cannot be read, or has no such job.
    """
    configuration = read_ci_configuration(file)
    jobs = jobs_of(configuration.content)
    if job is not None and job not in jobs:
        raise UsageError(f"{file} has no job {job!r}, only: {', '.join(jobs) or 'none'}")
    wanted = [job] if job is not None else list(jobs)
    found = [image for name in wanted for image in images_of(configuration.content, name, variables.values)]
    known = [image for image in found if not image.unknown]
    findings = [_unknown(image) for image in found if image.unknown]
    with_image = {image.job for image in found if image.role == "image"}
    if any(name not in with_image for name in wanted):
        known += _runners_own("image", [host.docker_settings.get("image")], variables)
    if wanted:
        known += _runners_own("service", host.docker_settings.get("services"), variables)
        known += _runners_own("helper", [host.docker_settings.get("helper_image")], variables)
    return Pipeline(tuple(_asked(known, variables)), configuration.not_followed, tuple(findings))


def _runners_own(role: str, images: object, variables: JobVariables) -> Iterator[JobImage]:
    """What the runner's configuration adds."""
    jobs = "jobs without one" if role == "image" else "every job"
    for image in images if isinstance(images, list) else ():
        name = image.get("name") if isinstance(image, dict) else image
        if isinstance(name, str) and name:
            yield JobImage(jobs, role, name, (), variables.values)


def _asked(images: Sequence[JobImage], variables: JobVariables) -> Iterator[AskedImage]:
    """The images, each once for the same variable and pull policy."""
    groups: dict[tuple[object, ...], list[JobImage]] = {}
    for image in images:
        key = (image.image, image.variables.get(DOCKER_AUTH_CONFIG), image.pull_policy)
        groups.setdefault(key, []).append(image)
    for same in groups.values():
        users = tuple(dict.fromkeys(f"{image.role} of {image.job}" for image in same))
        first = same[0]
        withheld = variables.withheld - first.variables.keys()
        yield AskedImage(first.image, users, JobVariables(first.variables, withheld), first.pull_policy)


def _unknown(image: JobImage) -> Finding:
    names = ", ".join(image.unknown)
    return Finding(
        FindingName.VARIABLE_UNKNOWN,
        f"{image.role} of {image.job}",
        f"the name {image.image} holds {names}, whose value is not known here",
        "the image was not examined",
        "give it: " + " ".join(f"--variable {name}=…" for name in image.unknown),
    )
