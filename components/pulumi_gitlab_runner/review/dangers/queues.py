"""Jobs that no runner takes any more, or that lose their runner, and what to do when deploying."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, Phrase, named
from pulumi_gitlab_runner.review.names import natural
from pulumi_gitlab_runner.review.preview import UNCHANGED, UNKNOWN, Inputs, Preview, Step

_RUNNER = "gitlab:index/userRunner:UserRunner"
_FIXES = {
    "delete": (
        "before the old runner is deleted, pause it in GitLab and wait until its jobs have finished; "
        "otherwise they fail"
    ),
    "replace": (
        "increase the generation of the replaced runner and set keep_previous, so that its running jobs "
        "can finish"
    ),
}
_CHANGE = "change the tags of these jobs, or configure another runner for them"


@dataclass(frozen=True)
class _Queue:
    """The jobs that a runner takes.

    Attributes:
        scope: the group or project, such as ``group 42``, or ``the instance``.
        tags: the tags of the runner.
        untagged: whether the runner takes jobs without tags.
        protected: whether the runner takes only jobs of protected branches.
    """

    scope: str
    tags: frozenset[str]
    untagged: bool
    protected: bool

    def takes_all_of(self, other: "_Queue") -> bool:
        """Whether it contains all jobs of another queue."""
        return (
            self.scope in (other.scope, "the instance")
            and self.tags >= other.tags
            and self.untagged >= other.untagged
            and self.protected <= other.protected
        )

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """The description of the jobs."""
        tags = tuple(sorted(self.tags))
        which: tuple[Phrase, ...] = ((f"with the tag{'s' if len(tags) > 1 else ''}", tags),) if tags else ()
        return (("jobs of", (self.scope,)), *which)


def jobs_left_waiting(preview: Preview) -> Iterator[tuple[Step, Found]]:
    """The runners that stop taking jobs, with the runner of the stack that takes them instead, if any."""
    runners = [step for step in preview.steps if step.type == _RUNNER]
    others = {
        step.urn: _queue(step.new) for step in runners if step.new and step.new.get("paused") is not True
    }
    for step in runners:
        if step.operation in ("create", "import", *UNCHANGED) or not (step.old and step.is_managed):
            continue
        before, after = _queue(step.old), others.get(step.urn)
        if (after and after.takes_all_of(before)) or step.old.get("paused") is True:
            continue
        takers = (
            urn.split("::", 3)[3]
            for urn, each in others.items()
            if urn != step.urn and each.takes_all_of(before)
        )
        yield step, _waiting(step, before, min(takers, key=natural, default=None))


def _waiting(step: Step, before: _Queue, taker: str | None) -> Found:
    fix = _FIXES.get(step.operation)
    if taker is None:
        what = f"wait for another runner; {fix or _CHANGE}"
        yield DangerKind.QUEUE, (*before.phrases, (what, ()))
    elif fix:  # after a mere change, the other runner takes the jobs without any action
        yield DangerKind.QUEUE, (*before.phrases, ("run on the runner", (taker,)), (f"instead; {fix}", ()))


def _queue(inputs: Inputs) -> _Queue:
    tags: Any = inputs.get("tagLists") or ()
    return _Queue(
        _scope(inputs),
        frozenset(map(named, tags)) if isinstance(tags, list) else frozenset(),
        inputs.get("untagged") is True,
        inputs.get("accessLevel") == "ref_protected",
    )


def _scope(inputs: Inputs) -> str:
    for kind, key in (("group", "groupId"), ("project", "projectId")):
        if (number := inputs.get(key)) is not None:
            return f"{kind} {'not known yet' if number == UNKNOWN else _number(number)}"
    return "the instance"


def _number(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, float) and value < 1e15 else named(value)
