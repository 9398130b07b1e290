"""Lifecycle hooks, which hold an instance of an Auto Scaling group back while it is launched or ended.

Source of the properties and of what replaces: the official provider's
``internal/service/autoscaling/lifecycle_hook.go``.
"""

from collections.abc import Mapping

from sandbox.providers.aws.resource import REGION, AwsResource
from sandbox.providers.aws.shapes import from_api, to_api
from sandbox.standin.properties import Number, Property, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties

HOOK: Mapping[str, Property] = {
    "name": Text(
        required=True,
        replaces=True,
        maximum_length=255,
        pattern=r"[A-Za-z0-9\-_/]+",
        pattern_meaning="letters, digits, -, _ and /",
        service_name="LifecycleHookName",
    ),
    "lifecycleTransition": Text(
        required=True,
        one_of=("autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"),
    ),
    "defaultResult": Text(computed=True, one_of=("CONTINUE", "ABANDON")),
    # The official provider leaves this default to the service, and shows it as a change for ever.
    "heartbeatTimeout": Number(default=3600, minimum=30, maximum=7200),
    "notificationMetadata": Text(),
    "notificationTargetArn": Text(
        pattern="arn:.+", pattern_meaning="an ARN", service_name="NotificationTargetARN"
    ),
    "roleArn": Text(pattern="arn:.+", pattern_meaning="an ARN", service_name="RoleARN"),
}
"""A hook's properties, in seconds where they are a time; also those of a group's initial hooks."""


class LifecycleHook(AwsResource):
    """A lifecycle hook. Its id is its name; to import it, ``GROUP/NAME``."""

    token = "aws:autoscaling/lifecycleHook:LifecycleHook"
    service = "autoscaling"
    automatic_name = AutomaticName()
    inputs = {"autoscalingGroupName": Text(required=True), **HOOK, **REGION}

    @classmethod
    def identify(cls, resource_id: str) -> tuple[str, Properties]:
        """The group is named before the hook."""
        proper, told = super().identify(resource_id)
        group, _, name = proper.partition("/")
        return name, {**told, "autoscalingGroupName": group}

    def create(self, inputs: Properties) -> str:
        """Put the hook on the group."""
        self.client.put_lifecycle_hook(
            AutoScalingGroupName=inputs["autoscalingGroupName"], **to_api(HOOK, inputs)
        )
        return str(inputs["name"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The hook as it is now."""
        group = known["autoscalingGroupName"]
        found = self.client.describe_lifecycle_hooks(
            AutoScalingGroupName=group, LifecycleHookNames=[resource_id]
        )["LifecycleHooks"]
        return {"autoscalingGroupName": group, **from_api(HOOK, found[0])} if found else None

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Put the hook again; like the official provider, on another group without leaving the first."""
        self.create(new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the hook; what it holds back goes on."""
        if self.describe(resource_id, state):
            self.client.delete_lifecycle_hook(
                AutoScalingGroupName=state["autoscalingGroupName"], LifecycleHookName=resource_id
            )
