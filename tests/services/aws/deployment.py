"""A stack's host over time: the effects of `up` and of the hosts' scripts, and the jobs that the hosts run.

`up` follows the engine and the official provider (internal/service/autoscaling/group.go), with the options
that `aws/hosts/host_group.py` gives the group: a new version of the launch template starts a refresh, after
the cancellation of one in progress; a new role, or a group whose creation or update failed, leads to a new
group; old groups, and then their role, are deleted at the end. Hosts act like gitlab-runner-boot, -drain and
-renew.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from pulumi_gitlab_runner.host.lifecycle import (
    BOOT_HEARTBEAT,
    FIRST_HOST_TIMEOUT,
    heartbeat_timeout,
    longest_drain,
)

from sandbox.services.aws.autoscaling.simulation import (
    LAUNCHING,
    TERMINATING,
    Group,
    Hook,
    LaunchFailed,
    Refused,
)

LONGEST_JOB = 7200
BOOT = Hook("boot", LAUNCHING, BOOT_HEARTBEAT, "ABANDON")
DRAIN = Hook("drain", TERMINATING, heartbeat_timeout(LONGEST_JOB), "CONTINUE")
ZONES = ("a", "b", "c")
TICK = 120
RENEWAL = 6 * 3600
CANCELLED_WITHIN = 900
"""In seconds: instanceRefreshCancelledTimeout of the official provider."""


@dataclass(frozen=True)
class Template:
    """A version of the launch template.

    Attributes:
        ready: the seconds until its host is ready; None: never.
        gives_up: the seconds until its boot reports a failure; None: it reports nothing.
    """

    number: int
    ready: int | None = 200
    gives_up: int | None = None


class JobEndedError(AssertionError):
    """A job was ended early."""


@dataclass
class Host:
    """An instance with its scripts and its jobs, each job by the time of its end."""

    id: str
    group: "HostGroup"
    template: Template
    role: int
    since: float
    ready: bool = False
    draining: bool = False
    jobs: list[float] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The state of the host in its group."""
        return self.group.model.find(self.id).state

    def act(self, now: float) -> None:
        """Run the scripts of the host at this time."""
        self.jobs = [end for end in self.jobs if end > now]
        if not self.ready and not self.draining:
            self._boot(now - self.since)
        if self.state == "Terminating:Wait":
            self._drain()
        elif self.ready and (now - self.since) % RENEWAL < TICK and self.state == "InService":
            self._renew()

    def _boot(self, age: float) -> None:
        template, model = self.template, self.group.model
        with suppress(Refused):
            if template.gives_up is not None and age >= template.gives_up:
                model.complete("boot", self.id, None, "ABANDON")
            elif template.ready is not None and age >= template.ready:
                self.ready = True
                model.complete("boot", self.id, None, "CONTINUE")
            elif template.ready is not None or template.gives_up is not None:
                model.heartbeat("boot", self.id, None)

    def _drain(self) -> None:
        # A machine whose boot did not get that far has no drain script.
        if self.template.ready is None and self.template.gives_up is None:
            return
        first, self.draining = not self.draining, True
        with suppress(Refused):
            if self.jobs:
                self.group.model.heartbeat("drain", self.id, None)
                if first:
                    self.group.model.cancel_refresh(waits=False)
            else:
                self.group.model.complete("drain", self.id, None, "CONTINUE")

    def _renew(self) -> None:
        if self.group.template != self.template:
            with suppress(Refused):
                self.group.model.start_refresh()


class HostGroup:
    """An Auto Scaling group of the host, with its role and its launch template."""

    def __init__(self, deployment: "Deployment", template: Template, role: int) -> None:
        self._deployment = deployment
        self.template, self.role = template, role
        self.model = Group(self, ZONES, warmup=30, launches_first=True, now=deployment.now)
        self.model.put_hook(BOOT)
        self.model.put_hook(DRAIN)

    def launch(self, zone: str) -> str:
        if zone in self._deployment.outages:
            raise LaunchFailed(f"no capacity in {zone}")
        return self._deployment.launched(self)

    def terminate(self, instance: str) -> None:
        self._deployment.terminated(instance, self.model.now)

    def version(self) -> object:
        return self.template

    def ready_after(self, instance: str) -> float | None:
        return None


