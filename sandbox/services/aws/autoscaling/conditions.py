"""The simulated conditions of the Auto Scaling groups: time, booting hosts, zones without capacity.

By default, time is real, and hosts are ready and warm immediately.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Conditions:
    """The conditions of all groups.

    Attributes:
        now: returns the time, in seconds.
        ready_after: returns the seconds after which the host on a new instance completes its launch, by the
            group's name and the user data; None for never.
        warms_up: whether an instance refresh waits for the warmup of a new instance.
        leaves_refresh: whether a cancelled refresh does not wait for a host that waits for its jobs:
            gitlab-runner-drain cancels the refresh that terminates the host.
        unavailable: EC2's error for launches in a zone, by the zone.
    """

    now: Callable[[], float] = time.monotonic
    ready_after: Callable[[str, str], float | None] = lambda _group, _user_data: 0
    warms_up: bool = False
    leaves_refresh: bool = True
    unavailable: dict[str, str] = field(default_factory=dict)


CONDITIONS = Conditions()
"""The conditions in this process."""
