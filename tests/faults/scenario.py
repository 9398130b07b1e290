"""One fault: the `up` in which it happens, the next `up`, the leftovers, and `destroy`."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from pulumi_gitlab_runner.host.lifecycle import LIFECYCLE_HOOK

from sandbox.environment import GITLAB_TOKEN, Sandbox
from sandbox.paths import CHECKOUT
from tests.faults.proxy import Fault, Traffic, Way, proxy
from tests.services.aws.snapshot import client_of
from tests.services.aws.snapshot import snapshot as aws_snapshot
from tests.services.gitlab.snapshot import snapshot as gitlab_snapshot

_LONGEST_S = 240
"""The timeout of one command, in seconds."""
_HOSTS_LOOK_S = 2
"""The interval in which hosts poll their lifecycle state, in seconds."""
_PLUGINS_NOTICE_S = 1.5
"""The time in which plugins notice that their engine has exited, in seconds: they poll once a second."""
_IMPORT = re.compile(r"pulumi (import --protect=false .*)")
_GO_WITH_OTHERS = (
    "instance",
    "object",
    "lifecycle hook",
    "attached policy",
    "role policy",
)
"""The kinds that are removed with the group, bucket or role that they belong to."""


class Outcome(StrEnum):
    """The outcome of a scenario, from best to worst."""

    SAME_UP = "same up"
    NEXT_UP = "next up clean"
    NAMED = "leftovers named"
    COMMAND = "by a printed command"
    UNSEEN = "leftovers unseen"
    STUCK = "stuck"


@dataclass
class Result:
    """The result of a scenario.

    Attributes:
        fault: the fault.
        outcome: the outcome.
        notes: notes for the report: errors, and commands that helped.
        left: the resources that exist after `destroy`.
        named: the commands that remove them, from `runner-doctor leftovers`.
    """

    fault: Fault
    outcome: Outcome = Outcome.SAME_UP
    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether there are no leftovers, and `up` was the only command needed."""
        return self.outcome in (Outcome.SAME_UP, Outcome.NEXT_UP)


@dataclass(frozen=True)
class Ended:
    """A finished Pulumi command."""

    code: int
    printed: str

    @property
    def why(self) -> str:
        """Its first error, in one line."""
        lines = [line.strip() for line in self.printed.splitlines()]
        errors = [line for line in lines if "error:" in line and "update failed" not in line]
        said = errors[0] if errors else (lines[-1] if lines else "it printed nothing")
        return said[:300]


