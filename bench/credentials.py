"""The time that credentials add on a runner host: to a pull, to a boot, and with a hanging secret store."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import boto3
from pulumi_gitlab_runner.auth.docker_config import credentials_as_json
from pulumi_gitlab_runner.auth.registry_list import CredentialSource, registry_list
from pulumi_gitlab_runner.host.credentials.files import Files
from pulumi_gitlab_runner.host.credentials.questions import Answer, Credential, Question
from pulumi_gitlab_runner.host.credentials.service import CONFIG, STATE, Service
from pulumi_gitlab_runner.host.files import credential_service_files
from pulumi_gitlab_runner.host.scripts import script

from bench.measure import LONGEST_S, Measure
from sandbox.docker import ecr_login
from sandbox.errors import SandboxError
from sandbox.go_toolchain import GoToolchain, go_version_needed
from sandbox.paths import sandbox_directory
from sandbox.progress import Progress
from sandbox.services.aws.server import AwsServer

RUNS = 200
MANY = 100
HANGING = 8
REGION = "eu-west-1"
READER = Path(__file__).with_name("credential_reader")
_ECR_PASSWORD = "e" * 2700
"""A password of the length of ECR's."""
_KEYS = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}


def sources(count: int, helper: Path) -> dict[str, CredentialSource]:
    """Registries of mixed kinds: ECR in different accounts, and fixed passwords in both secret stores."""
    found: dict[str, CredentialSource] = {}
    for number in range(count):
        kind, host = number % 3, f"registry-{number}.example.com:5000"
        if kind == 0:
            host = f"{200000000000 + number}.dkr.ecr.{REGION}.amazonaws.com"
            found[host] = CredentialSource("helper", (str(helper),))
        elif kind == 1:
            found[host] = CredentialSource("parameter", (REGION, f"/bench/{number}"))
        else:
            arn = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:bench-{number}"
            found[host] = CredentialSource("secret", (REGION, arn))
    return found


@dataclass(frozen=True)
class Reader:
    """Reads a Docker configuration as gitlab-runner does, with the same library."""

    program: Path

    @classmethod
    def obtain(cls) -> "Reader":
        """Return the cached reader; build it if not found."""
        kept = sandbox_directory() / "credential-reader" / "reader"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            with Progress().step("credential-reader", "building it") as step:
                toolchain = GoToolchain(go_version_needed(READER), step)
                toolchain.build(READER, ".", kept, compiles=60)
        return cls(kept)

    def milliseconds(self, config: Path, registries: int) -> float:
        """The median time to read, in milliseconds; every registry must have a credential."""
        command = [str(self.program), str(config), str(RUNS)]
        printed = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=LONGEST_S
        ).stdout
        runs = [line.split() for line in printed.splitlines()]
        if any(int(found) != registries for _, found in runs):
            raise SandboxError(f"{runs[0][1]} of {registries} registries have credentials")
        return median(float(passed) for passed, _ in runs)


