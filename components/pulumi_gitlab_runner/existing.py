"""Existing resources with the name of a resource that is to be created.

AWS and GitLab refuse a second resource with the same name in the middle of an update. So each resource with a
fixed name has a hook that looks up the name before the resource is created, also in a preview, and reports
how to proceed. Pulumi runs the hook only for a creation: nothing is looked up for resources in the state.
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

_LOOK_UP_TIMEOUT_S = 15
"""Timeout of a look-up, in seconds. After an error of another resource, the engine may not answer a look-up
before all hooks have ended: look-ups wait for a provider that has not started yet. Source: pulumi/pulumi
3.258.0, pkg/resource/deploy: default_providers.go, `handleRequest`; deployment_executor.go waits for the
running steps, and so for their hooks."""
_LONGEST_WAIT_S = 10
_QUIET_S = 0.3


@dataclass
class _Hooks:
    """The hooks of this program.

    Attributes:
        registered: the number of hooks.
        running: the number of running hooks.
        last: the time at which a hook last started or ended, of the monotonic clock.
    """

    registered: int = 0
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

    Pulumi's SDK stops answering hooks before it reports the error of a program. To the engine, a hook without
    an answer has failed: it ends before it receives the program's error.
    """
    if _hooks.registered:
        _sync_await(_until_quiet())


async def _until_quiet() -> None:
    start = monotonic()
    while monotonic() < start + _LONGEST_WAIT_S and (
        _hooks.running or monotonic() < max(_hooks.last, start) + _QUIET_S
    ):
        await asyncio.sleep(0.02)


def stack_mark() -> str:
    """The mark of the resources of this stack: `PROJECT/STACK`."""
    return f"{pulumi.get_project()}/{pulumi.get_stack()}"


@dataclass(frozen=True)
class Existing:
    """An existing resource with the name of one that is to be created.

    Attributes:
        what: its description, such as `the CI variable REGION of project 7`.
        identity: its id for `pulumi import`.
        ours: whether this stack created it: an update was interrupted before it saved the state, or the state
            was lost.
        instead: the alternative to `pulumi import`; empty if there is none.
    """

    what: str
    identity: str
    ours: bool = False
    instead: str = ""


LookUp = Callable[[Mapping[str, Any]], Existing | None]
"""Looks up an existing resource by the inputs that are known and not secret. An exception means: not
found."""


def unless_existing(
    kind: str, name: str, look_up: LookUp, parent: pulumi.Resource
) -> pulumi.ResourceHookBinding | None:
    """A hook that fails the creation of a resource if one with the same name already exists.

    In a preview, an existing resource of this stack is only a warning: it may be about to be replaced.

    Args:
        kind: the kind of the resource, such as `log group`.
        name: the name of the resource.
        look_up: looks up the existing resource.
        parent: the parent component of the resource.

    Returns:
        The binding for `hooks` of the resource's options; None under Pulumi's mocks, which run no hooks.
    """
    if isinstance(get_monitor(), MockMonitor):
        return None

    async def look(args: pulumi.ResourceHookArgs) -> None:
        with _hooks.run():
            await look_and_report(args)

    async def look_and_report(args: pulumi.ResourceHookArgs) -> None:
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

    _hooks.registered += 1
    hook = pulumi.ResourceHook(
        f"no {kind} yet in the place of {name} ({type(parent).__name__})",
        look,
        pulumi.ResourceHookOptions(on_dry_run=True),
    )
    return pulumi.ResourceHookBinding(before_create=[hook])


async def _within_bounds(look_up: LookUp, known: Mapping[str, Any]) -> Existing | None:
    """The result of a look-up; None if it fails or times out.

    A look-up waits for its answer within the event loop, so it cannot be cancelled: it runs as a separate
    task, which continues after the timeout.
    """

    async def look() -> Existing | None:
        return look_up(known)

    task = asyncio.ensure_future(look())
    await asyncio.wait({task}, timeout=_LOOK_UP_TIMEOUT_S)
    # A provider raises an exception if nothing is found, or if it has no permission to look it up.
    if not task.done() or task.exception():
        return None
    return task.result()


def refusal(found: Existing, type_: str, name: str, parent: str) -> str:
    """The message about the existing resource, with the command that imports it.

    Args:
        found: the existing resource.
        type_: the type of the resource that is to be created.
        name: the name of that resource.
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
