"""The messages about an existing resource in the place of one that is to be created."""

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


def message(found: Existing) -> str:
    return refusal(found, "gitlab:index/groupVariable:GroupVariable", "ci-group-42-KEY", PARENT)


def test_the_message_about_a_resource_of_another_origin() -> None:
    assert message(Existing("the CI variable KEY", "42:KEY:*", instead="declare `adopt: true`;")) == (
        f"the CI variable KEY exists already\n  fix: declare `adopt: true`;\n       or import it: {COMMAND}"
    )


def test_the_message_about_a_resource_of_the_stack() -> None:
    assert message(Existing("the log group /x", "42:KEY:*", ours=True)) == (
        "the log group /x exists already; it has the mark of this stack, but is not in its state\n"
        f"  fix: import it:\n       {COMMAND}"
    )


def result_of(look: Coroutine[Any, Any, Existing | None]) -> Existing | None:
    """The result of a look-up, run in its own loop, since Pulumi's mocks use that of the thread."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(look)
    finally:
        loop.close()


def test_a_look_up_without_an_answer_does_not_block_its_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine may answer only after the hook has ended, as in this test."""
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

    assert result_of(engine()) is None


def test_a_failed_look_up_finds_nothing() -> None:
    def look_up(_inputs: Mapping[str, Any]) -> Existing:
        raise ValueError("no such repository")

    assert result_of(existing._within_bounds(look_up, {})) is None
