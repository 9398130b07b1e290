"""The end-to-end test: a private image from ECR with public services, in a job network."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_gitlab_runner.host.files import HostFile, host_files
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack
from pulumi_gitlab_runner.spec.stack_file import PROJECT, parse_stack_file

from sandbox.command_line import SANDBOX_STACK
from sandbox.docker.machine import ENVIRONMENT
from sandbox.docker.prepare import prepare
from sandbox.docker.sandbox import DockerSandbox, ecr, private, public
from sandbox.docker.unavailable import DockerUnavailableError
from sandbox.errors import SandboxError
from sandbox.go_toolchain import GoBuildError
from sandbox.paths import CHECKOUT, sandbox_directory, stack_file
from sandbox.progress import Progress
from sandbox.services.aws import ACCOUNT
from tests.docker.host_unit import UNIT, unit_environment
from tests.e2e.helper_image import publish_helper_image
from tests.e2e.listening_service import listening_service
from tests.e2e.small_system import small_system

SUCCEEDED, FAILED, NOT_RUN = 0, 1, 3
RUNNER = "build"
RUNNER_PROGRAM = "gitlab-runner"
GITLAB_PORT = 8929
GITLAB = f"http://127.0.0.1:{GITLAB_PORT}"
TOKEN = "sandbox-token"
AUTHENTICATED = "Authenticating with credentials from /root/.docker/config.json"
"""The runner's message when it pulls an image with the host's Docker configuration."""
PATIENCE_S = 300

REGION = "eu-west-1"
TEAM = ecr(ACCOUNT, REGION, "198.51.100.2")
JOB_IMAGE = private(TEAM, "private/image:2026.11")
SERVICES = {"db": (public("postgres:latest"), 5432), "cache": (public("redis:latest"), 6379)}
"""The public images of the services and their ports, by alias."""
SERVICE_IMAGES = tuple(image for image, _ in SERVICES.values())
SCRIPT = (
    'echo "this is $(cat /name)"',
    *(f"getent hosts {alias} && : </dev/tcp/{alias}/{port}" for alias, (_, port) in SERVICES.items()),
    "test ! -e /root/.docker/config.json",
    "if env | grep -q DOCKER_AUTH_CONFIG; then exit 1; fi",
)
"""The job's script: prints the image, connects to the services by alias, and checks for credentials."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of the job.

    Attributes:
        status: its status in GitLab.
        trace: its log.
        networks: the networks that were created while it ran.
        left: the networks that were not removed.
        said: the output of gitlab-runner.
    """

    status: str
    trace: str
    networks: tuple[str, ...]
    left: tuple[str, ...]
    said: str

    @property
    def problems(self) -> list[str]:
        """The failed expectations."""
        expected = {
            f"the job is {self.status}": self.status == "success",
            f"it did not run in {JOB_IMAGE.name}": f"this is {JOB_IMAGE.name}" in self.trace,
            "a service did not start": "didn't start properly" not in self.trace,
            "its image was not pulled with the host's credentials": AUTHENTICATED in self.trace,
            f"it had {len(self.networks)} networks of its own": len(self.networks) == 1,
            f"its network was left: {', '.join(self.left)}": not self.left,
        }
        return [problem for problem, well in expected.items() if not well]


def run(progress: Progress, runner: str = RUNNER_PROGRAM) -> int:
    """Run the end-to-end test, and print its result.

    Args:
        progress: displays the current step.
        runner: the runner's executable.

    Returns:
        0 for success, 1 for failure, 3 if it cannot run here.
    """
    program = shutil.which(runner)
    if program is None or shutil.which("curl") is None:
        print(f"Not run: there is no {'curl' if program else runner} on the PATH")
        return NOT_RUN
    try:
        helper = prepare(sandbox_directory(), progress)
        with (
            tempfile.TemporaryDirectory() as directory,
            DockerSandbox(Path(directory), helper, (JOB_IMAGE, *SERVICE_IMAGES)) as docker,
            progress.step("e2e", "one job through a real gitlab-runner"),
        ):
            outcome = _Case(docker, Path(program)).run()
    except (DockerUnavailableError, GoBuildError) as reason:
        print(f"Not run: {reason}")
        return NOT_RUN
    return _tell(outcome)


def _tell(outcome: Outcome) -> int:
    """Print the result; return the exit code."""
    print(outcome.trace)
    print(f"Networks made for the job: {', '.join(outcome.networks) or 'none'}")
    problems = outcome.problems
    if not problems:
        print(
            f"The job succeeded, in {JOB_IMAGE.name}, beside {', '.join(SERVICES)}; no credentials are in it."
        )
        return SUCCEEDED
    print(outcome.said)
    for problem in problems:
        print(f"wrong: {problem}")
    return FAILED


class _Case:
    """One run, in a temporary machine.

    Args:
        docker: a Docker Engine, and registries with the images.
        program: the path of gitlab-runner.
    """

    def __init__(self, docker: DockerSandbox, program: Path) -> None:
        self._docker = docker
        self._machine = docker.machine
        self._program = program

    def run(self) -> Outcome:
        """Register the runner, queue a job, and run it."""
        self._publish_images()
        self._start_gitlab()
        registered = self._gitlab(
            "POST", "api/v4/user/runners", runner_type="group_type", group_id=42, tag_list=["docker"]
        )
        files = _files(registered["token"], registered["id"])
        self._machine.place(files)
        job = self._gitlab(
            "POST",
            "sandbox/jobs",
            project_id=7,
            tag_list=["docker"],
            image=JOB_IMAGE.name,
            script=list(SCRIPT),
        )
        before = self._networks()
        said = self._run_gitlab_runner(unit_environment(files[UNIT].content))
        return Outcome(
            status=self._gitlab("GET", f"api/v4/projects/7/jobs/{job['id']}")["status"],
            trace=self._ask("GET", f"api/v4/projects/7/jobs/{job['id']}/trace"),
            networks=tuple(self._made_networks()),
            left=tuple(self._networks() - before),
            said=said,
        )

    def _publish_images(self) -> None:
        """Replace the tiny images in the registries with images that a job can use."""
        engine = self._docker.engine
        job = small_system({"name": JOB_IMAGE.name})
        engine.publish(JOB_IMAGE.address, JOB_IMAGE.credentials, job)
        for image, port in SERVICES.values():
            engine.publish(image.address, image.credentials, *listening_service(port))
        publish_helper_image(engine, self._program)

    def _start_gitlab(self) -> None:
        self._machine.serve(
            "gitlab",
            sys.executable, "-P", "-m", "sandbox.services.gitlab", "--port", str(GITLAB_PORT),
            environment={"PYTHONPATH": str(CHECKOUT), "GITLAB_TOKEN": TOKEN},
            ready=lambda: self._machine.listens("127.0.0.1", GITLAB_PORT),
        )  # fmt: skip

    def _run_gitlab_runner(self, unit: Mapping[str, str]) -> str:
        # ExecStartPre of gitlab-runner-credentials.service.
        self._machine.run(
            "/usr/local/sbin/gitlab-runner-credentials",
            "once",
            environment={**ENVIRONMENT, **self._docker.environment},
        )
        try:
            done = self._machine.run(
                str(self._program),
                "run-single",
                "--config=/etc/gitlab-runner/config.toml",
                f"--runner={RUNNER}",
                "--max-builds=1",
                "--wait-timeout=60",
                environment={**unit, **self._docker.environment},
                timeout=PATIENCE_S,
            )
        except subprocess.TimeoutExpired:
            raise SandboxError(f"{self._program} did not end within {PATIENCE_S} s") from None
        return done.stdout + done.stderr

    def _networks(self) -> set[str]:
        return {network["Name"] for network in self._docker.engine.api.networks()}

    def _made_networks(self) -> list[str]:
        """The names of the networks created since the engine started."""
        events = self._docker.engine.api.events(
            since=0, until=int(time.time()) + 1, filters={"type": "network", "event": "create"}, decode=True
        )
        return [event["Actor"]["Attributes"]["name"] for event in events]

    def _gitlab(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._ask(method, path, **body))
        return answer

    def _ask(self, method: str, path: str, **body: Any) -> str:
        """Send a request to the machine's GitLab as an administrator; return the response body."""
        header, data = f"Private-Token: {TOKEN}", ["--json", json.dumps(body)] if body else []
        answer = self._machine.run(
            "curl", "--silent", "--show-error", "--fail-with-body", "--request", method, "--header", header,
            *data, f"{GITLAB}/{path}",
        )  # fmt: skip
        if answer.returncode != 0:
            raise SandboxError(f"GitLab's double refuses {method} {path}: {answer.stderr} {answer.stdout}")
        return answer.stdout


def _files(token: str, number: int) -> dict[str, HostFile]:
    """The files of the host of the stack's runner, registered in the machine's GitLab."""
    file = parse_stack_file(stack_file(SANDBOX_STACK).read_text(), GITLAB)
    environment = AwsEnvironment(ACCOUNT, REGION)
    stack = parse_stack(file.declaration, environment)
    manager = stack.manager_of(RUNNER)
    inputs = ManagerInputs.of(
        stack, manager, environment, runner_ids={RUNNER: number}, tokens={RUNNER: token}
    )
    return host_files(inputs, HostParameters(f"/{PROJECT}/{SANDBOX_STACK}/{manager.resource_name}"))
