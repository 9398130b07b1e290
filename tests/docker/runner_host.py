"""A runner host in the sandbox's machine: the files of the sandbox's runner, and the ways it pulls images."""

import json
import shlex
import subprocess
from dataclasses import asdict, dataclass

from pulumi_gitlab_runner.auth.docker_config import credentials_as_json
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.helpers import HelperAnswer
from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.auth.resolution.sources import JobCredentials
from pulumi_gitlab_runner.auth.resolution.trace import Credentials as Found
from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY
from pulumi_gitlab_runner.host.files import NO_PROGRAMS, HostFile

from sandbox.docker.machine import ENVIRONMENT as USER
from sandbox.docker.registry import IDENTITY_TOKEN_USER, Credentials, Registry
from sandbox.docker.sandbox import ECR_PUBLIC, DockerSandbox, Image, ecr, private, public
from tests.docker.host_unit import UNIT, unit_environment
from tests.docker.images import identity, pull
from tests.docker.token_registry import TokenRegistry
from tests.host.sandbox_host import PARAMETERS, files_of_build
from tests.spec.declaration import STACKS, stack_file

PASSWORD = 'canary:4711 "ü" \\ $HOME'
TEAM = ecr("123456789012", "eu-west-1", "198.51.100.2")
SHARED = ecr("210987654321", "us-east-1", "198.51.100.3")
LEGACY = Registry("registry.example.com:5000", "198.51.100.4", Credentials("my_username", PASSWORD))
PARTNER = Registry("registry.partner.example", "198.51.100.5", Credentials("partner", PASSWORD[::-1]))
GOOGLE_USER = Credentials("_dcgcr_2_1_0_token", f"ya29.{PASSWORD}")
GOOGLE = Registry("europe-docker.pkg.dev", "198.51.100.7", GOOGLE_USER)
AZURE_TOKEN = Credentials(IDENTITY_TOKEN_USER, f"eyJ.{PASSWORD}")
AZURE = TokenRegistry("team.azurecr.io", "198.51.100.8", users=(("tools", AZURE_TOKEN),))
DEPLOY_TOKEN = Credentials("gitlab+deploy-token-1", f"gldt-{PASSWORD}")
MOBILE = Credentials("mobile", f"gltok-{PASSWORD}")
JOB = Credentials("gitlab-ci-token", f"glcbt-{PASSWORD}")
GITLAB = TokenRegistry(
    "registry.gitlab.example.com",
    "198.51.100.9",
    users=(("platform", DEPLOY_TOKEN), ("mobile", MOBILE), ("group/project", JOB)),
)

ECR_IMAGE = private(TEAM, "private/image:2026.11")
OTHER_ACCOUNT_IMAGE = private(SHARED, "platform/toolchain:3")
PARAMETER_IMAGE = private(LEGACY, "tools/linter:1")
SECRET_IMAGE = private(PARTNER, "partner/sdk:1")
JOB_IMAGE = private(GITLAB, "group/project/image:1")
POSTGRES, REDIS = public("postgres:latest"), public("redis:latest")
BY_HOST = {
    "ECR of this account": ECR_IMAGE,
    "ECR of another account and region": OTHER_ACCOUNT_IMAGE,
    "a pull-through cache": private(TEAM, "hub/library/redis:7"),
    "Amazon's public gallery": private(ECR_PUBLIC, "docker/library/busybox:1"),
    "a password in Parameter Store": PARAMETER_IMAGE,
    "a password in Secrets Manager": SECRET_IMAGE,
    "another helper": private(GOOGLE, "project/tools/image:1"),
    "another helper, with an identity token": private(AZURE, "tools/image:1"),
}
BY_PATH = {
    "a deploy token for a path": private(GITLAB, "platform/tools/image:1"),
    "another user for another path": private(GITLAB, "mobile/image:1"),
}
"""Docker's own command line has no credentials for paths: it cannot pull these from a registry with users."""
PRIVATE = BY_HOST | BY_PATH | {"the job's own credentials": JOB_IMAGE}
PUBLIC = {"postgres": POSTGRES, "redis": REDIS}
IMAGES = (*PRIVATE.values(), *PUBLIC.values())
GOOGLES_HELPER = "/usr/bin/docker-credential-gcr"
AZURES_HELPER = "/usr/bin/docker-credential-acr-env"
MOBILE_PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/ci/mobile"

