"""What the scoped credential helper costs: besides the real helper that it asks, and with a kept answer."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pulumi_gitlab_runner.auth.registry_list import CredentialSource, registry_list
from pulumi_gitlab_runner.host.scripts import script

from bench.measure import LONGEST_S, Measure
from sandbox.docker import ecr_login
from sandbox.environment import Sandbox
from sandbox.errors import SandboxError
from sandbox.paths import sandbox_directory
from sandbox.progress import Progress

RUNS = 100
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@dataclass(frozen=True)
class Helpers:
    """Both helpers as a runner host has them, in a directory.

    Attributes:
        real: ECR's own.
        scoped: the runner host's, which asks it.
        kept: where the scoped one keeps its answer.
        environment: of both; they ask the sandbox's AWS.
    """

    real: Path
    scoped: Path
    kept: Path
    environment: Mapping[str, str]

    @classmethod
    def install(cls, directory: Path) -> "Helpers":
        """Put them into a directory."""
        sandbox = Sandbox(sandbox_directory())
        sandbox.start()
        real = ecr_login.obtain(sandbox_directory() / "ecr-login", Progress())
        scoped, known = directory / "docker-credential-runner", directory / "registries"
        scoped.write_text(script("docker-credential-runner.sh"))
        scoped.chmod(0o755)
        known.write_text(registry_list([(HOST, CredentialSource("helper", (str(real),)))]))
        environment = {
            "PATH": os.defpath,
            "HOME": str(directory),
            "AWS_ENDPOINT_URL": sandbox.services["aws"].url,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_ECR_DISABLE_CACHE": "true",
            "RUNNER_REGISTRIES": str(known),
            "RUNNER_CREDENTIAL_CACHE": str(directory / "cache"),
        }
        return cls(real, scoped, directory / "cache" / HOST / ".answer", environment)

    def ask(self, helper: Path) -> float:
        """How long a helper takes to answer, in milliseconds."""
        started = time.perf_counter()
        done = subprocess.run(
            [helper, "get"],
            env=self.environment,
            input=HOST,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        )
        passed = time.perf_counter() - started
        if done.returncode != 0:
            raise SandboxError(f"{helper.name} has no credentials for {HOST}: {done.stdout}{done.stderr}")
        return passed * 1000

    def overhead(self) -> float:
        """How much longer the scoped helper takes than the real one, which it has to ask."""
        self.kept.unlink(missing_ok=True)
        return self.ask(self.scoped) - self.ask(self.real)

    def kept_answer(self) -> float:
        """How long the scoped helper takes when it has kept the answer."""
        return self.ask(self.scoped)


def _median(measure: Callable[[Helpers], float]) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        helpers = Helpers.install(Path(directory))
        measure(helpers)  # not counted: it brings both helpers into memory
        return median(measure(helpers) for _ in range(RUNS))


HELPER_OVERHEAD = Measure(
    "helper_overhead_ms",
    "ms",
    f"what the scoped credential helper adds to the real one's own time, median of {RUNS} pairs",
    lambda: _median(Helpers.overhead),
)
HELPER_KEPT = Measure(
    "helper_kept_ms",
    "ms",
    f"how long the scoped credential helper takes with an answer that it keeps, median of {RUNS}",
    lambda: _median(Helpers.kept_answer),
)
