"""Examining images: which credentials each is pulled with, what the registry says, and what is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pulumi_gitlab_runner.auth.resolution.docker import resolve_as_docker
from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.auth.resolution.sources import VARIABLE, JobCredentials
from pulumi_gitlab_runner.auth.resolution.trace import Credentials, Resolution
from pulumi_gitlab_runner.config.version import parse_version
from pulumi_gitlab_runner.doctor.finding import Finding
from pulumi_gitlab_runner.doctor.findings.docker_config import docker_config_findings
from pulumi_gitlab_runner.doctor.findings.ecr_tokens import ecr_token_findings
from pulumi_gitlab_runner.doctor.findings.helpers import helper_findings
from pulumi_gitlab_runner.doctor.findings.home import home_findings
from pulumi_gitlab_runner.doctor.findings.ports import port_findings
from pulumi_gitlab_runner.doctor.findings.pull_policy import pull_policy_findings
from pulumi_gitlab_runner.doctor.findings.registry_answers import registry_answer_findings
from pulumi_gitlab_runner.doctor.findings.variables import variable_findings
from pulumi_gitlab_runner.doctor.job_variables import DOCKER_AUTH_CONFIG, JobVariables
from pulumi_gitlab_runner.doctor.registry_client import RegistryAnswer, RegistryClient
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.images.reference import ImageReference, InvalidImageReference, parse


@dataclass(frozen=True)
class ImageReport:
    """All that is known about the pull of one image.

    Attributes:
        image: the image.
        users: who wants it, such as jobs and services.
        runner: how the runner finds its credentials.
        docker: how ``docker pull`` would; None where there is nobody to compare with.
        answer: what the registry says.
        not_asked: why the registry was not asked.
        findings: what is wrong, most important first.
    """

    image: str
    users: tuple[str, ...]
    runner: Resolution
    docker: Resolution | None
    answer: RegistryAnswer | None
    not_asked: str
    findings: tuple[Finding, ...]

    @property
    def difference(self) -> str:
        """How ``docker pull`` goes another way than the runner; empty where it does not."""
        if self.docker is None or same_credentials(self.runner.credentials, self.docker.credentials):
            return ""
        return f"the runner pulls with {_named(self.runner)}, docker pull with {_named(self.docker)}"


@dataclass(frozen=True)
class AskedImage:
    """An image to examine.

    Attributes:
        image: the image, variables expanded.
        users: who wants it.
        variables: those of the job that wants it.
    """

    image: str
    users: tuple[str, ...]
    variables: JobVariables


def examine(
    images: Sequence[AskedImage], host: RunnerHost, client: RegistryClient | None, now: datetime | None = None
) -> list[ImageReport]:
    """Examine images, all of them at once.

    Args:
        images: the images.
        host: the runner that pulls them.
        client: asks the registries; None leaves them alone.
        now: the time. Default: the clock's.
    """
    resolutions = [_resolve(asked, host) for asked in images]
    questions: dict[int, tuple[ImageReference, Credentials | None]] = {}
    excuses: dict[int, str] = {}
    problems: dict[int, Finding] = {}
    for index, (asked, (runner, _)) in enumerate(zip(images, resolutions, strict=True)):
        try:
            reference = parse(asked.image)
        except InvalidImageReference as error:
            problems[index] = Finding(
                "image-name",
                runner.image,
                error.found,
                "no image can be pulled by it",
                f"write {error.allowed}",
            )
            excuses[index] = "it is no image's name"
            continue
        if client is None:
            excuses[index] = "--offline"
        elif runner.failure:
            excuses[index] = "the pull fails before"
        elif runner.credentials and not host.passwords_known:
            excuses[index] = "only the host gets the password"
        else:
            questions[index] = (reference, runner.credentials)
    answers = dict(zip(questions, client.ask_all(questions.values()), strict=True)) if client else {}

    reports: list[ImageReport] = []
    for index, (asked, (runner, docker)) in enumerate(zip(images, resolutions, strict=True)):
        findings = list(_findings(asked, host, runner, answers.get(index), now or datetime.now(UTC)))
        if index in problems:
            findings.insert(0, problems[index])
        reports.append(
            ImageReport(
                runner.image,
                asked.users,
                runner,
                docker,
                answers.get(index),
                excuses.get(index, ""),
                tuple(dict.fromkeys(findings)),
            )
        )
    return reports


def _resolve(asked: AskedImage, host: RunnerHost) -> tuple[Resolution, Resolution | None]:
    values = asked.variables.values
    runner = resolve_as_runner(
        asked.image,
        runner_version=host.runner_version,
        run_helper=host.run_helper,
        docker_auth_config=values.get(DOCKER_AUTH_CONFIG, host.docker_auth_config),
        home=host.home,
        job_credentials=_job_credentials(asked.variables),
    )
    user = host.docker_user
    if user is None:
        return runner, None
    docker = resolve_as_docker(
        asked.image,
        run_helper=user.run_helper,
        docker_auth_config=user.docker_auth_config,
        config=user.config,
    )
    return runner, docker


def _job_credentials(variables: JobVariables) -> list[JobCredentials]:
    """What GitLab sends with the job for its own registry, where the job's token is given."""
    registry, token = variables.values.get("CI_REGISTRY"), variables.values.get("CI_JOB_TOKEN")
    return [JobCredentials(registry, "gitlab-ci-token", token)] if registry and token else []


def _findings(
    asked: AskedImage, host: RunnerHost, runner: Resolution, answer: RegistryAnswer | None, now: datetime
) -> Iterator[Finding]:
    version = parse_version(host.runner_version)
    variable = asked.variables.values.get(DOCKER_AUTH_CONFIG, host.docker_auth_config)
    yield from helper_findings(runner, host)
    yield from variable_findings(asked.variables, host.docker_auth_config)
    if variable:
        yield from docker_config_findings(variable, VARIABLE, version)
    opened = next((file for file in host.home if file.text is not None), None)
    if opened and opened.text:
        yield from docker_config_findings(opened.text, opened.path, version)
    yield from home_findings(host)
    yield from port_findings(runner)
    yield from ecr_token_findings(runner, now)
    yield from pull_policy_findings(runner, host.docker_settings)
    if answer:
        yield from registry_answer_findings(runner, answer)


def same_credentials(one: Credentials | None, other: Credentials | None) -> bool:
    """Whether two pulls send the same; empty credentials are none."""
    return (one or None) == (other or None)


def shown_user(credentials: Credentials) -> str:
    """The user of credentials, as far as it can be shown: a user without a password may be a token."""
    if credentials.password and credentials.username.isprintable():
        return credentials.username
    return ""


def _named(resolution: Resolution) -> str:
    """Whose credentials a pull uses, in words."""
    if resolution.failure:
        return "nothing: it fails before"
    source, credentials = resolution.source, resolution.credentials
    if source is None or not credentials:
        return "no credentials"
    user = shown_user(credentials)
    return f"those of {source.name}" + (f" (user {user})" if user else "")