@dataclass
class Deployment:
    """A stack of one host: its declaration, its state, and the resources that exist.

    Attributes:
        declared: a version of the launch template, and a role.
        outages: the zones without capacity.
        current: the group in the state; `unfinished` if the engine recorded an error of it.
        pending: groups that have been replaced, and are still to be deleted.
        served: whether a host has taken jobs.
    """

    declared: tuple[Template, int] = (Template(1), 1)
    now: float = 0
    outages: set[str] = field(default_factory=set)
    hosts: dict[str, Host] = field(default_factory=dict)
    current: HostGroup | None = None
    unfinished: bool = False
    pending: list[HostGroup] = field(default_factory=list)
    roles: set[int] = field(default_factory=set)
    served: bool = False
    _ids: Iterator[int] = field(default_factory=count)

    # Events outside the stack.

    def launched(self, group: HostGroup) -> str:
        """EC2 launches an instance."""
        made = f"i-{next(self._ids)}"
        self.hosts[made] = Host(made, group, group.template, group.role, group.model.now)
        return made

    def terminated(self, instance: str, now: float) -> None:
        """EC2 terminates an instance."""
        host = self.hosts.pop(instance)
        if any(end > now for end in host.jobs):
            raise JobEndedError(f"{instance} of {host.template} ended at {now}, with jobs until {host.jobs}")

    def serving(self) -> list[Host]:
        """The hosts that take jobs."""
        return [each for each in self.hosts.values() if each.ready and each.state == "InService"]

    def pass_time(self, seconds: float) -> None:
        """Let time pass; once a host has taken jobs, one always does."""
        self._until(lambda: False, seconds)

    # Operations of the engine and the provider.

    def up(self) -> bool:
        """Update the stack to its declaration; return whether that succeeded."""
        template, role = self.declared
        self.roles.add(role)
        group = self.current
        if group is None or self.unfinished or group.role != role:
            if group:
                self.pending.append(group)
            self.current = HostGroup(self, template, role)
            self.current.model.resize(1)
            self.unfinished = not self._until(self._in_service, FIRST_HOST_TIMEOUT)
        elif group.template != template:
            group.template = template
            self.unfinished = not self._refresh(group.model)
        return not self.unfinished and self._delete_old()

    def _in_service(self) -> bool:
        assert self.current
        return any(each.state == "InService" for each in self.current.model.instances)

    def _refresh(self, model: Group) -> bool:
        while True:
            try:
                model.start_refresh()
            except Refused:
                with suppress(Refused):
                    cancelled = partial(getattr, model.cancel_refresh(), "over")
                    if not self._until(cancelled, CANCELLED_WITHIN):
                        return False
            else:
                return True

    def _delete_old(self) -> bool:
        for each in self.pending:
            each.model.resize(0)
        for each in list(self.pending):
            if not self._until(partial(_is_empty, each.model), longest_drain(LONGEST_JOB)):
                return False
            self.pending.remove(each)
        assert self.current
        self.roles = {self.current.role}
        return True

    def _until(self, happened: Callable[[], bool], timeout: float) -> bool:
        end = self.now + timeout
        while not happened():
            if self.now >= end:
                return False
            self._tick()
        return True

    def _tick(self) -> None:
        self.now += TICK
        for group in (*self.pending, self.current):
            if group:
                group.model.advance(self.now)
        for host in list(self.hosts.values()):
            if host.id in self.hosts:
                host.act(self.now)
                assert host.id not in self.hosts or host.role in self.roles, f"{host.id} has lost its role"
        self.served = self.served or bool(self.serving())
        assert not self.served or self.serving(), f"no host takes jobs at {self.now}"


def _is_empty(model: Group) -> bool:
    return not model.instances
