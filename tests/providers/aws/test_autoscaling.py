"""How the instances of an Auto Scaling group come and go: hooks, refreshes, schedules."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest

from sandbox.providers.aws import instance_refresh, security_group
from sandbox.providers.aws.provider import Aws
from sandbox.services.aws.autoscaling.conditions import CONDITIONS
from sandbox.standin.provider import Incomplete
from tests.providers.aws.conftest import Made, Make
from tests.services.aws.clock import Clock

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
HOOK = "aws:autoscaling/lifecycleHook:LifecycleHook"
TERMINATING = {"lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}
Client = Callable[[str], Any]


class Scaled:
    """A group of one or more instances, and the operations of the tests on it."""

    def __init__(self, make: Make, aws: Aws, client: Client, **inputs: Any) -> None:
        name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        image = aws.invoke("aws:ssm/getParameter:getParameter", {"name": name})[0]["value"]
        self.launched = {"imageId": image, "instanceType": "t3.small"}
        self.template = make(TEMPLATE, self.launched)
        self.inputs = {
            "minSize": 1,
            "maxSize": 3,
            "vpcZoneIdentifiers": aws.invoke("aws:ec2/getSubnets:getSubnets", {})[0]["ids"],
            "launchTemplate": {"id": self.template.id, "version": "1"},
            **inputs,
        }
        self.made: Made = make(GROUP, self.inputs)
        self.name = self.made.id
        self.api = client("autoscaling")
        self.ec2 = client("ec2")

    def listed(self) -> list[Any]:
        """The group's instances as the API describes them."""
        found = self.api.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])
        instances: list[Any] = found["AutoScalingGroups"][0]["Instances"]
        return instances

    def instances(self) -> dict[str, str]:
        """The state of each instance, by its id."""
        return {one["InstanceId"]: one["LifecycleState"] for one in self.listed()}

    def versions(self) -> dict[str, str]:
        """The template's version that an instance was launched from, by the instance's state."""
        return {one["LifecycleState"]: one["LaunchTemplate"]["Version"] for one in self.listed()}

    def state(self, instance: str) -> str:
        """The state of an instance in EC2."""
        found = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return str(found["State"]["Name"])

    def end(self, instance: str) -> None:
        """Let the group terminate an instance."""
        self.api.terminate_instance_in_auto_scaling_group(
            InstanceId=instance, ShouldDecrementDesiredCapacity=False
        )

    def about(self, hook: Made, instance: str) -> dict[str, str]:
        """The arguments of a request about ``instance``, which ``hook`` holds back."""
        return {
            "AutoScalingGroupName": self.name,
            "LifecycleHookName": hook.id,
            "InstanceId": instance,
        }

    def refreshes(self) -> list[str]:
        """The states of the group's refreshes, the newest first."""
        found = self.api.describe_instance_refreshes(AutoScalingGroupName=self.name)
        return [one["Status"] for one in found["InstanceRefreshes"]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the groups, which only the test advances."""
    clock = Clock()
    monkeypatch.setattr(CONDITIONS, "now", clock)
    monkeypatch.setattr(CONDITIONS, "warms_up", True)
    monkeypatch.setattr(CONDITIONS, "leaves_refresh", False)
    return clock


@pytest.fixture
def scaled(make: Make, aws: Aws, client: Client) -> Callable[..., Scaled]:
    """Creates a group with further inputs."""
    return lambda **inputs: Scaled(make, aws, client, **inputs)


def test_a_request_waits_for_the_previous_one(
    make: Make, scaled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two states of an instance, another request would see one that waits for no hook."""
    group = scaled()
    make(
        HOOK,
        {
            "autoscalingGroupName": group.name,
            "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
        },
    )
    answered = Event()
    seen: list[bool] = []
    other = Thread(target=lambda: (group.instances(), answered.set()))

    def while_it_launches(*_: str) -> float:
        other.start()
        seen.append(answered.wait(0.3))
        return 0

    monkeypatch.setattr(CONDITIONS, "ready_after", while_it_launches)
    group.api.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=2)
    other.join(10)
    assert (seen, answered.is_set()) == ([False], True)


def test_a_hook_holds_an_instance_back_until_it_is_completed(make: Make, scaled: Any) -> None:
    group = scaled()
    hook = make(HOOK, {"autoscalingGroupName": group.name, **TERMINATING})
    (old,) = group.instances()
    group.end(old)
    states = group.instances()
    assert states.pop(old) == "Terminating:Wait"
    assert list(states.values()) == ["InService"]
    assert group.state(old) == "running"
    group.api.complete_lifecycle_action(**group.about(hook, old), LifecycleActionResult="CONTINUE")
    assert group.instances() == states
    assert group.state(old) == "terminated"
    with pytest.raises(Exception, match=f"No active Lifecycle Action found with instance ID {old}"):
        group.api.complete_lifecycle_action(**group.about(hook, old), LifecycleActionResult="CONTINUE")


