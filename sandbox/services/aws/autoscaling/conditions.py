"""What the groups of the sandbox meet: time, hosts that boot, zones without capacity.

Time is real, and hosts are ready and warm at once, unless a test says otherwise.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Conditions:
    """What is so for all groups.

    Attributes:
        now: the time in seconds, from some start.
        ready_after: in how many seconds the host on a new instance of a group completes its launch, by the
            group's name and the user data; None: not by itself.
        warms_up: whether an instance refresh waits until a new instance is warm.
        leaves_refresh: whether a refresh that is cancelled does not wait for a host that waits until its jobs
            have ended: gitlab-runner-drain ends the refresh that led to it.
        unavailable: why EC2 launches nothing in a zone, by the zone.
    """

    now: Callable[[], float] = time.monotonic
    ready_after: Callable[[str, str], float | None] = lambda _group, _user_data: 0
    warms_up: bool = False
    leaves_refresh: bool = True
    unavailable: dict[str, str] = field(default_factory=dict)


CONDITIONS = Conditions()
"""Those of this process."""


class Clock:
    """A time that a test drives."""

    def __init__(self, start: float = 0) -> None:
        self.time = start

    def __call__(self) -> float:
        """The time now."""
        return self.time

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds
