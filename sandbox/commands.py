"""The commands of `./dev`, which run after the set-up."""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sandbox import provider_plugins
from sandbox.command_line import DOCKER_STACK, SANDBOX_STACK
from sandbox.docker.prepare import prepare
from sandbox.engine import languages, lookup
from sandbox.engine.release import Engine, EngineUnavailableError, WayFailedError
from sandbox.environment import DOCKER, SERVICES, Sandbox, engine_environment
from sandbox.errors import SandboxError
from sandbox.lock import sole
from sandbox.paths import (
    CHECKOUT,
    engine_directory,
    make_writable,
    require_room,
    sandbox_directory,
    stack_file,
)
from sandbox.progress import Progress
from sandbox.provider_plugins import PluginChoice, parse_choice

ENGINE_UNAVAILABLE = "SANDBOX_ENGINE_UNAVAILABLE"
"""The environment variable for the tests with the reason why there is no engine."""
LANGUAGES_UNAVAILABLE = "SANDBOX_LANGUAGES_UNAVAILABLE"
"""The environment variable for the tests with the reason why there are no hosts for YAML, Go and Node.js."""
PROCESSES = min((os.cpu_count() or 1) + 1, 4)
"""The number of test processes: one more than processors, since tests wait for boots and servers."""
SIDE_BY_SIDE = (f"--numprocesses={PROCESSES}", "--dist=loadfile", "--no-loadscope-reorder")
"""The options of pytest for all tests: several processes, each file in one of them, in folder order."""
SHUFFLED = "--shuffle"
"""The option for a random order in each folder and file: see `tests/conftest.py`."""

ROOM_MB = 32
"""The space for an update. On a full disk, the engine retries for minutes, and truncates the state."""
RUN_AGAIN = "run the command again: ./dev clears what that engine left"
PROGRAMS = ("examples/python", "docs/programs", "tests/engine/programs/outputs")
"""Programs that use the components as users do: mypy and basedpyright check their types."""


def run(arguments: argparse.Namespace, progress: Progress) -> int:
    """Run the command that the command line names; return its exit code."""
    commands: tuple[Callable[[argparse.Namespace, Progress], int], ...] = (
        up, preview, down, stop, pulumi, doctor,
        test, conformance, lint, docs, render, e2e, faults, bench, mutate,
    )  # fmt: skip
    (command,) = (each for each in commands if each.__name__ == arguments.command)
    return command(arguments, progress)


