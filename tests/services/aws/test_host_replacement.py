"""Changes, failures and jobs in any order: no job ends early, a host serves, the last declaration applies."""

from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.services.aws.deployment import ZONES, Deployment, Template

HOUR = 3600
READY = st.sampled_from([60, 200, 500, 1500])
"""In seconds; the last is longer than the first host of a group may take."""
BROKEN = [{"ready": None, "gives_up": 400}, {"ready": None, "gives_up": None}]


class Changes(RuleBasedStateMachine):
    """A stack whose declaration changes while its host works."""

    def __init__(self) -> None:
        super().__init__()
        self.it = Deployment()
        self.numbers = count(2)
        assert self.it.up()

    @rule(ready=READY)
    def declare_a_version(self, ready: int) -> None:
        self.it.declared = (Template(next(self.numbers), ready), self.it.declared[1])

    @rule(broken=st.sampled_from(BROKEN))
    def declare_a_broken_version(self, broken: dict[str, int | None]) -> None:
        self.it.declared = (Template(next(self.numbers), **broken), self.it.declared[1])

    @rule()
    def declare_a_role(self) -> None:
        self.it.declared = (self.it.declared[0], next(self.numbers))

    @rule()
    def up(self) -> None:
        self.it.up()

    @rule(minutes=st.sampled_from([1, 5, 12, 30, 70, 400]))
    def pass_time(self, minutes: int) -> None:
        self.it.pass_time(60 * minutes)

    @precondition(lambda self: self.it.serving())
    @rule(minutes=st.sampled_from([1, 20, 60, 119]))
    def run_a_job(self, minutes: int) -> None:
        self.it.serving()[0].jobs.append(self.it.now + 60 * minutes)

    @rule(zones=st.sets(st.sampled_from(ZONES)))
    def have_no_capacity(self, zones: set[str]) -> None:
        self.it.outages = zones

    @precondition(lambda self: self.it.serving())
    @rule()
    def find_a_host_unhealthy(self) -> None:
        host = self.it.serving()[0]
        host.group.model.set_health(host.id, "Unhealthy")

    def teardown(self) -> None:
        """A declaration that works is deployed when `up` is repeated until it succeeds."""
        self.it.outages = set()
        self.it.declared = (Template(next(self.numbers)), self.it.declared[1])
        assert any(self.it.up() for _ in range(3))
        self.it.pass_time(9 * HOUR)
        (host,) = self.it.hosts.values()
        assert (host.template, host.role, host.state) == (*self.it.declared, "InService")


def test_changes_in_any_order() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Changes,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


@pytest.fixture
def deployment() -> Deployment:
    """A stack whose host works."""
    it = Deployment()
    assert it.up()
    return it


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_version_keeps_the_old_host(deployment: Deployment, broken: dict[str, int | None]) -> None:
    (old,) = deployment.serving()
    deployment.declared = (Template(2, **broken), 1)
    assert deployment.up()
    deployment.pass_time(2 * HOUR)
    assert list(deployment.hosts.values()) == [old]
    assert old.group.model.refresh
    assert old.group.model.refresh.status == "Failed"
    deployment.declared = (Template(3), 1)
    assert deployment.up()
    deployment.pass_time(600)
    assert [each.template.number for each in deployment.hosts.values()] == [3]


def test_a_change_does_not_wait_for_the_jobs_of_a_draining_host(deployment: Deployment) -> None:
    (old,) = deployment.serving()
    old.jobs = [deployment.now + 7000]
    deployment.declared = (Template(2), 1)
    assert deployment.up()
    deployment.pass_time(600)
    assert old.draining
    deployment.declared = (Template(3), 1)
    before = deployment.now
    assert deployment.up()
    assert deployment.now - before < 60
    deployment.pass_time(600)
    assert [each.template.number for each in deployment.serving()] == [3]
    assert old.id in deployment.hosts


def test_each_up_fails_until_a_first_host_is_ready(deployment: Deployment) -> None:
    it = Deployment(declared=(Template(1, None, 400), 1))
    assert not it.up()
    assert not it.up()
    it.declared = (Template(2), 1)
    assert it.up()
    assert [each.template.number for each in it.hosts.values()] == [2]


def test_a_temporary_failure_is_recovered_without_an_up(deployment: Deployment) -> None:
    """Such as a package repository that is unavailable for longer than a refresh lasts."""
    deployment.outages = set(ZONES)
    deployment.declared = (Template(2), 1)
    assert deployment.up()
    deployment.pass_time(2 * HOUR)
    deployment.outages = set()
    deployment.pass_time(7 * HOUR)
    assert [each.template.number for each in deployment.hosts.values()] == [2]


def test_a_new_role_waits_for_the_jobs_of_the_old_host(deployment: Deployment) -> None:
    (old,) = deployment.serving()
    old.jobs = [deployment.now + 3000]
    deployment.declared = (Template(1), 2)
    assert deployment.up()
    assert deployment.now >= old.since + 3000
    assert [each.role for each in deployment.hosts.values()] == [2]
