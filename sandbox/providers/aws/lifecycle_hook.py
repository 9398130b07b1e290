"""Lifecycle hooks, at which an instance of an Auto Scaling group waits while it launches or terminates.

Source of the properties and of replacements: the official provider's
``internal/service/autoscaling/lifecycle_hook.go``.
"""

from collections.abc import Mapping

from sandbox.providers.aws.resource import REGION
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Number, Property, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties

HOOK: Mapping[str, Property] = {
    "name": Text(required=True, replaces=True, service_name="LifecycleHookName"),
    "lifecycleTransition": Text(
        required=True, one_of=("autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING")
    ),
    "defaultResult": Text(computed=True, one_of=("CONTINUE", "ABANDON")),
    "heartbeatTimeout": Number(minimum=30, maximum=7200),
}
"""The properties of a hook, also of a group's initial hooks; the timeout is in seconds."""


class LifecycleHook(TableResource):
    """A lifecycle hook. Its id is its name; to import it, ``GROUP/NAME``.

    As in the official provider, a change of the group does not delete the hook of the old group.
    The official provider has no default for ``heartbeatTimeout``, and always shows the service's as a change.
    """

    token = "aws:autoscaling/lifecycleHook:LifecycleHook"
    service = "autoscaling"
    automatic_name = AutomaticName()
    inputs = {
        "autoscalingGroupName": Text(required=True),
        **HOOK,
        "heartbeatTimeout": Number(default=3600, minimum=30, maximum=7200),
        **REGION,
    }
    makes, shows, removes = "PutLifecycleHook", "DescribeLifecycleHooks", "DeleteLifecycleHook"
    identity, separator, place = ("autoscalingGroupName", "name"), "", "LifecycleHooks"

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        self.create(new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the hook; waiting instances continue."""
        if self.find(resource_id, state):
            super().remove(resource_id, state)
