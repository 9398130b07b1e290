"""How long an Auto Scaling group waits for a host."""

import pytest
from pulumi_gitlab_runner.host.lifecycle import (
    BOOT_HEARTBEAT,
    FIRST_HOST_TIMEOUT,
    LAUNCH_HOOK,
    LIFECYCLE_HOOK,
    heartbeat_timeout,
    longest_drain,
    longest_stop,
)


@pytest.mark.parametrize(
    ("longest_job", "seconds"),
    [
        (0, 300),
        (3600, 300),
        (27_000, 300),
        (27_001, 301),
        (90_000, 1000),
        (648_000, 7200),
        (648_001, 7200),
    ],
)
def test_the_longest_job_ends_within_a_hundred_heartbeats(longest_job: int, seconds: int) -> None:
    """AWS waits for 100 heartbeats in all, each of at most 7,200 seconds: autoscaling/lifecycle-hooks."""
    assert heartbeat_timeout(longest_job) == seconds


LONGEST_WAIT = 48 * 60 * 60
"""The longest wait of AWS at a lifecycle hook, in seconds."""


@pytest.mark.parametrize("longest_job", [0, 3600, 27_000, 27_001, LONGEST_WAIT - 1200])
def test_a_group_waits_until_the_longest_job_is_reported(longest_job: int) -> None:
    assert longest_stop(longest_job) == longest_job + 1200
    assert longest_stop(longest_job) <= min(100 * heartbeat_timeout(longest_job), LONGEST_WAIT)


def test_a_drain_takes_half_an_hour_more_than_the_longest_job() -> None:
    assert longest_drain(3600) == 5400


def test_the_names_of_the_hooks_and_the_time_limits_of_a_boot() -> None:
    """Resources of users have these names; the provider gives up an instance refresh after 900 seconds."""
    assert (LAUNCH_HOOK, LIFECYCLE_HOOK) == ("gitlab-runner-boot", "gitlab-runner-drain")
    assert (BOOT_HEARTBEAT, FIRST_HOST_TIMEOUT) == (600, 1200)
