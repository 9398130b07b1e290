"""Examining images: the credentials of each pull, the answer of the registry, and findings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.auth.resolution.sources import VARIABLE, JobCredentials
from pulumi_gitlab_runner.auth.resolution.trace import Credentials, Resolution, Verdict
from pulumi_gitlab_runner.doctor.finding import Finding
from pulumi_gitlab_runner.doctor.findings.allowed_images import allowed_image_findings
from pulumi_gitlab_runner.doctor.findings.credentials import missing_credential_findings
from pulumi_gitlab_runner.doctor.findings.docker_config import docker_config_findings
from pulumi_gitlab_runner.doctor.findings.ecr_tokens import ecr_credentials_findings, ecr_token_findings
from pulumi_gitlab_runner.doctor.findings.helpers import helper_findings, silent_helper_findings
from pulumi_gitlab_runner.doctor.findings.host_files import home_findings
from pulumi_gitlab_runner.doctor.findings.image_names import image_name_findings
from pulumi_gitlab_runner.doctor.findings.platforms import platform_findings
from pulumi_gitlab_runner.doctor.findings.ports import port_findings
from pulumi_gitlab_runner.doctor.findings.pull_policy import pull_policy_findings
from pulumi_gitlab_runner.doctor.findings.registry_answers import registry_answer_findings
from pulumi_gitlab_runner.doctor.findings.repositories import repository_findings
from pulumi_gitlab_runner.doctor.findings.services import service_findings
from pulumi_gitlab_runner.doctor.findings.shadowed import shadowed_findings, shadowed_registry_findings
from pulumi_gitlab_runner.doctor.findings.variables import variable_findings
from pulumi_gitlab_runner.doctor.host_files import DeclaredFiles
from pulumi_gitlab_runner.doctor.job_variables import JobVariables
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.doctor.runner_variables import RunnerVariables
from pulumi_gitlab_runner.images.reference import ImageReference, InvalidImageReference, parse
from pulumi_gitlab_runner.registry.answer import RegistryAnswer

if TYPE_CHECKING:
    from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Place
    from pulumi_gitlab_runner.registry.client import RegistryClient


@dataclass(frozen=True)
class ImageReport:
    """The report on the pull of one image.

    Attributes:
        image: the name of the image.
        users: the jobs that use it, such as ``service of test``.
        runner: how the runner finds its credentials.
        docker: how ``docker pull`` finds them; None if there is no user to compare with.
        answer: the answer of the registry; None if no request was sent.
        not_asked: why no request was sent; empty if one was sent.
        hit: whether the pull itself fails or is not as intended.
        findings: the findings: first of the sources that every pull reads, then of this pull, which may be a
            consequence.
    """

    image: str
    users: tuple[str, ...]
    runner: Resolution
    docker: Resolution | None
    answer: RegistryAnswer | None
    not_asked: str
    hit: bool
    findings: tuple[Finding, ...]

    @property
    def difference(self) -> str:
        """How ``docker pull`` differs from the runner; empty if it does not."""
        # Empty credentials count as none.
        if self.docker is None or (self.runner.credentials or None) == (self.docker.credentials or None):
            return ""
        return f"the runner pulls with {_named(self.runner)}, docker pull with {_named(self.docker)}"


@dataclass(frozen=True)
class UsedImage:
    """An image to examine.

    Attributes:
        image: the name of the image, with its variables expanded.
        users: the jobs that use it, such as ``service of test``.
        variables: the variables of the job.
        pull_policy: the pull policies of the job; empty for those of the runner.
        platform: the platform that the job asks for; empty for that of the machine.
        places: the places of its name in the files of a pipeline.
    """

    image: str
    users: tuple[str, ...]
    variables: JobVariables
    pull_policy: tuple[str, ...] = ()
    platform: str = ""
    places: tuple["Place", ...] = ()


def examine(
    images: Sequence[UsedImage], host: RunnerHost, client: "RegistryClient | None"
) -> list[ImageReport]:
    """Examine images, with parallel requests to their registries; without a client, none is sent."""
    pulls = [_pull(used, host) for used in images]
    excuses = [_excuse(pull, host) if client else "--offline" for pull in pulls]
    asked = [pull for pull, excuse in zip(pulls, excuses, strict=True) if not excuse]
    questions = [(pull.reference, pull.runner.credentials) for pull in asked if pull.reference]
    answers = iter(client.ask_all(questions) if client else ())
    return [
        _report(pull, host, None if excuse else next(answers), excuse)
        for pull, excuse in zip(pulls, excuses, strict=True)
    ]


@dataclass(frozen=True)
class _Pull:
    """An image before the request to its registry; the reference is None if its name is invalid."""

    used: UsedImage
    reference: ImageReference | None
    variables: RunnerVariables
    docker_auth_config: str
    runner: Resolution
    docker: Resolution | None


def _pull(used: UsedImage, host: RunnerHost) -> _Pull:
    try:
        reference = parse(used.image)
    except InvalidImageReference:
        reference = None
    variables = RunnerVariables(host.environment_for(used.variables.values), used.variables.values)
    docker_auth_config, _ = variables.docker_auth_config()
    runner = resolve_as_runner(
        used.image,
        runner_version=host.runner_version,
        run_helper=host.run_helper,
        docker_auth_config=docker_auth_config,
        home=host.home,
        job_credentials=_job_credentials(used.variables),
    )
    docker = host.docker_user.resolve(used.image) if host.docker_user else None
    return _Pull(used, reference, variables, docker_auth_config, runner, docker)


def _excuse(pull: _Pull, host: RunnerHost) -> str:
    """Why no request is sent to a registry; empty if one is sent."""
    if pull.reference is None:
        return "it is not a valid image name"
    if pull.runner.failure:
        return "the pull fails before the request"
    if pull.runner.credentials and not host.passwords_known:
        return "the password is known only on the host"
    return ""


def _report(pull: _Pull, host: RunnerHost, answer: RegistryAnswer | None, excuse: str) -> ImageReport:
    own = list(_image_findings(pull, host, answer))
    lost = any(entry.verdict is Verdict.LOST for _, entry in pull.runner.entries)
    hit = bool(own) or bool(pull.runner.failure) or lost
    runs = (
        *service_findings(pull.used.image, pull.used.users, host),
        *platform_findings(pull.used.image, pull.used.platform, host),
    )
    findings = dict.fromkeys((*_source_findings(pull, host), *own, *runs))
    return ImageReport(
        pull.runner.image, pull.used.users, pull.runner, pull.docker, answer, excuse, hit, tuple(findings)
    )


def _job_credentials(variables: JobVariables) -> list[JobCredentials]:
    """The credentials that GitLab sends with a job, for its container registry and its dependency proxy.

    Source: gitlab, lib/gitlab/ci/build/credentials/registry/*.rb: both have the job token as password. The
    address of the dependency proxy always has a port.
    """
    values = variables.values
    token = values.get("CI_JOB_TOKEN")
    if not token:
        return []
    host, port = values.get("CI_SERVER_HOST"), values.get("CI_SERVER_PORT")
    proxy = values.get("CI_DEPENDENCY_PROXY_SERVER") or (f"{host}:{port}" if host and port else "")
    addresses = (values.get("CI_REGISTRY"), proxy)
    return [JobCredentials(address, "gitlab-ci-token", token) for address in addresses if address]


def _image_findings(pull: _Pull, host: RunnerHost, answer: RegistryAnswer | None) -> Iterator[Finding]:
    """Problems of the pull of this image."""
    runner = pull.runner
    used = pull.used
    yield from image_name_findings(used.image)
    yield from allowed_image_findings(
        used.image, used.users, host, lambda name: pull.variables.expand(name)[0]
    )
    yield from port_findings(runner)
    yield from silent_helper_findings(runner, host)
    yield from missing_credential_findings(runner, host.kept, host.version)
    yield from list(shadowed_findings(runner, answer)) or shadowed_registry_findings(runner)
    if not _is_renewed(runner, host):
        yield from ecr_token_findings(runner, datetime.now(UTC), hosted=host.is_hosted)
    yield from ecr_credentials_findings(runner, hosted=host.is_hosted)
    yield from repository_findings(runner, pull.reference, host)
    if not host.is_hosted:
        yield from pull_policy_findings(runner, host.docker_settings, pull.used.pull_policy)
    if answer:
        yield from registry_answer_findings(runner, answer, hosted=host.is_hosted)


def _is_renewed(runner: Resolution, host: RunnerHost) -> bool:
    """Whether the credentials are from the host's credential service, which renews them."""
    service = host.kept or isinstance(host.files, DeclaredFiles)  # a declared host always has the service
    return bool(service and runner.source and runner.source.name == host.home[0].path)


def _source_findings(pull: _Pull, host: RunnerHost) -> Iterator[Finding]:
    """Problems of the sources that every pull of the job reads."""
    yield from helper_findings(pull.runner, host)
    yield from variable_findings(pull.used.variables, pull.variables.environment)
    if pull.docker_auth_config:
        yield from docker_config_findings(pull.docker_auth_config, VARIABLE, host.version)
    opened = next((file for file in host.home if file.text is not None), None)
    if opened and opened.text:
        yield from docker_config_findings(opened.text, opened.path, host.version)
    yield from home_findings(host)


def shown_user(credentials: Credentials) -> str:
    """The user of credentials; empty if it must not be shown: a user without a password may be a token."""
    if credentials.password and credentials.username.isprintable():
        return credentials.username
    return ""


def _named(resolution: Resolution) -> str:
    """A description of the credentials that a pull uses."""
    if resolution.failure:
        return "no credentials: it fails before"
    source, credentials = resolution.source, resolution.credentials
    if source is None or not credentials:
        return "no credentials"
    user = shown_user(credentials)
    return f"those of {source.name}" + (f" (user {user})" if user else "")
