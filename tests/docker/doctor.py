"""`runner-doctor` on the sandbox's runner host."""

import base64
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.docker.engine import authorization
from sandbox.docker.machine import ENVIRONMENT as USER
from sandbox.docker.registry import Credentials
from sandbox.docker.sandbox import Image
from sandbox.paths import CHECKOUT
from tests.docker.runner_host import PRIVATE, RunnerHost

DROP_IN = "/etc/systemd/system/gitlab-runner.service.d/20-sandbox.conf"
"""Sets the AWS identity of the runner's process, in place of an instance profile."""


def drop_in(settings: Mapping[str, str]) -> str:
    """A drop-in of the unit that sets variables of the runner's process."""
    return "".join(["[Service]\n", *(f"Environment={name}={value}\n" for name, value in settings.items())])


@dataclass
class Doctor:
    """`runner-doctor`, run by root on the host."""

    host: RunnerHost

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit status and its output, which must not have a password."""
        done = self.host.docker.machine.run(
            sys.executable, "-P", "-m", "pulumi_gitlab_runner.doctor.command_line", *arguments,
            environment=USER | self.host.docker.environment | {"PYTHONPATH": f"{CHECKOUT}/components"},
        )  # fmt: skip
        printed = done.stdout + done.stderr
        assert [secret for secret in _secrets() if secret in printed] == []
        assert "Traceback" not in printed
        return done.returncode, done.stdout or done.stderr

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run a command with `--json`. Its exit status must match its findings."""
        status, printed = self.run(*arguments, "--json")
        answer: dict[str, Any] = json.loads(printed)
        assert status == (1 if answer["findings"] else 0)
        return answer

    def findings(self, *arguments: str) -> set[str]:
        """The names of the findings."""
        return {finding["name"] for finding in self.json(*arguments)["findings"]}

    def digest(self, image: Image) -> str:
        """The digest of an image, as the registry returns it to the Docker Engine."""
        known = authorization(image.credentials)
        answer = self.host.docker.engine.api.inspect_distribution(image.name, known)
        digest: str = answer["Descriptor"]["digest"]
        return digest


def encoded(credentials: Credentials, end: str = "") -> str:
    """The `auth` of a Docker configuration, with `end` after the password."""
    return base64.b64encode(f"{credentials.username}:{credentials.password}{end}".encode()).decode()


def _secrets() -> Iterator[str]:
    """The passwords, and every form in which a configuration or an answer has them."""
    for known in (image.credentials for image in PRIVATE.values()):
        assert known
        password = known.password
        yield password
        yield json.dumps(password)[1:-1]
        yield json.dumps(password, ensure_ascii=False)[1:-1]
        yield from re.findall(r"[^\W\d]{6,}", password)
        yield encoded(known)
