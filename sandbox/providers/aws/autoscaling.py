"""Auto Scaling groups.

Source of the properties and of replacements: the official provider's
``internal/service/autoscaling/group.go``.
"""

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.providers.aws import instance_refresh
from sandbox.providers.aws.lifecycle_hook import HOOK
from sandbox.providers.aws.resource import REGION, AwsResource, exactly_one
from sandbox.providers.aws.shapes import from_api, to_api
from sandbox.standin.properties import Failure, Flag, ListOf, Number, Object, Property, SetOf, Text
from sandbox.standin.provider import AutomaticName, Refused
from sandbox.standin.values import Properties

_SPECIFICATION = {
    "launchTemplateId": Text(computed=True),
    "version": Text(computed=True),
}

_MIXED_INSTANCES = {
    "instancesDistribution": Object(
        {
            "onDemandAllocationStrategy": Text(computed=True, one_of=("prioritized", "lowest-price")),
            "onDemandBaseCapacity": Number(computed=True, minimum=0),
            "onDemandPercentageAboveBaseCapacity": Number(computed=True, minimum=0, maximum=100),
            "spotAllocationStrategy": Text(
                computed=True,
                one_of=(
                    "lowest-price",
                    "capacity-optimized",
                    "capacity-optimized-prioritized",
                    "price-capacity-optimized",
                ),
            ),
        },
        computed=True,
    ),
    "launchTemplate": Object(
        {
            "launchTemplateSpecification": Object(_SPECIFICATION, required=True),
            "overrides": ListOf(Object({"instanceType": Text()}), computed=True),
        },
        required=True,
    ),
}

_DIRECT: Mapping[str, Property] = {
    "minSize": Number(required=True, minimum=0),
    "maxSize": Number(required=True, minimum=0),
    "desiredCapacity": Number(computed=True, minimum=0),
    "defaultInstanceWarmup": Number(minimum=0),
    "healthCheckGracePeriod": Number(default=300, minimum=0),
    "healthCheckType": Text(computed=True),
    "instanceMaintenancePolicy": Object(
        {"maxHealthyPercentage": Number(required=True), "minHealthyPercentage": Number(required=True)}
    ),
    "launchTemplate": Object(
        {
            "id": Text(computed=True, service_name="LaunchTemplateId"),
            "name": Text(computed=True, service_name="LaunchTemplateName"),
            "version": Text(computed=True),
        },
        computed=True,
    ),
    "mixedInstancesPolicy": Object(_MIXED_INSTANCES, computed=True),
    "protectFromScaleIn": Flag(default=False, service_name="NewInstancesProtectedFromScaleIn"),
}
"""The properties that have the same names in requests and responses of the API."""

_WHAT_IS_LAUNCHED = ("launchTemplate", "mixedInstancesPolicy")

_DRAINED_WITHIN = 600
"""The official provider's default timeout of the deletion of a group's instances, in seconds."""