@dataclass(frozen=True)
class Host:
    """The credential service of a runner host, installed in a directory."""

    directory: Path

    def install(self, registries: Mapping[str, CredentialSource]) -> None:
        """Install it, with a list of registries."""
        program = self.directory / "local/sbin/gitlab-runner-credentials"
        files = {f"local/{path}": file.content for path, file in credential_service_files().items()}
        files["registries"] = registry_list(registries.items())
        files[str(program.relative_to(self.directory))] = script("gitlab-runner-credentials.sh")
        for path, content in files.items():
            (self.directory / path).parent.mkdir(parents=True, exist_ok=True)
            (self.directory / path).write_text(content)

    @property
    def config(self) -> Path:
        """The path of the Docker configuration."""
        return self.directory / "run" / CONFIG

    def known(self) -> int:
        """The number of registries with a credential."""
        try:
            state = json.loads((self.directory / "run" / STATE).read_text())
        except FileNotFoundError:
            return 0
        return sum(each["answered"] is not None for each in state["registries"].values())

    @contextmanager
    def serving(self, **environment: str) -> Iterator[None]:
        """Run the service in a context."""
        aws = shutil.which("aws")
        if aws is None:
            raise SandboxError("not installed: aws, of the development requirements")
        command = ["sh", str(self.directory / "local/sbin/gitlab-runner-credentials"), "serve"]
        options = ["--registries", self.directory / "registries", "--directory", self.directory / "run"]
        with subprocess.Popen(
            [*command, *map(str, options)],
            env={
                **_KEYS,
                "PATH": f"{Path(aws).parent}:{os.defpath}",
                "HOME": str(self.directory),
                **environment,
            },
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield
            finally:
                process.kill()

    def wait_for(self, count: int) -> float:
        """Wait until `count` registries have a credential; return the time, in seconds."""
        started = time.monotonic()
        while self.known() < count:
            if time.monotonic() - started > LONGEST_S:
                raise SandboxError(f"only {self.known()} of {count} registries have a credential")
            time.sleep(0.02)
        return time.monotonic() - started


@contextmanager
def _host() -> Iterator[Host]:
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/dev/shm") as directory:
        yield Host(Path(directory))


def _per_pull(count: int) -> Callable[[], float]:
    def answer(question: Question) -> dict[str, Answer]:
        secret = _ECR_PASSWORD if question.kind == "helper" else "a-password-of-a-person"
        return dict.fromkeys(question.names, Credential("user", secret))

    def take() -> float:
        reader = Reader.obtain()
        with _host() as host:
            host.install(sources(count, Path("/usr/bin/docker-credential-ecr-login")))
            files = Files(host.directory / "run")
            Service(host.directory / "registries", files, lambda *_: None, answer).once()
            return reader.milliseconds(host.config, count)

    return take


def _store(aws: AwsServer, registries: Mapping[str, CredentialSource]) -> dict[str, CredentialSource]:
    """Store the passwords; return the registries with the ARNs from AWS."""

    def client(service: str) -> Any:
        keys = {name.lower(): value for name, value in _KEYS.items()}
        return boto3.client(service, region_name=REGION, endpoint_url=aws.endpoint, **keys)

    ssm, secrets = client("ssm"), client("secretsmanager")
    stored = dict(registries)
    password = credentials_as_json(("user", "password"))
    for registry, source in registries.items():
        name = source.place[-1]
        if source.kind == "parameter":
            ssm.put_parameter(Name=name, Value=password, Type="SecureString")
        elif source.kind == "secret":
            made = secrets.create_secret(Name=name.rpartition(":")[2], SecretString=password)
            stored[registry] = CredentialSource("secret", (REGION, made["ARN"]))
    return stored


def _cold() -> float:
    helper = ecr_login.obtain(sandbox_directory() / "ecr-login", Progress())
    with AwsServer() as aws, _host() as host:
        host.install(_store(aws, sources(MANY, helper)))
        with host.serving(AWS_ENDPOINT_URL=aws.endpoint):
            return host.wait_for(MANY)


def _hanging_store() -> float:
    helper = ecr_login.obtain(sandbox_directory() / "ecr-login", Progress())
    good = {f"200000000000.dkr.ecr.{REGION}.amazonaws.com": CredentialSource("helper", (str(helper),))}
    behind = {
        f"registry-{number}.example.com": CredentialSource("parameter", (REGION, f"/bench/{number}"))
        for number in range(HANGING)
    }
    reader = Reader.obtain()

    def take(registries: Mapping[str, CredentialSource], store: str) -> float:
        with AwsServer() as aws, _host() as host:
            host.install(registries)
            with host.serving(AWS_ENDPOINT_URL=aws.endpoint, AWS_ENDPOINT_URL_SSM=store):
                host.wait_for(1)
                return reader.milliseconds(host.config, 1)

    with socket.create_server(("127.0.0.1", 0)) as hanging:  # it accepts connections, and never responds
        address = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        return max(0.0, take({**good, **behind}, address) - take(good, address))


def _measure(count: int) -> Measure:
    registries = "registry" if count == 1 else "registries of mixed kinds"
    return Measure(
        f"credentials_per_pull_ms_{count}",
        "ms",
        f"what reading the credentials of {count} {registries} takes before a pull, median of {RUNS}",
        _per_pull(count),
    )


CREDENTIALS_PER_PULL_1, CREDENTIALS_PER_PULL_20, CREDENTIALS_PER_PULL_100 = map(_measure, (1, 20, MANY))
CREDENTIALS_COLD_100 = Measure(
    f"credentials_cold_s_{MANY}",
    "s",
    f"from the start of the service until {MANY} registries of mixed kinds have their credentials",
    _cold,
)
CREDENTIALS_HANGING_STORE = Measure(
    "credentials_hanging_store_ms",
    "ms",
    f"what {HANGING} registries behind a store that hangs add to a pull from another",
    _hanging_store,
)
