"""The images and services of a pipeline's jobs, with the variables in their names expanded."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_gitlab_runner.doctor.pipelines.configuration import CiConfiguration
from pulumi_gitlab_runner.doctor.pipelines.job_tags import Tags, expanded_tags, written_tags
from pulumi_gitlab_runner.doctor.pipelines.values import listed, mapping, own_or_default
from pulumi_gitlab_runner.doctor.pipelines.variables import as_text, variables_of
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Missing, Place, WrittenText
from pulumi_gitlab_runner.doctor.runner_variables import RunnerVariables


@dataclass(frozen=True)
class JobImage:
    """An image or service of a job.

    Attributes:
        job: the name of the job.
        role: ``image`` or ``service``; ``helper`` for the helper image of the runner.
        image: the name of the image, with its variables expanded.
        unknown: the variables in the name that have no value.
        variables: all variables of the job.
        credentials: the value of `DOCKER_AUTH_CONFIG`, and the variables in it that have no value.
        pull_policy: the pull policies of the job; empty for those of the runner.
        platform: the platform of the image; empty for none, or if the value of a variable in it is not known.
        tags: the tags of the job; None if they are not known.
        written: the name as written in the file, if possible a `WrittenText`.
    """

    job: str
    role: str
    image: str
    unknown: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)
    credentials: tuple[str, tuple[str, ...]] = field(repr=False)
    pull_policy: tuple[str, ...] = ()
    platform: str = ""
    tags: Tags | None = None
    written: str = ""

    @property
    def place(self) -> Place | None:
        """The place of the name in a file; None if no local file contains it."""
        return self.written.place if isinstance(self.written, WrittenText) else None


@dataclass(frozen=True)
class ImagesOfJob:
    """The images that a job pulls.

    Attributes:
        images: its image and services, with every name and every `DOCKER_AUTH_CONFIG` that its matrix and its
            rules result in.
        not_read: descriptions of configuration that was not read and may contain other images.
        has_image: whether the job has an image, or may have one; else the runner's default is used.
    """

    images: tuple[JobImage, ...]
    not_read: tuple[str, ...]
    has_image: bool


def images_of(
    configuration: CiConfiguration,
    job: str,
    given: Mapping[str, str],
    environment_for: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda _: {},
) -> ImagesOfJob:
    """The images of a job, hidden or not.

    Args:
        configuration: the pipeline's configuration.
        job: the name of the job.
        given: the variables that are defined outside of the file, such as those of the project. They take
            precedence.
        environment_for: returns the variables of the runner's `environment` for the variables of a job.

    Raises:
        UsageError: the job extends or refers to a job that does not exist.
    """
    settings, content = mapping(configuration.value(job)), configuration.globals()
    missing = configuration.missing_of(job)
    not_read = [f"{name}, which {job} extends: it may be in an include that was not read" for name in missing]
    found: dict[tuple[object, ...], JobImage] = {}
    containers = list(_containers(content, settings))
    not_read += [
        f"{each.role} of {job}: {each.name.name}" for each in containers if isinstance(each.name, Missing)
    ]
    written_in_job = written_tags(configuration, job)
    for variables in variables_of(content, settings, given):
        tags = expanded_tags(written_in_job, variables)
        every = RunnerVariables(environment_for(variables), variables)
        credentials = every.docker_auth_config()
        for number, each in enumerate(containers):
            name, is_image = each.name, each.role == "image"
            if isinstance(name, str) and name:
                image, unknown = every.expand_image(name) if is_image else every.expand(name)
                platform, no_platform = every.expand(each.platform)
                platform = "" if no_platform else platform
                job_image = JobImage(
                    *(job, each.role, image, unknown, variables, credentials),
                    pull_policy=each.pull_policy,
                    platform=platform,
                    tags=tags,
                    written=name,
                )
                found.setdefault((each.role, image, number, credentials, platform, tags), job_image)
    has_image = any(each.role == "image" for each in containers) or bool(missing)
    return ImagesOfJob(tuple(found.values()), tuple(not_read), has_image)


@dataclass(frozen=True)
class _Container:
    """The image or a service of a job, as written."""

    role: str
    name: str | Missing
    pull_policy: tuple[str, ...]
    platform: str


def _containers(content: Mapping[str, Any], job: Mapping[str, Any]) -> Iterator[_Container]:
    """The image and services of a job, including inherited ones."""
    services = listed(own_or_default(content, job, "services"))
    image = own_or_default(content, job, "image")
    for role, value in (("image", image), *(("service", each) for each in services)):
        name = value.get("name") if isinstance(value, dict) else value
        if isinstance(name, Missing) or (isinstance(name, str) and name):
            settings = mapping(value)
            policies = tuple(map(as_text, listed(settings.get("pull_policy"))))
            platform = as_text(mapping(settings.get("docker")).get("platform"))
            yield _Container(role, name, policies, platform)
