"""The lifecycle hooks of a host: where its Auto Scaling group waits for it, and for how long."""

import math

LAUNCH_HOOK = "gitlab-runner-boot"
"""The lifecycle hook at which the Auto Scaling group waits for a new host to be ready."""
LIFECYCLE_HOOK = "gitlab-runner-drain"
"""The lifecycle hook at which the Auto Scaling group waits for running jobs before it ends the host."""
BOOT_HEARTBEAT = 600
"""For how many seconds a group waits for the next word of a host that boots, before it launches another.

The first comes when the AWS command line is installed. A provider that finds an instance refresh under way
cancels it, which waits for hosts that boot, and gives up after 900 seconds (instanceRefreshCancelledTimeout
in `internal/service/autoscaling/group.go` of the Terraform provider for AWS).
"""
FIRST_HOST_TIMEOUT = 1200
"""For how many seconds the first host of a group may take to get ready, before the group counts as failed."""
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


def longest_drain(longest_job: int) -> int:
    """Within how many seconds the host of a group that is removed has ended.

    Args:
        longest_job: in seconds; gitlab-runner ends what runs longer.
    """
    return longest_job + 1800