class Group(AwsResource):
    """An Auto Scaling group. Its id is its name."""

    token = "aws:autoscaling/group:Group"
    service = "autoscaling"
    automatic_name = AutomaticName()
    inputs = {
        "name": Text(replaces=True),
        **_DIRECT,
        "vpcZoneIdentifiers": SetOf(Text(), required=True),
        "suspendedProcesses": SetOf(Text()),
        "tags": SetOf(
            Object(
                {
                    "key": Text(required=True),
                    "value": Text(required=True),
                    "propagateAtLaunch": Flag(required=True),
                }
            )
        ),
        "instanceRefresh": Object(instance_refresh.PROPERTIES),
        "initialLifecycleHooks": SetOf(Object(HOOK), replaces=True),
        "waitForCapacityTimeout": Text(
            default="10m", pattern=r"0|(\d+(\.\d+)?(h|m|s))+", pattern_meaning="a duration as 10m or 90s"
        ),
        "forceDelete": Flag(default=False),
        "ignoreFailedScalingActivities": Flag(default=False),
        **REGION,
    }
    outputs = {"arn": Text()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """Exactly one of launchTemplate and mixedInstancesPolicy, and consistent sizes."""
        yield from exactly_one(inputs, *_WHAT_IS_LAUNCHED)
        yield from instance_refresh.validate(inputs, cls.inputs)
        least, most = inputs.get("minSize"), inputs.get("maxSize")
        wanted = inputs.get("desiredCapacity", least)
        if isinstance(least, int) and isinstance(most, int) and isinstance(wanted, int):
            if least > most:
                yield Failure("minSize", f"{least} is not allowed; allowed is at most maxSize, {most}")
            elif not least <= wanted <= most:
                allowed = f"from minSize, {least}, to maxSize, {most}"
                yield Failure("desiredCapacity", f"{wanted} is not allowed; allowed is {allowed}")

    def create(self, inputs: Properties) -> str:
        """Create the group; with initial lifecycle hooks, without instances."""
        name = str(inputs["name"])
        empty = {"minSize": 0, "maxSize": 0, "desiredCapacity": None}
        self.client.create_auto_scaling_group(
            AutoScalingGroupName=name,
            **self._direct({**inputs, **(empty if inputs.get("initialLifecycleHooks") else {})}),
            VPCZoneIdentifier=",".join(inputs["vpcZoneIdentifiers"]),
            Tags=[_tag(name, tag) for tag in inputs.get("tags") or ()],
        )
        return name

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Create the initial lifecycle hooks, wait for the instances, and suspend processes."""
        if hooks := inputs.get("initialLifecycleHooks"):
            for hook in hooks:
                self.call("PutLifecycleHook", hook, HOOK, AutoScalingGroupName=resource_id)
            self._update_group(resource_id, inputs, {"minSize", "maxSize", "desiredCapacity"})
        self._wait_for_capacity(resource_id, inputs, since=datetime.now(UTC))
        self._suspend(resource_id, [], inputs.get("suspendedProcesses") or [])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        live = self._find(resource_id)
        if live is None:
            return None
        if live.get("MixedInstancesPolicy"):
            # The launch template is part of the mixed instances policy.
            live.pop("LaunchTemplate", None)
        return {
            "name": live["AutoScalingGroupName"],
            **from_api(_DIRECT, live),
            "vpcZoneIdentifiers": [zone for zone in (live.get("VPCZoneIdentifier") or "").split(",") if zone],
            "suspendedProcesses": [one["ProcessName"] for one in live.get("SuspendedProcesses") or ()],
            "tags": [
                {"key": tag["Key"], "value": tag["Value"], "propagateAtLaunch": tag["PropagateAtLaunch"]}
                for tag in live.get("Tags") or ()
            ],
            "arn": live["AutoScalingGroupARN"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Update the group; with ``instanceRefresh``, start an instance refresh if required."""
        if changed & {*_DIRECT, "vpcZoneIdentifiers"}:
            self._update_group(resource_id, new, changed)
        if "tags" in changed:
            self._retag(resource_id, old.get("tags") or [], new.get("tags") or [])
        if "suspendedProcesses" in changed:
            self._suspend(
                resource_id, old.get("suspendedProcesses") or [], new.get("suspendedProcesses") or []
            )
        refresh = new.get("instanceRefresh")
        if refresh and (changed & {*_WHAT_IS_LAUNCHED} or instance_refresh.is_triggered(refresh, changed)):
            instance_refresh.start(self, resource_id, refresh)
        if changed & {"minSize", "desiredCapacity"}:
            self._wait_for_capacity(resource_id, new, since=datetime.now(UTC))

    def remove(self, resource_id: str, state: Properties) -> None:
        """Terminate the instances, then delete the group; with ``forceDelete`` in one step."""
        live = self._find(resource_id)
        if live is None:
            return
        if not state.get("forceDelete"):
            self._drain(resource_id, live)
        self.client.delete_auto_scaling_group(
            AutoScalingGroupName=resource_id, ForceDelete=bool(state.get("forceDelete"))
        )

    def _find(self, name: str) -> Any:
        found = self.client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return next(iter(found["AutoScalingGroups"]), None)

    def _direct(self, inputs: Properties) -> dict[str, Any]:
        return to_api(_DIRECT, inputs, self.shape("CreateAutoScalingGroup"))

    def _update_group(self, name: str, new: Properties, changed: set[str]) -> None:
        # A removed number is reset to the service's default.
        unset = {"defaultInstanceWarmup": -1}
        values = {key: new.get(key, unset.get(key)) for key in changed}
        if "instanceMaintenancePolicy" in changed and not new.get("instanceMaintenancePolicy"):
            values["instanceMaintenancePolicy"] = {"maxHealthyPercentage": -1, "minHealthyPercentage": -1}
        zones = {"VPCZoneIdentifier": ",".join(new["vpcZoneIdentifiers"])}
        self.client.update_auto_scaling_group(
            AutoScalingGroupName=name,
            **self._direct(values),
            **(zones if "vpcZoneIdentifiers" in changed else {}),
        )

    def _drain(self, name: str, live: Any) -> None:
        """Terminate all instances, and wait for those that wait at a lifecycle hook."""
        protected = [one["InstanceId"] for one in live["Instances"] if one["ProtectedFromScaleIn"]]
        if protected:
            self.client.set_instance_protection(
                AutoScalingGroupName=name, InstanceIds=protected, ProtectedFromScaleIn=False
            )
        self.client.update_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=0, MaxSize=0, DesiredCapacity=0
        )
        patience = self.timeout or _DRAINED_WITHIN
        deadline = time.monotonic() + patience
        while left := [one["InstanceId"] for one in self._find(name)["Instances"]]:
            if time.monotonic() > deadline:
                raise Refused(f"after {patience:.0f} seconds there are still instances: {', '.join(left)}")
            time.sleep(0.2)

    def _retag(self, name: str, old: list[Properties], new: list[Properties]) -> None:
        keys = {tag["key"] for tag in new}
        gone = [_tag(name, tag) for tag in old if tag["key"] not in keys]
        if gone:
            self.client.delete_tags(Tags=gone)
        if new:
            self.client.create_or_update_tags(Tags=[_tag(name, tag) for tag in new])

    def _suspend(self, name: str, old: list[str], new: list[str]) -> None:
        if resumed := sorted({*old} - {*new}):
            self.client.resume_processes(AutoScalingGroupName=name, ScalingProcesses=resumed)
        if suspended := sorted({*new} - {*old}):
            self.client.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=suspended)

    def _wait_for_capacity(self, name: str, inputs: Properties, since: datetime) -> None:
        """Wait until the desired number of instances is in service; a failed launch is an error."""
        wanted = inputs.get("desiredCapacity") or inputs["minSize"]
        waited = inputs["waitForCapacityTimeout"]
        if not _seconds(waited):
            return
        deadline = time.monotonic() + _seconds(waited)
        while time.monotonic() < deadline:
            if not inputs.get("ignoreFailedScalingActivities"):
                self._refuse_failed(name, since)
            live = self._find(name)
            ready = [
                one
                for one in (live["Instances"] if live else ())
                if one["LifecycleState"] == "InService" and one["HealthStatus"] == "Healthy"
            ]
            if len(ready) >= wanted:
                return
            time.sleep(0.2)
        raise Refused(
            f"waiting for Auto Scaling Group ({name}) capacity satisfied: timeout while waiting for state to "
            f"become 'ok' (last state: 'want at least {wanted} healthy instance(s) in Auto Scaling Group', "
            f"timeout: {waited})"
        )

    def _refuse_failed(self, name: str, since: datetime) -> None:
        for one in self.client.describe_scaling_activities(AutoScalingGroupName=name)["Activities"]:
            # A new instance profile is eventually consistent; the launch is retried.
            message = one.get("StatusMessage", "")
            failed = one["StatusCode"] == "Failed" and "Invalid IAM Instance Profile" not in message
            if failed and one["StartTime"] + timedelta(seconds=1) >= since:
                raise Refused(f"scaling activity ({one['ActivityId']}): Failed: {message}")


def _tag(group: str, tag: Properties) -> dict[str, Any]:
    return {
        "ResourceId": group,
        "ResourceType": "auto-scaling-group",
        "Key": tag["key"],
        "Value": tag["value"],
        "PropagateAtLaunch": tag["propagateAtLaunch"],
    }


def _seconds(duration: str) -> float:
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(
        float(number) * units[unit] for number, _, unit in re.findall(r"(\d+(\.\d+)?)(h|m|s)", duration)
    )