class Stack:
    """A stack of this project with its environment.

    The stacks `sandbox` and `docker` run in the sandbox, whose services are started first; any other runs in
    the user's environment, with the user's backend and credentials.
    """

    def __init__(self, name: str, progress: Progress, plugins: PluginChoice | None = None) -> None:
        self.name = name
        self.engine: Engine = lookup.obtain(engine_directory(), progress)
        self.sandbox = _sandbox_of(name, self.engine, plugins)
        if self.sandbox is None:
            environment = engine_environment(self.engine)
        else:
            provider_plugins.obtain(self.sandbox.directory, self.sandbox.plugins, self.engine, progress)
            self._check_state(self.sandbox)
            if name == DOCKER_STACK:
                _lend(self.sandbox, prepare(sandbox_directory(), progress))
            starting = f"starting {', '.join(self.sandbox.services)} on loopback"
            with nullcontext() if self.sandbox.runs() else progress.step("Sandbox", starting):
                self.sandbox.start()
            environment = self.sandbox.env()
        self.environment = environment | {"PULUMI_STACK": name}

    def ensure_exists(self) -> int:
        """Create the stack in its backend if it does not exist; return Pulumi's exit code.

        Raises:
            SandboxError: it has no file: a misspelt name would create a stack in the user's backend.
        """
        stack_file(self.name)
        if self.sandbox is None:
            return self.pulumi("stack", "select", "--create", self.name)
        if self.sandbox.has_stack(self.name):
            return 0
        return self.pulumi("stack", "init", self.name)

    def alone(self) -> AbstractContextManager[None]:
        """Lock the stack; `SandboxError` if another `./dev`, or an engine, is changing it."""
        if self.sandbox is None:
            return nullcontext()
        if self.sandbox.state(self.name).locks():
            raise SandboxError(self._why_locked())
        return sole(self.sandbox.directory / f"change-{self.name}.lock", f"is changing the stack {self.name}")

    def pulumi(self, *arguments: str) -> int:
        """Run a Pulumi command in the terminal; return its exit code."""
        exit_code = _in_terminal([str(self.engine.command), *arguments], self.environment)
        if exit_code < 0:
            print(f"note: the engine was ended by signal {-exit_code}; {RUN_AGAIN}", file=sys.stderr)
        elif exit_code > 0 and self.sandbox and self.sandbox.state(self.name).locks():
            # The engine's message suggests `pulumi cancel`, which is wrong while another engine runs.
            locked = self._why_locked() or f"the engine that held the lock has ended; {RUN_AGAIN}"
            print(f"note: {locked}", file=sys.stderr)
        return exit_code

    def _why_locked(self) -> str:
        """Return who locks the stack, and what to do; empty if it is not locked."""
        known = self.sandbox.state(self.name).locks() if self.sandbox else []
        locks = [lock for lock in known if lock.is_held]
        if not locks:
            return ""
        who = " and ".join(str(lock) for lock in locks)
        cancel = f"./dev pulumi {self.name} cancel --yes"
        if all(lock.is_local for lock in locks):
            return (
                f"another engine is changing the stack {self.name} ({who}): wait until it has ended. "
                f"If it hangs: {cancel}"
            )
        return f"the stack {self.name} is locked ({who}). If no engine changes it there any more: {cancel}"

    def _check_state(self, sandbox: Sandbox) -> None:
        """Repair a state that a killed engine or a full disk left broken, and print the repairs."""
        make_writable(sandbox.directory)
        require_room(sandbox.directory, ROOM_MB, "the state of a stack")
        for line in sandbox.state(self.name).repair():
            print(line, file=sys.stderr)

    @property
    def memory_lost(self) -> bool:
        """Whether the sandbox's services may have lost resources in the state."""
        return self.sandbox is not None and self.sandbox.memory_lost(self.name)

    def preview(self) -> int:
        """Run `preview`; return Pulumi's exit code."""
        return self.pulumi("preview", *self._options())

    def change(self, operation: str, *options: str) -> int:
        """Run `up` or `destroy`, in the sandbox without confirmation; return Pulumi's exit code.

        Without confirmation, a preview would only run the program a second time.
        """
        consent = [] if self.sandbox is None else ["--yes", "--skip-preview"]
        exit_code = self.pulumi(operation, *consent, *options, *self._options())
        if exit_code == 0 and self.sandbox is not None:
            self.sandbox.memory_restored(self.name)
        return exit_code

    def _options(self) -> list[str]:
        """Return the options of every operation: a refresh after lost state, no progress dots in a log."""
        options = ["--refresh"] if self.memory_lost else []
        return options if sys.stdout.isatty() else [*options, "--suppress-progress"]

    def outputs(self) -> str:
        """Return the stack's outputs as JSON."""
        command = [str(self.engine.command), "stack", "output", "--json"]
        answer = subprocess.run(
            command, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            raise SandboxError(
                f"the outputs of the stack {self.name} cannot be read: {answer.stderr.strip()}"
            )
        return answer.stdout


def _sandbox_of(
    stack: str, engine: Engine | None = None, plugins: PluginChoice | None = None
) -> Sandbox | None:
    """Return the sandbox of a stack; None for a stack outside of the sandbox.

    Each has a separate AWS account and GitLab: both stacks declare the same repositories and variables.
    """
    if stack == DOCKER_STACK:
        directory = sandbox_directory() / "stack-docker"
        return Sandbox(directory, engine, services=(*SERVICES, DOCKER), plugins=plugins)
    return Sandbox(sandbox_directory(), engine, plugins=plugins) if stack == SANDBOX_STACK else None


def _lend(sandbox: Sandbox, helper: Path) -> None:
    """Link the shared credential helper into a sandbox."""
    link = sandbox.directory / "ecr-login"
    if not link.is_symlink():
        link.symlink_to(helper.parents[1])


def up(arguments: argparse.Namespace, progress: Progress) -> int:
    """Deploy a stack, then show its resources."""
    stack = Stack(arguments.stack, progress, parse_choice(arguments.providers, arguments.plugins))
    with stack.alone():
        exit_code = stack.ensure_exists() or stack.change("up", "--suppress-outputs")
    if exit_code == 0:
        from sandbox import summary

        summary.show(json.loads(stack.outputs()))
    return exit_code


def preview(arguments: argparse.Namespace, progress: Progress) -> int:
    """Show the changes of an `up`."""
    stack = Stack(arguments.stack, progress, parse_choice(arguments.providers, arguments.plugins))
    return stack.ensure_exists() or stack.preview()


def down(arguments: argparse.Namespace, progress: Progress) -> int:
    """Destroy a stack; the services of the sandbox keep running."""
    stack = Stack(arguments.stack, progress, parse_choice(arguments.providers, arguments.plugins))
    with stack.alone():
        exists = stack.sandbox is None or stack.sandbox.has_stack(stack.name)
        return stack.change("destroy") if exists else 0


def stop(_arguments: argparse.Namespace, _progress: Progress) -> int:
    """Stop the services of the sandbox."""
    # In earlier versions, both stacks shared one sandbox.
    sandboxes = [Sandbox(sandbox_directory(), services=(*SERVICES, DOCKER)), _sandbox_of(DOCKER_STACK)]
    there = [sandbox for sandbox in sandboxes if sandbox and sandbox.directory.is_dir()]
    ended = [sandbox for sandbox in there if sandbox.stop()]
    print("The services of the sandbox have ended." if ended else "No service of the sandbox was running.")
    return 0


def pulumi(arguments: argparse.Namespace, progress: Progress) -> int:
    """Run any Pulumi command in the stack's environment."""
    stack = Stack(arguments.stack, progress)
    if arguments.passed_on[:1] == ["package"]:  # it may generate an SDK
        languages.obtain(stack.engine, progress)
    if stack.memory_lost:
        print(
            "The sandbox's services were restarted, and are empty; `./dev up` creates the resources again.",
            file=sys.stderr,
        )
    return stack.pulumi(*arguments.passed_on)


def doctor(arguments: argparse.Namespace, progress: Progress) -> int:
    """Run `runner-doctor` in the environment of the stack `sandbox`."""
    stack = Stack(SANDBOX_STACK, progress)
    command = str(Path(sys.executable).with_name("runner-doctor"))
    return _in_terminal([command, *arguments.passed_on], stack.environment)


def test(arguments: argparse.Namespace, progress: Progress) -> int:
    """Run the tests; without an engine, only those that do not need one."""
    environment = dict(os.environ) | {"SANDBOX_ENGINE_DIR": str(engine_directory())}
    try:
        languages.obtain(lookup.obtain(engine_directory(), progress), progress)
    except EngineUnavailableError as unavailable:
        print(f"{unavailable}\nThe tests that need an engine are skipped.", file=sys.stderr)
        environment[ENGINE_UNAVAILABLE] = unavailable.reasons
    except WayFailedError as failed:
        print(f"{failed}\nThe tests that need other languages are skipped.", file=sys.stderr)
        environment[LANGUAGES_UNAVAILABLE] = str(failed)
    # One seed for all processes: their order must be the same.
    chosen = arguments.passed_on or (*SIDE_BY_SIDE, f"{SHUFFLED}={random.randrange(10**6)}")  # noqa: S311
    return _in_terminal([sys.executable, "-m", "pytest", *chosen], environment)


def conformance(arguments: argparse.Namespace, _progress: Progress) -> int:
    """Compare the stand-ins with the available official plugins."""
    return _in_terminal([sys.executable, "-m", "tests.conformance", *arguments.passed_on], os.environ)


def lint(_arguments: argparse.Namespace, _progress: Progress) -> int:
    """Check the formatting and types of the source; run all checks."""
    types = [["mypy"], *(["mypy", each] for each in ("policy", "bench", *PROGRAMS))]
    programs = ["basedpyright", "--pythonpath", sys.executable]
    checks = [["ruff", "check"], ["ruff", "format", "--check"], *types, programs]
    return max(_checked(check) for check in checks)


def _checked(check: list[str]) -> int:
    """Print and run one check of the source: some take a minute without output."""
    print(f"$ {' '.join(check)}", file=sys.stderr, flush=True)
    return _in_terminal([sys.executable, "-m", *check], os.environ)


def docs(_arguments: argparse.Namespace, _progress: Progress) -> int:
    """Build the documentation's site, strictly: a broken link is an error."""
    from documentation import site

    directory = sandbox_directory() / "docs" / "site"
    exit_code = _in_terminal(site.command(directory), site.environment())
    if exit_code == 0:
        print(f"The documentation is in {directory / 'index.html'}")
    return exit_code


def render(arguments: argparse.Namespace, _progress: Progress) -> int:
    """Write the files of a runner's host."""
    from sandbox.render import render as write

    write(arguments.stack, arguments.runner, arguments.directory.absolute(), _sandbox_of(arguments.stack))
    return 0


def e2e(_arguments: argparse.Namespace, progress: Progress) -> int:
    """Run one job through a real gitlab-runner."""
    from tests.e2e import seed_case

    return seed_case.run(progress)


def faults(arguments: argparse.Namespace, progress: Progress) -> int:
    """Fail calls of an `up`, and report the outcomes."""
    from tests.faults import command

    return command.run(arguments, progress)


def bench(arguments: argparse.Namespace, progress: Progress) -> int:
    """Run the measurements of `bench/`."""
    stack = Stack(SANDBOX_STACK, progress)
    return _in_terminal([sys.executable, "-m", "bench", *arguments.names], stack.environment)


def mutate(arguments: argparse.Namespace, _progress: Progress) -> int:
    """Check whether the tests fail with small changes of the source."""
    return _in_terminal([sys.executable, "-m", "bench.mutation", *arguments.passed_on], os.environ)


def _in_terminal(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a command in the checkout with this terminal; return its exit code.

    The terminal sends SIGINT to the command itself; SIGTERM is passed on.
    """
    with subprocess.Popen(command, cwd=CHECKOUT, env=environment) as process:
        before = {
            signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
            signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
        }
        exit_code = process.wait()
        for number, handler in before.items():
            signal.signal(number, handler)
    return exit_code
