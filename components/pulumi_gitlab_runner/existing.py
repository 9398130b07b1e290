"""Existing resources in the place of one with a fixed name.

AWS and GitLab refuse a second resource of the same name in the middle of an update. So each such resource has
a hook that looks for the first one before the resource is created, in a preview too, and says how to go on.
Pulumi runs the hook for a creation alone: for what is in the state, nothing is asked.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.rpc import UNKNOWN
from pulumi.runtime.settings import get_monitor
from pulumi.runtime.sync_await import _sync_await

_LONGEST_LOOK_S = 15
"""In seconds. After the error of another resource, the engine may answer no look-up before all hooks have
ended: where a provider is to be started just then, look-ups wait for it. Source: pulumi/pulumi 3.258.0,
pkg/resource/deploy: default_providers.go, `handleRequest`; deployment_executor.go waits for the steps that
run, and so for their hooks."""
_LONGEST_WAIT_S = 10
_QUIET_S = 0.3


@dataclass
class _Hooks:
    """The hooks of this program: how many there are and run, and when the last one began or ended."""

    made: int = 0
    running: int = 0
    last: float = 0

    @contextmanager
    def run(self) -> Iterator[None]:
        self.running, self.last = self.running + 1, monotonic()
        try:
            yield
        finally:
            self.running, self.last = self.running - 1, monotonic()


_hooks = _Hooks()


def wait_for_hooks() -> None:
    """Wait for running hooks before the program ends with an error.

    Pulumi stops answering hooks before it reports the error of a program. The engine takes a hook without an
    answer for a failure, and ends before it has heard what was wrong.
    """
    if _hooks.made:
        _sync_await(_until_quiet())


async def _until_quiet() -> None:
    start = monotonic()
    while monotonic() < start + _LONGEST_WAIT_S and (
        _hooks.running or monotonic() < max(_hooks.last, start) + _QUIET_S
    ):
        await asyncio.sleep(0.02)


def stack_mark() -> str:
    """The mark of everything that this stack creates: `PROJECT/STACK`."""
    return f"{pulumi.get_project()}/{pulumi.get_stack()}"


@dataclass(frozen=True)
class Existing:
    """An existing resource in the place of one that is to be created.

    Attributes:
        what: what it is, such as `the CI variable REGION of project 7`.
        identity: its id, as `pulumi import` takes it.
        ours: whether this stack made it: an update lost its answer, or the state is gone.
        instead: what helps besides `pulumi import`.
    """

    what: str
    identity: str
    ours: bool = False
    instead: str = ""


LookUp = Callable[[Mapping[str, Any]], Existing | None]
"""Looks for what exists, by the inputs that are known and no secrets. Any exception means: nothing."""


def unless_existing(
    kind: str, name: str, look_up: LookUp, parent: pulumi.Resource
) -> pulumi.ResourceHookBinding | None:
    """The hook of a resource that refuses to be created beside what exists already.

    What this stack itself made is only warned of in a preview: it may be about to be replaced.

    Args:
        kind: what kind of resource it is, such as `log group`.
        name: of the resource.
        look_up: asks for what exists.
        parent: the component that the resource belongs to.

    Returns:
        The binding for `hooks` of the resource's options; None under Pulumi's mocks, which run no hooks.
    """
    if isinstance(get_monitor(), MockMonitor):
        return None

    async def look(args: pulumi.ResourceHookArgs) -> None:
        with _hooks.run():
            await look_and_tell(args)

    async def look_and_tell(args: pulumi.ResourceHookArgs) -> None:
        inputs = args.new_inputs or {}
        known = {
            key: each
            for key, each in inputs.items()
            if not isinstance(each, pulumi.Output) and each != UNKNOWN
        }
        found = await _within_bounds(look_up, known)
        if found is None:
            return
        message = refusal(found, args.type, args.name, str(await parent.urn.future()))
        if found.ours and pulumi.runtime.is_dry_run():
            pulumi.log.warn(message, parent)
        else:
            raise pulumi.RunError(message)

    _hooks.made += 1
    hook = pulumi.ResourceHook(
        f"no {kind} yet in the place of {name} ({type(parent).__name__})",
        look,
        pulumi.ResourceHookOptions(on_dry_run=True),
    )
    return pulumi.ResourceHookBinding(before_create=[hook])


async def _within_bounds(look_up: LookUp, known: Mapping[str, Any]) -> Existing | None:
    """The result of a look-up; none where it fails, or takes too long.

    A look-up waits for its answer within the event loop, so it cannot be cancelled: it runs as a task beside
    the one that gives up.
    """

    async def look() -> Existing | None:
        return look_up(known)

    task = asyncio.ensure_future(look())
    await asyncio.wait({task}, timeout=_LONGEST_LOOK_S)
    # An exception is how a provider says that there is nothing, or that it may not look.
    if not task.done() or task.exception():
        return None
    return task.result()


def refusal(found: Existing, type_: str, name: str, parent: str) -> str:
    """The message about the existing resource, with the command that imports it.

    Args:
        found: what was found.
        type_: of the resource that is to be created.
        name: of that resource.
        parent: the URN of its parent.
    """
    whose = "; it has the mark of this stack, but is not in its state" if found.ours else ""
    command = (
        f"pulumi import --protect=false --generate-code=false --parent 'parent={parent}' "
        f"'{type_}' '{name}' '{found.identity}'"
    )
    lines = [f"{found.what} exists already{whose}", f"  fix: {found.instead or 'import it:'}"]
    lines.append(f"       {'or import it: ' if found.instead else ''}{command}")
    return "\n".join(lines)