def test_every_hook_must_be_completed_unless_one_abandons(make: Make, scaled: Any) -> None:
    group = scaled()
    first, second = (make(HOOK, {"autoscalingGroupName": group.name, **TERMINATING}) for _ in range(2))
    (old,) = group.instances()
    group.end(old)
    group.api.complete_lifecycle_action(**group.about(first, old), LifecycleActionResult="CONTINUE")
    assert group.instances()[old] == "Terminating:Wait"
    group.api.complete_lifecycle_action(**group.about(second, old), LifecycleActionResult="CONTINUE")
    (old,) = group.instances()
    group.end(old)
    group.api.complete_lifecycle_action(**group.about(second, old), LifecycleActionResult="ABANDON")
    assert old not in group.instances()


def test_a_heartbeat_extends_the_wait(make: Make, scaled: Any, clock: Clock) -> None:
    group = scaled()
    hook = make(HOOK, {"autoscalingGroupName": group.name, **TERMINATING, "heartbeatTimeout": 30})
    (old,) = group.instances()
    group.end(old)
    clock.wait(29)
    group.api.record_lifecycle_action_heartbeat(**group.about(hook, old))
    clock.wait(29)
    assert group.instances()[old] == "Terminating:Wait"
    clock.wait(1)
    assert old not in group.instances()
    assert group.state(old) == "terminated"


def test_a_deleted_hook_holds_no_instance_back(make: Make, scaled: Any) -> None:
    group = scaled()
    hook = make(HOOK, {"autoscalingGroupName": group.name, **TERMINATING})
    (old,) = group.instances()
    group.end(old)
    hook.delete()
    assert old not in group.instances()
    group.made.delete()
    assert group.made.read() is None


def test_a_group_that_is_deleted_by_force_waits_for_no_hook(scaled: Any) -> None:
    group = scaled(forceDelete=True, initialLifecycleHooks=[{"name": "drain", **TERMINATING}])
    (old,) = group.instances()
    group.end(old)
    (new,) = set(group.instances()) - {old}
    group.made.delete()
    assert [group.state(one) for one in (old, new)] == ["terminated", "terminated"]


def test_a_group_that_is_deleted_by_force_ends_protected_instances_too(scaled: Any) -> None:
    group = scaled(forceDelete=True, protectFromScaleIn=True)
    (instance,) = group.instances()
    group.made.delete()
    assert group.state(instance) == "terminated"


def test_initial_hooks_exist_before_the_first_instance(scaled: Any) -> None:
    group = scaled(initialLifecycleHooks=[{"name": "drain", "heartbeatTimeout": 90, **TERMINATING}])
    found = group.api.describe_lifecycle_hooks(AutoScalingGroupName=group.name)["LifecycleHooks"]
    assert [(hook["LifecycleHookName"], hook["HeartbeatTimeout"]) for hook in found] == [("drain", 90)]
    assert list(group.instances().values()) == ["InService"]


def test_the_service_chooses_the_timeout_of_an_initial_hook_and_returns_the_name_of_the_template(
    scaled: Any,
) -> None:
    group = scaled(initialLifecycleHooks=[{"name": "drain", **TERMINATING}])
    assert group.made.outputs["initialLifecycleHooks"] == [{"name": "drain", **TERMINATING}]
    found = group.api.describe_lifecycle_hooks(AutoScalingGroupName=group.name)["LifecycleHooks"]
    assert [hook["HeartbeatTimeout"] for hook in found] == [3600]
    named = {**group.inputs["launchTemplate"], "name": group.template.outputs["name"]}
    assert group.made.outputs["launchTemplate"] == named
    assert group.made.inputs["launchTemplate"] == group.inputs["launchTemplate"]


def test_an_instance_is_launched_from_the_version_that_its_group_names(scaled: Any) -> None:
    group = scaled(instanceRefresh={"strategy": "Rolling"})
    group.template.update({**group.launched, "instanceType": "t3.large"})
    group.made.update({**group.inputs, "launchTemplate": {"id": group.template.id, "version": "2"}})
    (listed,) = group.listed()
    assert listed["LaunchTemplate"]["Version"] == "2"
    live = group.ec2.describe_instances(InstanceIds=[listed["InstanceId"]])
    instance = live["Reservations"][0]["Instances"][0]
    assert instance["InstanceType"] == "t3.large"


