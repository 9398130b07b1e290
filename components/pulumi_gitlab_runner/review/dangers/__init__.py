"""The dangers in a preview; one module for each topic."""

from collections.abc import Callable, Iterator

from pulumi_gitlab_runner.review.dangers.aws_protection import protection_lost
from pulumi_gitlab_runner.review.dangers.ci_variables import variable_dangers
from pulumi_gitlab_runner.review.dangers.danger import PLAINLY_DELETED, Danger, DangerKind, Found
from pulumi_gitlab_runner.review.dangers.deletions import deletions
from pulumi_gitlab_runner.review.dangers.gitlab_runners import runner_dangers
from pulumi_gitlab_runner.review.dangers.hosts import host_dangers
from pulumi_gitlab_runner.review.dangers.iam import rights_gained
from pulumi_gitlab_runner.review.dangers.network import network_opened
from pulumi_gitlab_runner.review.dangers.owners import owners_of_replaced_roles, owners_to_act
from pulumi_gitlab_runner.review.dangers.pull_through import upstreams_gained
from pulumi_gitlab_runner.review.dangers.queues import jobs_left_waiting
from pulumi_gitlab_runner.review.host_state import host_changes
from pulumi_gitlab_runner.review.names import natural
from pulumi_gitlab_runner.review.preview import Preview, Step

__all__ = ["Danger", "DangerKind", "dangers"]

_LOOKS: tuple[Callable[[Step], Found], ...] = (
    deletions,
    rights_gained,
    upstreams_gained,
    runner_dangers,
    network_opened,
    protection_lost,
    variable_dangers,
)
_COMPONENT_LOOKS: tuple[Callable[[Step], Found], ...] = (owners_to_act,)
_WHOLE_LOOKS: tuple[Callable[[Preview], Iterator[tuple[Step, Found]]], ...] = (
    jobs_left_waiting,
    owners_of_replaced_roles,
)


def dangers(preview: Preview) -> list[Danger]:
    """The dangers in the order of the note: by kind, existing resources before new ones, then by name."""
    found = [
        (step, look(step))
        for step in preview.changes
        if step.is_managed
        for look in (_COMPONENT_LOOKS if step.is_component else _LOOKS)
    ]
    found += [(host.step, host_dangers(host)) for host in host_changes(preview)]
    found += [each for look in _WHOLE_LOOKS for each in look(preview)]
    listed = [
        Danger(kind, step.type, step.name, phrases, step.operation in ("create", "import"))
        for step, each in found
        for kind, phrases in each
    ]
    order = list(DangerKind)
    return sorted(
        listed,
        key=lambda each: (
            order.index(each.kind),
            each.phrases == PLAINLY_DELETED,
            each.is_new,
            natural(each.name),
        ),
    )
