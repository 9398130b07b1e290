"""What is said of what exists already in the place of a resource that is to be created."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import pytest
from pulumi.runtime.sync_await import _sync_await
from pulumi_gitlab_runner import existing
from pulumi_gitlab_runner.existing import Existing, refusal

PARENT = "urn:pulumi:prod::gitlab-runner::gitlab-runner:index:CiVariables::ci"
COMMAND = (
    "pulumi import --protect=false --generate-code=false "
    f"--parent 'parent={PARENT}' 'gitlab:index/groupVariable:GroupVariable' 'ci-group-42-KEY' '42:KEY:*'"
)


def told(found: Existing) -> str:
    return refusal(found, "gitlab:index/groupVariable:GroupVariable", "ci-group-42-KEY", PARENT)


def test_what_somebody_else_made() -> None:
    assert told(Existing("the CI variable KEY", "42:KEY:*", instead="declare `adopt: true`;")) == (
        f"the CI variable KEY exists already\n  fix: declare `adopt: true`;\n       or import it: {COMMAND}"
    )


def test_what_the_stack_itself_made() -> None:
    assert told(Existing("the log group /x", "42:KEY:*", ours=True)) == (
        "the log group /x exists already; it has the mark of this stack, but is not in its state\n"
        f"  fix: import it:\n       {COMMAND}"
    )


def ended(look: Coroutine[Any, Any, Existing | None]) -> Existing | None:
    """What a look-up finds, in a loop of its own: Pulumi's mocks keep the thread's."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(look)
    finally:
        loop.close()


def test_a_look_up_that_is_not_answered_holds_up_no_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine may answer only after the hook: as here, where the answer waits for it."""
    monkeypatch.setattr(existing, "_LOOK_UP_TIMEOUT_S", 0.05)
    hook_ended = asyncio.Event()

    def look_up(_inputs: Mapping[str, Any]) -> Existing:
        _sync_await(hook_ended.wait())
        return Existing("too late", "")

    async def engine() -> Existing | None:
        try:
            return await asyncio.wait_for(existing._within_bounds(look_up, {}), 5)
        finally:
            hook_ended.set()
            await asyncio.sleep(0)

    assert ended(engine()) is None


def test_a_look_up_that_fails_has_found_nothing() -> None:
    def look_up(_inputs: Mapping[str, Any]) -> Existing:
        raise ValueError("no such repository")

    assert ended(existing._within_bounds(look_up, {})) is None