def test_instances_are_spread_over_the_subnets(scaled: Any) -> None:
    group = scaled(minSize=3)
    found = group.ec2.describe_instances(InstanceIds=list(group.instances()))["Reservations"]
    assert len({one["SubnetId"] for part in found for one in part["Instances"]}) == 3


def test_a_refresh_is_in_progress_while_a_hook_holds_an_old_instance_back(make: Make, scaled: Any) -> None:
    group = scaled(instanceRefresh={"strategy": "Rolling"})
    hook = make(HOOK, {"autoscalingGroupName": group.name, **TERMINATING})
    (old,) = group.instances()
    group.template.update({**group.launched, "instanceType": "t3.large"})
    group.made.update({**group.inputs, "launchTemplate": {"id": group.template.id, "version": "2"}})
    assert group.versions() == {"InService": "2", "Terminating:Wait": "1"}
    assert group.refreshes() == ["InProgress"]
    group.api.complete_lifecycle_action(**group.about(hook, old), LifecycleActionResult="CONTINUE")
    assert group.refreshes() == ["Successful"]
    assert old not in group.instances()


def test_a_further_refresh_waits_until_the_first_is_cancelled(
    make: Make, scaled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the official provider, the wait fails after 15 minutes, and the state has the new inputs."""
    group = scaled(instanceRefresh={"strategy": "Rolling"})
    hook = make(HOOK, {"autoscalingGroupName": group.name, **TERMINATING})
    (old,) = group.instances()
    group.template.update({**group.launched, "instanceType": "t3.large"})
    inputs = {**group.inputs, "launchTemplate": {"id": group.template.id, "version": "2"}}
    updated = group.made.update(inputs)
    monkeypatch.setattr(CONDITIONS, "leaves_refresh", False)
    monkeypatch.setattr(instance_refresh, "_CANCELLED_WITHIN", 0.3)
    again = {**inputs, "launchTemplate": {"id": group.template.id, "version": "1"}}
    with pytest.raises(Incomplete, match=r"refresh cancel: timeout .*last state: 'Cancelling'") as error:
        updated.update(again)
    assert error.value.made.inputs["launchTemplate"]["version"] == "1"
    assert group.refreshes() == ["Cancelling"]
    group.api.complete_lifecycle_action(**group.about(hook, old), LifecycleActionResult="CONTINUE")
    assert group.refreshes() == ["Cancelled"]


def test_a_refresh_can_be_cancelled_without_waiting_for_an_instance(make: Make, scaled: Any) -> None:
    group = scaled(instanceRefresh={"strategy": "Rolling"})
    make(HOOK, {"autoscalingGroupName": group.name, **TERMINATING})
    (old,) = group.instances()
    group.template.update({**group.launched, "instanceType": "t3.large"})
    inputs = {**group.inputs, "launchTemplate": {"id": group.template.id, "version": "2"}}
    updated = group.made.update(inputs)
    group.api.cancel_instance_refresh(AutoScalingGroupName=group.name, WaitForTransitioningInstances=False)
    assert group.refreshes() == ["Cancelled"]
    assert group.instances()[old] == "Terminating:Wait"
    updated.update({**inputs, "launchTemplate": {"id": group.template.id, "version": "1"}})
    assert group.refreshes() == ["InProgress", "Cancelled"]


LAUNCHING = {"lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "defaultResult": "ABANDON"}
FIRST: dict[str, Any] = {
    "initialLifecycleHooks": [{"name": "boot", "heartbeatTimeout": 60, **LAUNCHING}],
    "instanceMaintenancePolicy": {"minHealthyPercentage": 100, "maxHealthyPercentage": 200},
    "instanceRefresh": {"strategy": "Rolling"},
    "defaultInstanceWarmup": 30,
}


def test_a_host_that_is_not_ready_never_replaces_another(
    scaled: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = scaled(**FIRST)
    (old,) = group.instances()
    monkeypatch.setattr(CONDITIONS, "ready_after", lambda *_: None)
    group.template.update({**group.launched, "instanceType": "t3.large"})
    updated = group.made.update({**group.inputs, "launchTemplate": {"id": group.template.id, "version": "2"}})
    assert sorted(group.instances().values()) == ["InService", "Pending:Wait"]
    clock.wait(61)
    assert len(group.instances()) == 2
    assert (group.instances()[old], group.refreshes()) == ("InService", ["InProgress"])
    clock.wait(3600)
    assert (group.instances(), group.refreshes()) == ({old: "InService"}, ["Failed"])
    # The host of the next change becomes ready.
    monkeypatch.setattr(CONDITIONS, "ready_after", lambda *_: 20)
    group.template.update({**group.launched, "instanceType": "t3.medium"})
    updated.update({**group.inputs, "launchTemplate": {"id": group.template.id, "version": "3"}})
    clock.wait(20)
    assert group.instances()[old] == "InService"
    clock.wait(30)
    assert group.versions() == {"InService": "3"}
    assert group.refreshes() == ["Successful", "Failed"]


def test_a_first_host_that_is_not_ready_fails_its_group(scaled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CONDITIONS, "ready_after", lambda *_: None)
    with pytest.raises(Incomplete, match=r"capacity satisfied: timeout .*want at least 1 healthy"):
        scaled(**FIRST, waitForCapacityTimeout="0.5s")


def test_a_launch_that_waits_for_a_deleted_hook_is_abandoned(
    scaled: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = scaled(**FIRST)
    monkeypatch.setattr(CONDITIONS, "ready_after", lambda *_: None)
    group.api.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=2)
    (pending,) = (each for each, state in group.instances().items() if state == "Pending:Wait")
    group.api.delete_lifecycle_hook(AutoScalingGroupName=group.name, LifecycleHookName="boot")
    assert pending not in group.instances()


NO_CAPACITY = "We currently do not have sufficient t3.small capacity in the Availability Zone you requested"


def test_a_zone_without_capacity_fails_a_group_unless_failures_are_ignored(
    scaled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = scaled().listed()
    monkeypatch.setattr(CONDITIONS, "unavailable", {first["AvailabilityZone"]: NO_CAPACITY})
    with pytest.raises(Incomplete, match=r"scaling activity .*do not have sufficient"):
        scaled()
    (elsewhere,) = scaled(ignoreFailedScalingActivities=True).listed()
    assert elsewhere["LifecycleState"] == "InService"
    assert elsewhere["AvailabilityZone"] != first["AvailabilityZone"]


def test_a_security_group_in_use_is_not_deleted(
    make: Make, scaled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the official provider, the deletion is retried for 15 minutes."""
    used = make("aws:ec2/securityGroup:SecurityGroup", {})
    group = scaled()
    group.template.update({**group.launched, "vpcSecurityGroupIds": [used.id]})
    group.made.update({**group.inputs, "launchTemplate": {"id": group.template.id, "version": "2"}})
    for each in group.instances():
        group.end(each)
    monkeypatch.setattr(security_group, "_RELEASED_WITHIN", 0.3)
    with pytest.raises(Exception, match=f"DependencyViolation.*{used.id} has a dependent object"):
        used.delete()
    group.made.delete()
    used.delete()
    assert used.read() is None


def test_an_unhealthy_instance_is_terminated_when_another_is_ready(
    scaled: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = scaled(**FIRST)
    (old,) = group.instances()
    monkeypatch.setattr(CONDITIONS, "ready_after", lambda *_: 20)
    group.api.set_instance_health(InstanceId=old, HealthStatus="Unhealthy")
    assert sorted(group.instances().values()) == ["InService", "Pending:Wait"]
    clock.wait(20)
    assert list(group.instances().values()) == ["InService"]
    assert old not in group.instances()


def test_a_refresh_keeps_protected_instances(scaled: Any) -> None:
    group = scaled(protectFromScaleIn=True, instanceRefresh={"strategy": "Rolling", "triggers": ["tag"]})
    before = group.instances()
    tags = [{"key": "a", "value": "1", "propagateAtLaunch": False}]
    group.made.update({**group.inputs, "tags": tags})
    assert (group.instances(), group.refreshes()) == (before, ["Successful"])


def test_a_trigger_must_be_a_property_in_terraforms_spelling(aws: Aws) -> None:
    refresh = {"strategy": "Rolling", "triggers": ["tags"]}
    inputs = {
        "minSize": 0,
        "maxSize": 1,
        "vpcZoneIdentifiers": ["subnet-1"],
        "launchTemplate": {"id": "lt-1"},
        "instanceRefresh": refresh,
    }
    _, failures = aws.check(GROUP, "x", {}, inputs, b"x")
    assert [failure.path for failure in failures] == ["instanceRefresh.triggers"]


def test_a_mixed_group_launches_the_first_type_that_it_names(scaled: Any, make: Make, aws: Aws) -> None:
    policy = {
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": scaled().template.id, "version": "$Latest"},
            "overrides": [{"instanceType": "c7i.large"}, {"instanceType": "c7a.large"}],
        }
    }
    group = scaled(launchTemplate=None, mixedInstancesPolicy=policy)
    (instance,) = group.instances()
    found = group.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert found["InstanceType"] == "c7i.large"
