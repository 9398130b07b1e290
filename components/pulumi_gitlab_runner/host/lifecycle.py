"""How long a host and its manager may take to end, and the lifecycle hooks at which their group waits."""

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
LAST_REPORT = 1200
"""For how many seconds a manager may still run after the limit of its last job.

It waits 300 seconds for the job's script to end and 300 for Docker to remove the containers. Then it reports
the result, up to ten times where GitLab answers with errors: 511 seconds between them, and 3 after each
(gitlab-runner 19.4: `WaitForBuildFinishTimeout` and `DefaultFinalUpdateRetryLimit` in common/consts.go,
executors/docker/consts.go, network/trace.go).
"""
_SHUTDOWN = 600
"""For how many seconds an instance may take to terminate after that."""
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


def longest_stop(longest_job: int) -> int:
    """Within how many seconds a manager that is asked to end its jobs has ended.

    Args:
        longest_job: in seconds; gitlab-runner ends what runs longer.
    """
    return longest_job + LAST_REPORT


def longest_drain(longest_job: int) -> int:
    """Within how many seconds the host of a group that is removed has ended.

    Args:
        longest_job: in seconds; gitlab-runner ends what runs longer.
    """
    return longest_stop(longest_job) + _SHUTDOWN