class Account:
    """A stack in a separate sandbox, behind the proxies.

    Args:
        sandbox: a running sandbox for exclusive use.
        directory: the directory of the project and its state.
        stack: the stack's name.
        settings: the stack's configuration file.
        addresses: the URLs of the proxies, by service.
        traffic: the current fault, and the recorded calls.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        directory: Path,
        stack: str,
        settings: Path,
        addresses: Mapping[str, str],
        traffic: Traffic,
    ) -> None:
        self.traffic, self._sandbox, self._stack, self._directory = traffic, sandbox, stack, directory
        self._regions = sorted({"us-east-1", "eu-west-1", *_regions_in(settings.read_text())})
        self._environment = sandbox.env() | {
            "AWS_ENDPOINT_URL": addresses["aws"],
            "GITLAB_BASE_URL": f"{addresses['gitlab']}/api/v4/",
            "PULUMI_BACKEND_URL": f"file://{directory / 'state'}",
            "PULUMI_STACK": stack,
        }
        shutil.rmtree(directory, ignore_errors=True)
        project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())
        file = directory / project["stackConfigDir"] / f"Pulumi.{stack}.yaml"
        file.parent.mkdir(parents=True)
        shutil.copy(CHECKOUT / "Pulumi.yaml", directory)
        shutil.copy(CHECKOUT / "__main__.py", directory)
        # A new account does not contain secrets yet.
        of_hosted = r"gitlab_token: \{secret: [^}]*\}"
        file.write_text(re.sub(of_hosted, f"gitlab_token: {{value: {GITLAB_TOKEN}}}", settings.read_text()))
        self._empty = self._there()

    def record(self) -> list[Fault]:
        """The mutating calls of an `up` without a fault, each as a `Fault` whose way is to be replaced."""
        self._begin()
        self.traffic.begin(None)
        up = self._pulumi("up", "--yes", "--skip-preview")
        if up.code:
            raise AssertionError(f"the stack {self._stack} does not come up:\n{up.printed}")
        seen: dict[str, int] = {}
        faults = []
        for call in self.traffic.made:
            seen[call] = seen.get(call, 0) + 1
            faults.append(Fault(call, seen[call], Way.ERROR))
        self._clean_up()  # faster than `destroy`
        return faults

    def run(self, fault: Fault) -> Result:
        """Run `up` with a fault, `up` again, and `destroy`."""
        self._begin()
        result = Result(fault)
        up = self._first_up(fault)
        if not self.traffic.struck:
            result.notes.append("the call was not made")
        if fault.way is not Way.KILLED and up.code == -signal.SIGKILL:
            result.notes.append(f"the up with the fault did not end within {_LONGEST_S} s, and was killed")
        self.traffic.begin(None)
        if up.code:
            result.outcome = Outcome.NEXT_UP
            self._heal(result)
        findings = self._leftovers()
        down = self._down()
        left = self._left()
        result.left = [f"{kind} {name}" for kind, name in left]
        unseen = [(kind, name) for kind, name in left if not _is_named(kind, name, left, findings)]
        result.named = sorted({finding["fix"] for finding in findings})
        if down.code and result.outcome is not Outcome.STUCK:
            result.outcome = Outcome.STUCK
            result.notes.append(f"down: {down.why}")
        elif result.outcome is not Outcome.STUCK and unseen:
            result.outcome = Outcome.UNSEEN
            result.notes += [f"unseen: {kind} {name}" for kind, name in unseen]
        elif left and result.outcome in (Outcome.SAME_UP, Outcome.NEXT_UP):
            result.outcome = Outcome.NAMED
        self._clean_up()
        return result

    def _first_up(self, fault: Fault) -> Ended:
        with self._engine("up", "--yes", "--skip-preview") as engine:
            group = engine.pid  # the process group of the engine's own session
            self.traffic.begin(fault, lambda: os.killpg(group, signal.SIGKILL))
            ended = self._end_of(engine)
        if fault.way is Way.KILLED or ended.code == -signal.SIGKILL:
            time.sleep(_PLUGINS_NOTICE_S)
            self._mend_state()
            self._pulumi("cancel", "--yes")
        return ended

    def _heal(self, result: Result) -> None:
        """Bring the stack up as a user would, with the commands that Pulumi and its hooks print."""
        up = self._pulumi("up", "--yes", "--skip-preview")
        if up.code and not _IMPORT.search(up.printed):
            result.notes.append(f"next up: {up.why}")
            self._pulumi("refresh", "--yes", "--skip-preview")
            up = self._pulumi("up", "--yes", "--skip-preview")
            result.notes.append("after `pulumi refresh`" if not up.code else "`pulumi refresh` does not help")
        for _ in range(3):
            commands = list(dict.fromkeys(_IMPORT.findall(up.printed))) if up.code else []
            for command in commands:
                result.outcome = Outcome.COMMAND
                result.notes.append(f"pulumi {command}")
                imported = self._pulumi(*shlex.split(command), "--yes", "--skip-preview")
                if imported.code:
                    result.notes.append(f"import: {imported.why}")
            if commands:
                up = self._pulumi("up", "--yes", "--skip-preview")
        if up.code:
            result.outcome = Outcome.STUCK
            result.notes.append(f"stuck: {up.why}")

    def _leftovers(self) -> list[dict[str, Any]]:
        """The findings of `runner-doctor leftovers`."""
        state = self._pulumi("stack", "export")
        file = self._directory / "exported.json"
        file.write_text(state.printed)
        words = ["leftovers", "--stack", self._stack, "--state", str(file), "--json"]
        regions = [f"--region={region}" for region in self._regions]
        answer = subprocess.run(
            [Path(sys.executable).with_name("runner-doctor"), *words, *regions],
            cwd=self._directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
            check=False,
        )
        if answer.returncode not in (0, 1):
            raise AssertionError(f"runner-doctor leftovers: {answer.stderr}")
        found: list[dict[str, Any]] = json.loads(answer.stdout)["findings"]
        return found

    def _down(self) -> Ended:
        return self._pulumi("destroy", "--yes", "--skip-preview")

    def _begin(self) -> None:
        shutil.rmtree(self._directory / "state", ignore_errors=True)
        (self._directory / "state").mkdir()
        self._pulumi("stack", "init", self._stack)

    def _clean_up(self) -> None:
        """Remove leftovers: restart the services, which keep their state in memory."""
        if self._left():
            self._sandbox.stop()
            self._sandbox.start()

    def _mend_state(self) -> None:
        """Remove the empty `.attrs` files that a killed engine leaves beside the intact state."""
        for file in (self._directory / "state").rglob("*.attrs"):
            if not file.stat().st_size:
                file.unlink()

    def _left(self) -> list[tuple[str, str]]:
        """The kind and name of each resource that did not exist at first."""
        return sorted(self._there() - self._empty)

    def _there(self) -> set[tuple[str, str]]:
        services = self._sandbox.services
        aws = aws_snapshot(services["aws"].url, self._regions)
        gitlab = gitlab_snapshot(f"{services['gitlab'].url}/api/v4/", GITLAB_TOKEN)
        found = {(kind, name) for kind, names in aws.items() for name in names}
        found |= {("runner", str(number)) for number in gitlab["runners"]}
        return found | {
            ("variable", f"{place} {each['key']}")
            for place, variables in gitlab["variables"].items()
            for each in variables
        }

    def _pulumi(self, *arguments: str) -> Ended:
        with self._engine(*arguments) as engine:
            return self._end_of(engine)

    def _end_of(self, engine: "subprocess.Popen[str]") -> Ended:
        """Wait for a command; meanwhile, complete the lifecycle actions of terminating hosts."""
        deadline = time.monotonic() + _LONGEST_S
        printed, late = "", False
        while True:
            try:
                printed, _ = engine.communicate(timeout=_HOSTS_LOOK_S)
                break
            except subprocess.TimeoutExpired:
                self._end_hosts()
                if time.monotonic() > deadline and not late:
                    late = True
                    os.killpg(engine.pid, signal.SIGKILL)
        if late:
            printed += f"\nerror: it did not end within {_LONGEST_S} s"
        return Ended(engine.returncode, printed)

    def _end_hosts(self) -> None:
        """Complete the lifecycle actions of terminating hosts, as the drain of a host without jobs does."""
        # The region of both stacks' hosts.
        scaling = client_of(self._sandbox.services["aws"].url, "eu-west-1", "autoscaling")
        for group in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
            for each in group["Instances"]:
                if each["LifecycleState"] == "Terminating:Wait":
                    scaling.complete_lifecycle_action(
                        AutoScalingGroupName=group["AutoScalingGroupName"],
                        LifecycleHookName=LIFECYCLE_HOOK,
                        InstanceId=each["InstanceId"],
                        LifecycleActionResult="CONTINUE",
                    )

    @contextmanager
    def _engine(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        with subprocess.Popen(
            [self._sandbox.engine.command, *arguments, "--non-interactive", "--color", "never"],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as engine:
            yield engine


@contextmanager
def account(sandbox: Sandbox, directory: Path, stack: str, settings: Path) -> Iterator[Account]:
    """Yield a stack of a running sandbox behind proxies. Arguments as for `Account`."""
    traffic = Traffic()
    with ExitStack() as proxies:
        addresses = {
            name: proxies.enter_context(proxy(name, sandbox.services[name].url, traffic))
            for name in ("aws", "gitlab")
        }
        yield Account(sandbox, directory, stack, settings, addresses, traffic)


def _regions_in(text: str) -> set[str]:
    return set(re.findall(r"\b[a-z]{2}-[a-z]+-\d\b", text))


def _is_named(
    kind: str, name: str, left: Sequence[tuple[str, str]], findings: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether the findings name a leftover, or the resource that it is removed with."""
    if kind in _GO_WITH_OTHERS:
        return any(_is_named(*other, left, findings) for other in left if other[0] not in _GO_WITH_OTHERS)
    said = [json.dumps(finding) for finding in findings]
    if kind == "runner":
        return any(f"the runner #{name} " in each for each in said)
    return any(name.rpartition(" ")[2] in each for each in said)
