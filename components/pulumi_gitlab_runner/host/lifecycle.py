"""The timeouts of a host and its manager, and the lifecycle hooks at which the Auto Scaling group waits."""

import math

LAUNCH_HOOK = "gitlab-runner-boot"
"""The lifecycle hook at which the Auto Scaling group waits for a new host to be ready."""
LIFECYCLE_HOOK = "gitlab-runner-drain"
"""The lifecycle hook at which the Auto Scaling group waits for running jobs before it terminates the host."""
BOOT_HEARTBEAT = 600
"""The heartbeat timeout of the launch hook, in seconds, after which a group launches another host.

A host sends its first heartbeat when the AWS command line is installed. The AWS provider cancels an instance
refresh that is in progress, which waits for hosts that boot, and fails after 900 seconds:
instanceRefreshCancelledTimeout in `internal/service/autoscaling/group.go` of the Terraform provider for AWS.
"""
FIRST_HOST_TIMEOUT = 1200
"""The time, in seconds, in which the first host of a group must be ready; otherwise the group has failed."""
LAST_REPORT = 1200
"""The time, in seconds, in which a manager exits after the time limit of its last job.

The manager waits 300 seconds for the job's script to end and 300 for Docker to remove the containers. Then it
reports the result, up to ten times if GitLab responds with errors: 511 seconds between them, up to 2 within
each, and 3 after each (gitlab-runner 19.3 and 19.4: `WaitForBuildFinishTimeout` and
`DefaultFinalUpdateRetryLimit` in common/consts.go, executors/docker/consts.go, network/trace.go,
network/retry_requester.go).
"""
_SHUTDOWN = 600
"""The time, in seconds, in which an instance terminates after that."""
_SHORTEST, _LONGEST = 300, 7200
"""The limits of the heartbeat timeout, in seconds. A host that drains sends a heartbeat every 30 seconds; AWS
allows at most 7200 seconds."""


def heartbeat_timeout(longest_job: int) -> int:
    """The heartbeat timeout of the terminate hook, in seconds.

    With any number of heartbeats, a group waits at most 100 times as long, and at most 48 hours:
    docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html.

    Args:
        longest_job: the maximum duration of a job, in seconds; the group waits somewhat longer.
    """
    return min(max(math.ceil(longest_job / 90), _SHORTEST), _LONGEST)


def longest_stop(longest_job: int) -> int:
    """The time, in seconds, in which a manager exits after a graceful shutdown is requested.

    Args:
        longest_job: the maximum duration of a job, in seconds, which gitlab-runner enforces.
    """
    return longest_job + LAST_REPORT


def longest_drain(longest_job: int) -> int:
    """The time, in seconds, in which the host of a deleted group is terminated.

    Args:
        longest_job: the maximum duration of a job, in seconds, which gitlab-runner enforces.
    """
    return longest_stop(longest_job) + _SHUTDOWN
