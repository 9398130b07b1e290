"""A simulation of an Auto Scaling group over time: launches, lifecycle hooks, health, instance refreshes.

It is independent of clock, EC2 and API: `Group.advance` advances a group to a time, event by event, and a
`World` launches and terminates its instances. So a test can simulate hours in a moment.

Sources, all of docs.aws.amazon.com/autoscaling/ec2:

- userguide/lifecycle-hooks.html and lifecycle-hooks-overview.html: states, heartbeats, and the limit of 48
  hours or 100 heartbeats
- userguide/instance-refresh-overview.html: if the healthy percentages are 100 and more, an old instance
  terminates when a new one is in service and warm; asg-instance-refresh.html: it fails after an hour without
- userguide/ec2-auto-scaling-instance-maintenance-policy.html: unhealthy instances are replaced first
- APIReference/API_CancelInstanceRefresh.html: it waits for launches and terminations in progress by default
- APIReference/API_DeleteLifecycleHook.html: the result of the actions in progress
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
LONGEST_WAIT = 172800
"""The maximum wait of an instance at a hook with heartbeats, in seconds; at most 100 timeouts."""
PATIENCE = 3600
"""The time without progress after which an instance refresh fails, in seconds."""
RETRY = 60
"""The delay after a launch that failed in every zone, in seconds. AWS documents no number."""
_OVER = ("Successful", "Failed", "Cancelled")


class Refused(Exception):  # noqa: N818 (it is read in sentences)
    """An error of the API, with its `code` and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LaunchFailed(Exception):  # noqa: N818
    """EC2 refuses a launch in a zone; the message is EC2's."""


class World(Protocol):
    """The environment of a group, which launches and terminates instances."""

    def launch(self, zone: str) -> str:
        """Launch an instance of the current version; return its id. Raises `LaunchFailed`."""
        ...

    def terminate(self, instance: str) -> None:
        """Terminate an instance."""
        ...

    def version(self) -> object:
        """The version that the group currently launches, for comparison."""
        ...

    def ready_after(self, instance: str) -> float | None:
        """The seconds after which the host on a new instance completes its launch; None for never."""
        ...


@dataclass(frozen=True)
class Hook:
    """A lifecycle hook."""

    name: str
    transition: str
    timeout: int = 3600
    default_result: str = "ABANDON"


@dataclass
class Wait:
    """An instance's wait at a hook until the time `until`, which heartbeats extend up to `limit`."""

    hook: Hook
    until: float
    limit: float
    token: str = field(default_factory=lambda: str(uuid4()))


@dataclass
class Instance:
    """An instance of a group.

    Attributes:
        version: the version of the launch template.
        since: the time of its last change of state.
        ready_at: the time when its host completes its launch; None for never.
    """

    id: str
    zone: str
    version: object
    since: float
    state: str = "Pending"
    health: str = "Healthy"
    protected: bool = False
    waits: dict[str, Wait] = field(default_factory=dict)
    ready_at: float | None = None

    @property
    def leaving(self) -> bool:
        """Whether it is terminating."""
        return self.state.startswith("Terminating")

    @property
    def pending(self) -> bool:
        """Whether it is not in service yet."""
        return self.state.startswith("Pending")


@dataclass
class Activity:
    """A scaling activity, as in `DescribeScalingActivities`."""

    description: str
    start: float
    status: str = "InProgress"
    message: str = ""
    end: float | None = None
    id: str = field(default_factory=lambda: str(uuid4()))


@dataclass
class Refresh:
    """An instance refresh, which replaces the instances `old`."""

    old: set[str]
    started: float
    warmup: float
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "Pending"
    reason: str = ""
    progress: float = 0
    ended: float | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status in _OVER


