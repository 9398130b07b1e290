"""A runner host in the sandbox's machine: the files of the sandbox's runner, and the ways it pulls images."""

import json
import subprocess
from dataclasses import dataclass

from pulumi_gitlab_runner.auth.docker_config import credentials_as_json
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.helpers import HelperAnswer
from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.host.files import HostFile, host_files
from pulumi_gitlab_runner.spec import build_stack

from sandbox.docker.machine import ENVIRONMENT as USER
from sandbox.docker.registry import Credentials, Registry
from sandbox.docker.sandbox import DockerSandbox, Image, ecr, private, public
from tests.host.sandbox_host import PARAMETERS
from tests.spec.declaration import ENVIRONMENT, STACKS, stack_file

PASSWORD = 'canary:4711 "ü" \\ $HOME'
TEAM = ecr("123456789012", "eu-west-1", "198.51.100.2")
SHARED = ecr("210987654321", "us-east-1", "198.51.100.3")
LEGACY = Registry("registry.example.com:5000", "198.51.100.4", Credentials("my_username", PASSWORD))
PARTNER = Registry("registry.partner.example", "198.51.100.5", Credentials("partner", PASSWORD[::-1]))
PRIVATE_REGISTRIES = (TEAM, SHARED, LEGACY, PARTNER)

ECR_IMAGE = private(TEAM, "private/image:2026.11")
OTHER_ACCOUNT_IMAGE = private(SHARED, "platform/toolchain:3")
PARAMETER_IMAGE = private(LEGACY, "tools/linter:1")
SECRET_IMAGE = private(PARTNER, "partner/sdk:1")
POSTGRES, REDIS = public("postgres:latest"), public("redis:latest")
PRIVATE = {
    "ECR of this account": ECR_IMAGE,
    "ECR of another account and region": OTHER_ACCOUNT_IMAGE,
    "a password in Parameter Store": PARAMETER_IMAGE,
    "a password in Secrets Manager": SECRET_IMAGE,
}
PUBLIC = {"postgres": POSTGRES, "redis": REDIS}
IMAGES = (*PRIVATE.values(), *PUBLIC.values())

RUNNER_VERSION = "18.11"
HELPER = "/usr/local/bin/docker-credential-runner"
CONFIG = "/root/.docker/config.json"
LIST = "/etc/gitlab-runner/registries"
CACHE = "/run/gitlab-runner-credentials"
UNIT = "/etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf"
PATIENCE_S = 60  # the AWS command line is slow to start on a busy machine


@dataclass
class RunnerHost:
    """The host of the sandbox's runner `build`, which uses one registry more: the partner's.

    Attributes:
        docker: the machine it lives in.
        files: its files, by their path below the root.
        patience_s: how long the scoped helper waits for an answer.
    """

    docker: DockerSandbox
    files: dict[str, HostFile]
    patience_s: int = PATIENCE_S

    @classmethod
    def install(cls, docker: DockerSandbox) -> "RunnerHost":
        """Store the passwords, and render the host."""
        assert LEGACY.credentials
        assert PARTNER.credentials
        parameter = PARAMETERS.registry("legacy")
        aws(docker, "ssm", "put-parameter", "--type=SecureString", f"--name={parameter}",
            f"--value={_stored(LEGACY.credentials)}")  # fmt: skip
        secret: str = aws(docker, "secretsmanager", "create-secret", "--name=ci/partner",
                          f"--secret-string={_stored(PARTNER.credentials)}")["ARN"]  # fmt: skip
        return cls(docker, _rendered(secret))

    def place_files(self) -> None:
        """Put the host's files in place as they were rendered."""
        self.patience_s = PATIENCE_S
        machine = self.docker.machine
        for path, file in self.files.items():
            machine.write(f"/{path}", file.content, int(file.mode, 8))

    def forget_answers(self, *registries: Registry) -> None:
        """Let the scoped helper forget what it keeps of some registries, by default of all."""
        for registry in registries or PRIVATE_REGISTRIES:
            for kept in (".answer", ".failure"):
                self.docker.machine.path(f"{CACHE}/{registry.host}/{kept}").unlink(missing_ok=True)

    def replace_source(self, registry: Registry, source: str) -> None:
        """Let the credentials of a registry come from somewhere else."""
        list_of_registries = self.docker.machine.path(LIST)
        lines = list_of_registries.read_text().splitlines()
        replaced = [
            f"{registry.host} {source}" if line.startswith(f"{registry.host} ") else line for line in lines
        ]
        assert replaced != lines
        list_of_registries.write_text("\n".join(replaced) + "\n")

    @property
    def process(self) -> dict[str, str]:
        """The environment of the runner manager's process: what its unit gives it, and who it is to AWS."""
        unit = self.docker.machine.path(UNIT).read_text()
        given = [
            line.removeprefix("Environment=") for line in unit.splitlines() if line.startswith("Environment=")
        ]
        settings = dict(line.split("=", 1) for line in given)
        return settings | self._sandbox

    def docker_pull(self, image: Image) -> subprocess.CompletedProcess[str]:
        """Pull an image as root does at the host's prompt."""
        return self.docker.machine.run("docker", "pull", image.name, environment=USER | self._sandbox)

    def run_helper(self, program: str, action: str, server: str) -> HelperAnswer:
        """Run a credential helper as the manager's process does: only what is on its own PATH."""
        process = self.process
        found = [f"{place}/{program}" for place in process["PATH"].split(":")]
        there = next((path for path in found if self.docker.machine.path(path).exists()), None)
        if there is None:
            raise FileNotFoundError(program)
        done = self.docker.machine.run(there, action, stdin=server, environment=process)
        return HelperAnswer(done.returncode, done.stdout)

    def resolve(self, image: Image, docker_auth_config: str = "") -> Resolution:
        """Find the credentials of an image in the runner's way, with the real helpers."""
        return resolve_as_runner(
            image.name,
            runner_version=RUNNER_VERSION,
            run_helper=self.run_helper,
            docker_auth_config=docker_auth_config,
            home=[ConfigFile(CONFIG, self.docker.machine.path(CONFIG).read_text())],
        )

    def runner_pull(self, image: Image) -> None:
        """Pull an image as gitlab-runner does: its own resolution, then the Docker API."""
        found = self.resolve(image).credentials
        credentials = Credentials(found.username, found.password.get_secret_value()) if found else None
        self.docker.engine.pull(image.name, credentials)

    @property
    def _sandbox(self) -> dict[str, str]:
        return self.docker.environment | {"RUNNER_CREDENTIAL_TIMEOUT": str(self.patience_s)}

    def has(self, image: Image) -> bool:
        """Say whether exactly this image is there, under the name that jobs use."""
        return self.docker.engine.identity(image.name) == self.docker.identities[image]


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


def _stored(credentials: Credentials) -> str:
    return credentials_as_json((credentials.username, credentials.password))


def _rendered(secret: str) -> dict[str, HostFile]:
    """The files of the sandbox's runner, with the partner's registry besides."""
    (sandbox,) = (path for path in STACKS if path.name == "Pulumi.sandbox.yaml")
    declared = stack_file(sandbox)
    declared["registries"]["partner"] = {"host": PARTNER.host, "static": {"secret": secret}}
    declared["runners"]["build"]["registries"].append("partner")
    stack = build_stack(declared, ENVIRONMENT)
    manager = stack.managers["build"]
    return host_files(
        manager,
        stack.registries_of(manager),
        ENVIRONMENT,
        PARAMETERS,
        gitlab_url="https://gitlab.example.com",
        runner_ids={"build": 11},
    )