UPSTREAM_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"

REFUSED = "no basic auth credentials|unauthorized|authentication required"
"""The engine's message when a registry refuses the credentials, or there are none."""

RUNNER_VERSION = "18.11"
SERVICE = "/usr/local/sbin/gitlab-runner-credentials"
HELPER = f"{NO_PROGRAMS}/docker-credential-any"
"""A helper that was added to the PATH of the runner's process."""
CONFIG = "/root/.docker/config.json"
LIST = "/etc/gitlab-runner/registries"


@dataclass
class RunnerHost:
    """The host of the sandbox's runner `build`, which also uses a registry of every other kind.

    Attributes:
        docker: the machine that it runs in.
        files: its files, by their path below the root.
    """

    docker: DockerSandbox
    files: dict[str, HostFile]

    @classmethod
    def install(cls, docker: DockerSandbox) -> "RunnerHost":
        """Store the passwords, install what a machine image contains, and render the host."""
        _put_parameter(docker, PARAMETERS.registry("legacy"), LEGACY.credentials)
        _put_parameter(docker, PARAMETERS.registry("platform"), DEPLOY_TOKEN)
        _put_parameter(docker, "/ci/mobile", MOBILE)
        secret: str = aws(docker, "secretsmanager", "create-secret", "--name=ci/partner",
                          f"--secret-string={_stored(PARTNER.credentials)}")["ARN"]  # fmt: skip
        docker.machine.write(GOOGLES_HELPER, _helper(GOOGLE.host, GOOGLE_USER), 0o755)
        docker.machine.write(AZURES_HELPER, _helper(AZURE.host, AZURE_TOKEN), 0o755)
        return cls(docker, _rendered(secret))

    def place_files(self) -> None:
        """Put the host's files in place as they were rendered."""
        self.docker.machine.place(self.files)

    def fetch_credentials(self, *, reset: bool = False) -> str:
        """Have the host's service fetch the credentials that are due; return its output.

        Args:
            reset: whether its state is deleted first.
        """
        if reset:
            self.docker.machine.run("rm", "-rf", DIRECTORY, check=True)
        done = self.docker.machine.run(SERVICE, "once", environment=USER | self.docker.environment)
        return done.stderr

    def replace_source(self, registry: Registry, source: str) -> None:
        """Set another source for the credentials of a registry, and fetch all credentials again."""
        list_of_registries = self.docker.machine.path(LIST)
        lines = list_of_registries.read_text().splitlines()
        replaced = [
            f"{registry.host} {source}" if line.startswith(f"{registry.host} ") else line for line in lines
        ]
        assert replaced != lines
        list_of_registries.write_text("\n".join(replaced) + "\n")
        self.fetch_credentials(reset=True)

    @property
    def process(self) -> dict[str, str]:
        """The environment of the runner manager's process: that of its unit, and its AWS identity."""
        unit = self.docker.machine.path(f"/{UNIT}").read_text()
        return unit_environment(unit) | self.docker.environment

    def docker_pull(self, image: Image) -> subprocess.CompletedProcess[str]:
        """Pull an image as root does at the host's prompt."""
        return self.docker.machine.run(
            "docker", "pull", image.name, environment=USER | self.docker.environment
        )

    def run_helper(self, program: str, action: str, server: str) -> HelperAnswer:
        """Run a credential helper as the manager's process does: only what is on its own PATH."""
        process = self.process
        found = [f"{place}/{program}" for place in process["PATH"].split(":")]
        existing = next((path for path in found if self.docker.machine.path(path).exists()), None)
        if existing is None:
            raise FileNotFoundError(program)
        done = self.docker.machine.run(existing, action, stdin=server, environment=process)
        return HelperAnswer(done.returncode, done.stdout)

    def resolve(self, image: Image, docker_auth_config: str = "") -> Resolution:
        """Find the credentials for the image of a job as the runner does, with the real helpers."""
        return resolve_as_runner(
            image.name,
            runner_version=RUNNER_VERSION,
            run_helper=self.run_helper,
            docker_auth_config=docker_auth_config,
            home=[ConfigFile(CONFIG, self.docker.machine.path(CONFIG).read_text())],
            job_credentials=[JobCredentials(GITLAB.host, JOB.username, JOB.password)],
        )

    def runner_pull(self, image: Image) -> None:
        """Pull an image as gitlab-runner does: its own resolution, then the Docker API."""
        found = self.resolve(image).credentials
        pull(self.docker.engine, image.name, _known(found) if found else None)

    def has(self, image: Image) -> bool:
        """Return whether exactly this image exists, under the name that jobs use."""
        return identity(self.docker.engine, image.name) == self.docker.identities[image]