@dataclass
class Group:
    """An Auto Scaling group.

    Attributes:
        zones: the zones of its subnets, with duplicates.
        launches_first: whether a replacement is launched before the old instance terminates: a maintenance
            policy with a minimum of 100 and a maximum of more than 100 percent.
    """

    world: World
    zones: Sequence[str]
    desired: int = 0
    warmup: float = 300
    launches_first: bool = False
    protects: bool = False
    now: float = 0
    hooks: dict[str, Hook] = field(default_factory=dict)
    instances: list[Instance] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    refreshes: list[Refresh] = field(default_factory=list)
    suspended: set[str] = field(default_factory=set)
    retry_at: float | None = None

    # Called by the API.

    def put_hook(self, hook: Hook) -> None:
        """Add a hook, or update it for future waits."""
        self.hooks[hook.name] = hook

    def delete_hook(self, name: str) -> None:
        """Delete a hook: a launch that waits for it is abandoned, a termination continues."""
        if self.hooks.pop(name, None) is None:
            raise Refused("ValidationError", f"No Lifecycle Hook found with the name {name}")
        for instance in [each for each in self.instances if name in each.waits]:
            self._complete(instance, name, "ABANDON" if instance.pending else "CONTINUE")
        self.settle()

    def complete(self, hook: str, instance: str | None, token: str | None, result: str) -> None:
        """End an instance's wait at a hook."""
        self._complete(self._waiting(hook, instance, token), hook, result)
        self.settle()

    def heartbeat(self, hook: str, instance: str | None, token: str | None) -> None:
        """Extend an instance's wait at a hook."""
        wait = self._waiting(hook, instance, token).waits[hook]
        wait.until = min(self.now + wait.hook.timeout, wait.limit)

    def set_health(self, instance: str, health: str) -> None:
        """Set the health status of an instance."""
        self.find(instance).health = health
        self.settle()

    def end(self, instance: str) -> None:
        """Terminate an instance; the group keeps its desired capacity."""
        self._leave(self.find(instance))
        self.settle()

    def forget(self, instance: str) -> None:
        """Remove an instance that EC2 has terminated, or that left the group."""
        self.instances = [each for each in self.instances if each.id != instance]
        self.settle()

    def resize(self, desired: int) -> None:
        """Set the desired capacity."""
        self.desired = desired
        self.settle()

    def start_refresh(self) -> Refresh:
        """Start an instance refresh of all instances that are not protected."""
        if self.refresh and not self.refresh.over:
            raise Refused(
                "InstanceRefreshInProgress",
                "An Instance Refresh is already in progress and blocks the execution of this Instance "
                "Refresh.",
            )
        old = {each.id for each in self.instances if not each.leaving and not each.protected}
        made = Refresh(old, self.now, self.warmup, progress=self.now)
        self.refreshes.insert(0, made)
        self.settle()
        return made

    def cancel_refresh(self, *, waits: bool = True) -> Refresh:
        """Cancel the instance refresh; by default, wait for launches and terminations in progress."""
        found = self.refresh
        if found is None or found.over or found.status == "Cancelling":
            raise Refused(
                "ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found."
            )
        found.status = "Cancelling"
        if not waits:
            self._close(found, "Cancelled", "")
        self.settle()
        return found

    def leave_refresh(self) -> None:
        """End the cancellation of a refresh that waits for an instance at its termination hook."""
        found = self.refresh
        if (
            found
            and found.status == "Cancelling"
            and any(each.leaving and each.waits for each in self.instances)
        ):
            self._close(found, "Cancelled", "")
            self.settle()

    @property
    def refresh(self) -> Refresh | None:
        """The newest refresh."""
        return self.refreshes[0] if self.refreshes else None

    def find(self, instance: str) -> Instance:
        """An instance by its id."""
        for each in self.instances:
            if each.id == instance:
                return each
        raise Refused(
            "ValidationError", f"Instance Id not found - No managed instance found for instance ID {instance}"
        )

    # Events over time.

    def advance(self, now: float) -> None:
        """Advance the group to a time, event by event."""
        self.settle()
        while (event := min(self._events(), default=now)) < now:
            self.now = event
            self.settle()
        self.now = max(self.now, now)
        self.settle()

    def settle(self) -> None:
        """Apply all changes that are due at the current time."""
        while any(act() for act in (self._time_out, self._boot, self._pass, self._refresh, self._size)):
            pass

    def _events(self) -> Iterator[float]:
        """The times of future events."""
        for each in self.instances:
            yield from (wait.until for wait in each.waits.values() if wait.until > self.now)
            if each.ready_at is not None and each.pending and each.ready_at > self.now:
                yield each.ready_at
            if self.refresh and not self.refresh.over and each.state == "InService":
                warm = each.since + self.refresh.warmup
                yield from (warm,) if warm > self.now else ()
        if self.refresh and not self.refresh.over and self.refresh.progress + PATIENCE > self.now:
            yield self.refresh.progress + PATIENCE
        if self.retry_at is not None and self.retry_at > self.now:
            yield self.retry_at

    def _time_out(self) -> bool:
        late = [
            (each, wait.hook)
            for each in self.instances
            for wait in each.waits.values()
            if wait.until <= self.now
        ]
        for instance, hook in late:
            if hook.name in instance.waits:
                self._complete(instance, hook.name, hook.default_result)
        return bool(late)

    def _boot(self) -> bool:
        """Complete the launch of hosts that are ready."""
        done = [
            each
            for each in self.instances
            if each.pending and each.waits and each.ready_at is not None and each.ready_at <= self.now
        ]
        for each in done:
            each.waits.clear()
        return bool(done)

    def _pass(self) -> bool:
        """Move instances that do not wait at a hook into service, or terminate them."""
        passed = [each for each in self.instances if not each.waits and (each.pending or each.leaving)]
        for each in passed:
            if each.pending:
                each.state, each.since = "InService", self.now
                self._tell(f"Launching a new EC2 instance: {each.id}", "Successful")
            else:
                self.instances.remove(each)
                self.world.terminate(each.id)
                self._tell(f"Terminating EC2 instance: {each.id}", "Successful")
        return bool(passed)

    def _refresh(self) -> bool:
        refresh = self.refresh
        if refresh is None or refresh.over:
            return False
        there = {each.id: each for each in self.instances}
        left = [there[each] for each in sorted(refresh.old) if each in there]
        to_go = [each for each in left if not each.leaving]
        if refresh.status == "Cancelling":
            # Wait for launched and for terminating instances of the refresh.
            if not any(each.pending or (each.id in refresh.old and each.leaving) for each in self.instances):
                return self._close(refresh, "Cancelled", "")
            return False
        if not left:
            return self._close(refresh, "Successful", "")
        if refresh.status == "Pending":
            refresh.status = "InProgress"
            return True
        if not to_go:
            return False
        working = [each for each in self.instances if each.state == "InService" and each.health == "Healthy"]
        if not self.launches_first:
            if len(working) >= self.desired or len(working) == len(left):
                return self._replace(refresh, to_go[0])
            return False
        kept = [each for each in working if each.id in refresh.old or each.since + refresh.warmup <= self.now]
        for each in to_go:
            if len([one for one in kept if one is not each]) >= self.desired:
                return self._replace(refresh, each)
        if refresh.progress + PATIENCE <= self.now:
            return self._close(refresh, "Failed", "No new instance got healthy within an hour.")
        return False

    def _replace(self, refresh: Refresh, instance: Instance) -> bool:
        refresh.progress = self.now
        self._leave(instance)
        return True

    def _size(self) -> bool:
        """Launch missing instances, and terminate surplus ones."""
        staying = [each for each in self.instances if not each.leaving]
        sick = [each for each in staying if each.health != "Healthy" and not each.pending]
        if sick and not self.launches_first and "ReplaceUnhealthy" not in self.suspended:
            self._leave(sick[0])
            return True
        wanted = self.desired + len(self._doomed(staying, sick))
        if len(staying) < wanted:
            return self._launch()
        healthy = [each for each in staying if each.state == "InService" and each not in sick]
        if sick and len(healthy) >= self.desired:
            self._leave(sick[0])
            return True
        if len(staying) > wanted:
            return self._scale_in(staying)
        return False

    def _doomed(self, staying: Sequence[Instance], sick: Sequence[Instance]) -> set[str]:
        """The instances whose replacement is launched first: they do not count."""
        if not self.launches_first:
            return set()
        found = {each.id for each in sick}
        refresh = self.refresh
        if refresh and refresh.status == "InProgress":
            found |= {each.id for each in staying if each.id in refresh.old}
        elif refresh and refresh.status == "Cancelling":
            # Its launch in progress continues; it starts no further one.
            found |= (
                {each.id for each in staying if each.id in refresh.old}
                if any(each.pending for each in staying)
                else set()
            )
        # At most as many as the desired capacity.
        return set(sorted(found)[: self.desired])

    def _scale_in(self, staying: Sequence[Instance]) -> bool:
        """Terminate one: pending instances first, then those of another version, then the oldest."""
        free = [each for each in staying if not each.protected]
        if not free:
            return False
        current = self.world.version()
        free.sort(key=lambda each: (not each.pending, each.version == current, each.since))
        self._leave(free[0])
        return True

    def _launch(self) -> bool:
        if "Launch" in self.suspended or (self.retry_at is not None and self.retry_at > self.now):
            return False
        self.retry_at = None
        count = [each.zone for each in self.instances if not each.leaving]
        for zone in sorted(dict.fromkeys(self.zones), key=count.count):
            try:
                made = self.world.launch(zone)
            except LaunchFailed as error:
                self._tell("Launching a new EC2 instance", "Failed", str(error))
                continue
            instance = Instance(made, zone, self.world.version(), self.now, protected=self.protects)
            self.instances.append(instance)
            self._wait(instance, LAUNCHING)
            if instance.waits:
                instance.state = "Pending:Wait"
                ready = self.world.ready_after(made)
                instance.ready_at = None if ready is None else self.now + ready
            return True
        self.retry_at = self.now + RETRY
        return False

    def _leave(self, instance: Instance) -> None:
        """Start the termination of an instance, at its hooks; also of a booting one."""
        instance.waits, instance.state, instance.since = {}, "Terminating", self.now
        self._wait(instance, TERMINATING)
        if instance.waits:
            instance.state = "Terminating:Wait"

    def _wait(self, instance: Instance, transition: str) -> None:
        instance.waits = {
            hook.name: Wait(hook, self.now + hook.timeout, self.now + min(LONGEST_WAIT, 100 * hook.timeout))
            for hook in self.hooks.values()
            if hook.transition == transition
        }

    def _complete(self, instance: Instance, hook: str, result: str) -> None:
        instance.waits.pop(hook)
        if result == "ABANDON":
            # ABANDON skips the other hooks; at a launch, it terminates the instance.
            instance.waits.clear()
            if instance.pending:
                message = "Instance failed to complete user's Lifecycle Action"
                self._tell(f"Launching a new EC2 instance: {instance.id}", "Cancelled", message)
                self._leave(instance)

    def _waiting(self, hook: str, instance: str | None, token: str | None) -> Instance:
        for each in self.instances:
            wait = each.waits.get(hook)
            if wait and (each.id == instance or wait.token == token):
                return each
        asked = f"instance ID {instance}" if instance else f"token {token}"
        raise Refused("ValidationError", f"No active Lifecycle Action found with {asked}")

    def _close(self, refresh: Refresh, status: str, reason: str) -> bool:
        refresh.status, refresh.reason, refresh.ended = status, reason, self.now
        return True

    def _tell(self, description: str, status: str, message: str = "") -> None:
        self.activities.insert(0, Activity(description, self.now, status, message, self.now))
