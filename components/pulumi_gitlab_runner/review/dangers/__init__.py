"""What is dangerous in a preview; one topic a module."""

from collections.abc import Callable

from pulumi_gitlab_runner.review.dangers.aws_protection import protection_lost
from pulumi_gitlab_runner.review.dangers.ci_variables import variable_dangers
from pulumi_gitlab_runner.review.dangers.danger import Danger, DangerKind, Found
from pulumi_gitlab_runner.review.dangers.gitlab_runners import runner_dangers
from pulumi_gitlab_runner.review.dangers.hosts import host_dangers
from pulumi_gitlab_runner.review.dangers.iam import rights_gained
from pulumi_gitlab_runner.review.dangers.losses import losses
from pulumi_gitlab_runner.review.dangers.network import network_opened
from pulumi_gitlab_runner.review.dangers.owners import owners_to_act
from pulumi_gitlab_runner.review.dangers.pull_through import upstreams_gained
from pulumi_gitlab_runner.review.preview import Preview, Step

__all__ = ["Danger", "DangerKind", "dangers"]

_LOOKS: tuple[Callable[[Step], Found], ...] = (
    losses,
    rights_gained,
    upstreams_gained,
    host_dangers,
    runner_dangers,
    network_opened,
    protection_lost,
    variable_dangers,
)
_COMPONENT_LOOKS: tuple[Callable[[Step], Found], ...] = (owners_to_act,)


def dangers(preview: Preview) -> list[Danger]:
    """The dangers of a preview, the kinds in the order of `DangerKind`."""
    found = [
        Danger(kind, step.type, step.name, told)
        for step in preview.changes
        for look in (_COMPONENT_LOOKS if step.is_component else _LOOKS)
        for kind, told in look(step)
    ]
    order = list(DangerKind)
    return sorted(found, key=lambda danger: order.index(danger.kind))
