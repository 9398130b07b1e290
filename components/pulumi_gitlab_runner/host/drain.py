"""How long an Auto Scaling group waits for the jobs of a host that is to end."""

import math

_SHORTEST, _LONGEST = 300, 7200
"""In seconds. The drain of a host is heard of every 30 seconds; AWS allows no more than the latter."""


def heartbeat_timeout(longest_job: int) -> int:
    """For how many seconds the group waits for the next word of the host before it ends it.

    However often it hears of it, it waits for 100 times as long in all, and for 48 hours at most:
    docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html.

    Args:
        longest_job: in seconds; some time beyond that is allowed for.
    """
    return min(max(math.ceil(longest_job / 90), _SHORTEST), _LONGEST)