def aws(docker: DockerSandbox, *arguments: str) -> dict[str, str]:
    """Call AWS as an administrator does."""
    done = docker.machine.run(
        "aws",
        "--region=eu-west-1",
        "--output=json",
        *arguments,
        environment=USER | docker.environment,
        check=True,
    )
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def _put_parameter(docker: DockerSandbox, name: str, credentials: Credentials | None) -> None:
    aws(docker, "ssm", "put-parameter", "--type=SecureString", f"--name={name}",
        f"--value={_stored(credentials)}")  # fmt: skip


def _stored(credentials: Credentials | None) -> str:
    assert credentials
    return credentials_as_json((credentials.username, credentials.password))


def _helper(host: str, credentials: Credentials) -> str:
    """A stand-in for another cloud's helper: it answers for one host."""
    answer = json.dumps({"ServerURL": host, "Username": credentials.username, "Secret": credentials.password})
    return (
        "#!/bin/sh\n"
        f'[ "$1 $(cat)" = "get {host}" ] || {{ echo credentials not found in native keychain; exit 1; }}\n'
        f"printf '%s\\n' {shlex.quote(answer)}\n"
    )


def _known(found: Found) -> Credentials:
    if found.identity_token:
        return Credentials(IDENTITY_TOKEN_USER, found.identity_token.get_secret_value())
    return Credentials(found.username, found.password.get_secret_value())


def _rendered(secret: str) -> dict[str, HostFile]:
    """The files of the sandbox's runner, with a registry of every other kind as well.

    Args:
        secret: the ARN of the partner's user and password.
    """
    (sandbox,) = (path for path in STACKS if path.name == "Pulumi.sandbox.yaml")
    declared = stack_file(sandbox)
    further = {
        "partner": {"host": PARTNER.host, "static": {"secret": secret}},
        "hub": {"pull_through": "docker-hub", "upstream_secret": UPSTREAM_SECRET},
        "gallery": {"ecr_public": {}},
        "google": {"host": GOOGLE.host, "helper": GOOGLES_HELPER},
        "azure": {"host": AZURE.host, "helper": AZURES_HELPER},
        "gitlab": {"host": GITLAB.host, "gitlab": {}},
        "platform": {"host": f"{GITLAB.host}/platform", "gitlab": {"deploy_token": asdict(DEPLOY_TOKEN)}},
        "mobile": {"host": f"{GITLAB.host}/mobile", "static": {"parameter": MOBILE_PARAMETER}},
    }
    declared["registries"] |= further
    declared["runners"]["build"]["registries"] += further
    return files_of_build(declared, runner_ids={"build": 11})
