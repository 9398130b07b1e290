"""Each look-up of existing resources: its calls to AWS or GitLab, and its result."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_gitlab as gitlab
import pytest
from pulumi.runtime.mocks import MockCallArgs
from pulumi.runtime.rpc import UNKNOWN
from pulumi_gitlab_runner import CiVariables, existing
from pulumi_gitlab_runner.aws import existing as in_aws
from pulumi_gitlab_runner.existing import Existing, unless_existing
from pulumi_gitlab_runner.gitlab import ci_variables

from tests.components.recording import Cloud, run

MINE, OTHERS = {"gitlab-runner-stack": "gitlab-runner/sandbox"}, {"gitlab-runner-stack": "other/sandbox"}
PROVIDER_ARN = "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com"
ADOPT = "declare `adopt: true` for it, which imports it unchanged;"
USE = f"declare `identity_provider: {PROVIDER_ARN}` for the role, which uses it unchanged;"
RULE = {
    "ids": ["sgr-1"],
    "isEgress": True,
    "ipProtocol": "tcp",
    "cidrIpv4": "10.0.0.0/8",
    "fromPort": 443,
    "toPort": 443,
}
RULE_INPUTS = {
    "securityGroupId": "sg-1",
    "ipProtocol": "tcp",
    "cidrIpv4": "10.0.0.0/8",
    "fromPort": 443,
    "toPort": 443,
}
FOUND_RULE = Existing("the egress rule sgr-1 of the security group sg-1", "sgr-1")


@dataclass(frozen=True)
class Case:
    """A look-up.

    Attributes:
        kind: the kind of resource that its hook is for.
        hook: creates its hook.
        inputs: of the resource that is to be created.
        called: the functions that are called, with their arguments.
        answer: the result of each of them.
        found: the result of the look-up.
    """

    kind: str
    hook: Callable[[str, pulumi.Resource], Any]
    inputs: dict[str, Any]
    called: dict[str, dict[str, Any]]
    answer: dict[str, Any]
    found: Existing | None


def group_tags(tags: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": each, "propagateAtLaunch": True} for key, each in tags.items()]


def repository(inputs: dict[str, Any], tags: dict[str, str], found: Existing) -> Case:
    called = {"getRepository": inputs}
    return Case("repository", in_aws.unless_repository, inputs, called, inputs | {"tags": tags}, found)


def rule(inputs: dict[str, Any], answer: dict[str, Any], *, found: bool) -> Case:
    return Case(
        "egress rule",
        in_aws.unless_egress_rule,
        RULE_INPUTS | inputs,
        {
            "getSecurityGroupRules": {"filters": [{"name": "group-id", "values": ["sg-1"]}]},
            "getSecurityGroupRule": {"securityGroupRuleId": "sgr-1"},
        },
        RULE | answer,
        FOUND_RULE if found else None,
    )


CASES: dict[str, Case] = {
    "a repository": repository(
        {"name": "ci/base"}, OTHERS, Existing("the ECR repository ci/base", "ci/base", False, ADOPT)
    ),
    "a repository of another region": repository(
        {"name": "ci/base", "region": "us-east-1"},
        MINE,
        Existing("the ECR repository ci/base", "ci/base@us-east-1", True, ADOPT),
    ),
    "a provider": Case(
        "OpenID Connect provider",
        in_aws.unless_identity_provider,
        {"url": "https://gitlab.example.com"},
        {"getOpenIdConnectProvider": {"url": "https://gitlab.example.com"}},
        {"arn": PROVIDER_ARN},
        Existing(
            "the account's OpenID Connect provider for https://gitlab.example.com",
            PROVIDER_ARN,
            False,
            USE,
        ),
    ),
    "an alias": Case(
        "alias",
        in_aws.unless_alias,
        {"name": "alias/a/b/ci"},
        {"getAlias": {"name": "alias/a/b/ci"}},
        {"name": "alias/a/b/ci"},
        Existing("the KMS alias alias/a/b/ci", "alias/a/b/ci", True),
    ),
    "a log group": Case(
        "log group",
        in_aws.unless_log_group,
        {"name": "/a/b/build"},
        {"getLogGroup": {"name": "/a/b/build"}},
        {"name": "/a/b/build", "tags": MINE},
        Existing("the log group /a/b/build", "/a/b/build", True),
    ),
    "a parameter": Case(
        "parameter",
        in_aws.unless_parameter,
        {"name": "/a/b/base"},
        {"getParameter": {"name": "/a/b/base", "withDecryption": False}},
        {"name": "/a/b/base"},
        Existing("the parameter /a/b/base", "/a/b/base", True),
    ),
    "a fleet's group": Case(
        "group",
        in_aws.unless_group,
        {"name": "a-b-burst"},
        {"getGroup": {"name": "a-b-burst"}},
        {"name": "a-b-burst", "tags": group_tags(MINE)},
        Existing("the Auto Scaling group a-b-burst", "a-b-burst", True),
    ),
    "another stack's fleet with the same name": Case(
        "group",
        in_aws.unless_group,
        {"name": "a-b-burst"},
        {"getGroup": {"name": "a-b-burst"}},
        {"name": "a-b-burst", "tags": group_tags(OTHERS)},
        Existing("the Auto Scaling group a-b-burst", "a-b-burst", False),
    ),
    "a cache rule": Case(
        "cache rule",
        in_aws.unless_cache_rule,
        {"ecrRepositoryPrefix": "hub"},
        {"getPullThroughCacheRule": {"ecrRepositoryPrefix": "hub"}},
        {"ecrRepositoryPrefix": "hub"},
        Existing("the pull-through cache rule for the prefix hub", "hub"),
    ),
    "the same egress rule": rule({}, {}, found=True),
    "one to a prefix list": rule(
        {"cidrIpv4": None, "prefixListId": "pl-1"}, {"cidrIpv4": "", "prefixListId": "pl-1"}, found=True
    ),
    "one of all protocols, which has no ports": rule(
        {"ipProtocol": "-1", "fromPort": None, "toPort": None},
        {"ipProtocol": "-1", "fromPort": -1, "toPort": -1},
        found=True,
    ),
    "one of ingress": rule({}, {"isEgress": False}, found=False),
    "one of another protocol": rule({}, {"ipProtocol": "udp"}, found=False),
    "one to another range": rule({}, {"cidrIpv4": "0.0.0.0/0"}, found=False),
    "one to a prefix list beside the range": rule({}, {"prefixListId": "pl-1"}, found=False),
    "one from another port": rule({}, {"fromPort": 442}, found=False),
    "one to another port": rule({}, {"toPort": 444}, found=False),
    "none": Case(
        "egress rule",
        in_aws.unless_egress_rule,
        RULE_INPUTS,
        {"getSecurityGroupRules": {"filters": [{"name": "group-id", "values": ["sg-1"]}]}},
        {"ids": []},
        None,
    ),
}


def look_up(
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    make_hook: Callable[[], Any],
    inputs: dict[str, Any],
    answer: dict[str, Any],
) -> tuple[str, Existing | None, list[MockCallArgs]]:
    """The kind of a hook, the result of its look-up, and the calls that it makes."""
    hooks: list[tuple[str, Any]] = []
    calls: list[MockCallArgs] = []

    class Answering(Cloud):
        def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
            calls.append(args)
            return answer, []

    monkeypatch.setattr(module, "unless_existing", lambda kind, _, look, __: hooks.append((kind, look)))

    def program() -> Any:
        make_hook()
        return [(kind, look(inputs)) for kind, look in hooks]

    _, ((kind, found),) = run(program, cloud=Answering)
    return kind, found, calls


class Component(pulumi.ComponentResource):
    """A component with its own provider."""

    def __init__(self) -> None:
        provider = aws.Provider("ours", region="eu-west-1")
        super().__init__("test:index:Component", "ours", {}, pulumi.ResourceOptions(providers=[provider]))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_calls_and_the_result_of_a_look_up_in_aws(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    inputs = {key: each for key, each in case.inputs.items() if each is not None}
    kind, found, calls = look_up(
        monkeypatch, in_aws, lambda: case.hook("name", Component()), inputs, case.answer
    )
    assert (kind, found) == (case.kind, case.found)
    assert {call.token.rpartition(":")[2]: call.args for call in calls} == case.called
    assert all("::ours::" in call.provider for call in calls)


SCOPES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "group": ({"group": 42}, {"group": "42", "environmentScope": "prod"}, "getGroupVariable", "42:A:prod"),
    "project": (
        {"project": 7},
        {"project": "7", "environmentScope": "prod"},
        "getProjectVariable",
        "7:A:prod",
    ),
    "instance": ({"instance": True}, {}, "getInstanceVariable", "A"),
}


@pytest.mark.parametrize(("scope", "inputs", "function", "identity"), SCOPES.values(), ids=SCOPES)
@pytest.mark.parametrize("ours", [True, False])
def test_the_call_and_the_result_of_a_look_up_of_a_variable(
    monkeypatch: pytest.MonkeyPatch,
    scope: dict[str, Any],
    inputs: dict[str, Any],
    function: str,
    identity: str,
    *,
    ours: bool,
) -> None:
    args: Any = {"variables": [{**scope, "key": "A", "value": "a-longer-value"}]}
    note = "Managed by Pulumi: gitlab-runner/sandbox" if ours else "mine"
    answer = {"value": "a", "description": note}

    def variables() -> None:
        CiVariables("ci", args, pulumi.ResourceOptions(providers=[gitlab.Provider("ours")]))

    kind, found, calls = look_up(monkeypatch, ci_variables, variables, {"key": "A", **inputs}, answer)
    assert (kind, found) == (
        "variable",
        Existing(f"the CI variable {identity}", identity, ours, ADOPT),
    )
    (call,) = calls
    assert (call.token.rpartition(":")[2], call.args) == (function, {"key": "A", **inputs})
    assert "::ours::" in call.provider


def test_a_hidden_variable_that_is_replaced_does_not_count_as_existing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    args: Any = {"variables": [{"group": 42, "key": "A", "value": "a-longer-value"}]}
    inputs = {"key": "A", "group": "42", "environmentScope": "*"}
    answer = {"value": "", "description": "mine"}
    assert look_up(monkeypatch, ci_variables, lambda: CiVariables("ci", args), inputs, answer)[1] is None


@dataclass
class Parent:
    """The part of a component that a hook needs."""

    name: str

    @property
    def urn(self) -> Any:
        async def future() -> str:
            return f"urn:pulumi:sandbox::gitlab-runner::parent::{self.name}"

        return SimpleNamespace(future=future)


@dataclass
class Hook:
    """A replacement for Pulumi's hook, which registers itself with the engine."""

    name: str
    callback: Callable[[Any], Any]
    opts: pulumi.ResourceHookOptions


@dataclass
class HookRun:
    """The run of a hook."""

    hook: Hook
    inputs: list[Mapping[str, Any]]
    warnings: list[tuple[str, Any]]
    error: str = ""


FOUND = Existing("the log group /a", "/a")
MESSAGE = (
    "the log group /a exists already{mark}\n  fix: import it:\n       pulumi import --protect=false "
    "--generate-code=false --parent 'parent=urn:pulumi:sandbox::gitlab-runner::parent::ci' "
    "'aws:cloudwatch/logGroup:LogGroup' 'ci-build' '/a'"
)
MARKED = "; it has the mark of this stack, but is not in its state"


def run_hook(
    monkeypatch: pytest.MonkeyPatch, found: Existing | None, inputs: Any, *, preview: bool = False
) -> HookRun:
    """Run the hook of a resource with this result of its look-up."""
    monkeypatch.setattr(existing, "get_monitor", object)
    monkeypatch.setattr(pulumi, "ResourceHook", Hook)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
    monkeypatch.setattr(existing, "_hooks", existing._Hooks())
    parent: Any = Parent("ci")
    seen: list[Mapping[str, Any]] = []
    warnings: list[tuple[str, Any]] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda *args: warnings.append(args))

    def look(known: Mapping[str, Any]) -> Existing | None:
        assert existing._hooks.running == 1
        seen.append(known)
        return found

    binding = unless_existing("log group", "ci-build", look, parent)
    assert binding is not None
    (hook,) = binding.before_create or []
    result = HookRun(hook, seen, warnings)  # type: ignore[arg-type]
    args = SimpleNamespace(new_inputs=inputs, type="aws:cloudwatch/logGroup:LogGroup", name="ci-build")
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(result.hook.callback(args))
    except pulumi.RunError as error:
        result.error = str(error)
    finally:
        loop.close()
    assert (existing._hooks.registered, existing._hooks.running) == (1, 0)
    return result


def test_a_hook_has_its_own_name_and_also_runs_in_a_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    hook = run_hook(monkeypatch, None, {}).hook
    assert hook.name == "no log group yet in the place of ci-build (Parent)"
    assert hook.opts.on_dry_run is True


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("ours", [True, False])
def test_an_existing_resource_is_refused_except_in_a_preview_of_its_own_stack(
    monkeypatch: pytest.MonkeyPatch, *, preview: bool, ours: bool
) -> None:
    found = Existing(FOUND.what, FOUND.identity, ours)
    result = run_hook(monkeypatch, found, {"name": "/a"}, preview=preview)
    message = MESSAGE.format(mark=MARKED if ours else "")
    warned = ours and preview
    assert result.error == ("" if warned else message)
    assert result.warnings == ([(message, Parent("ci"))] if warned else [])


@pytest.mark.parametrize("preview", [True, False])
def test_there_is_no_message_where_nothing_exists(monkeypatch: pytest.MonkeyPatch, *, preview: bool) -> None:
    result = run_hook(monkeypatch, None, None, preview=preview)
    assert (result.error, result.warnings, result.inputs) == ("", [], [{}])


def test_a_look_up_receives_only_known_inputs_and_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = object.__new__(pulumi.Output)
    inputs = {"name": "/a", "keyId": UNKNOWN, "value": secret}
    assert run_hook(monkeypatch, None, inputs).inputs == [{"name": "/a"}]


@dataclass
class Clock:
    """A clock that advances when something sleeps; hooks end at given times."""

    ends: tuple[float, ...] = ()
    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        for each in self.ends:
            if self.now - seconds < 1000 + each <= self.now:
                existing._hooks.running -= 1
                existing._hooks.last = 1000 + each


def waiting_time(monkeypatch: pytest.MonkeyPatch, clock: Clock, *, running: int) -> float:
    """The seconds that a program waits for its hooks, by a clock."""
    monkeypatch.setattr(existing, "_hooks", existing._Hooks(registered=1, running=running, last=999.0))
    monkeypatch.setattr(existing, "monotonic", clock.monotonic)
    monkeypatch.setattr(existing, "asyncio", SimpleNamespace(sleep=clock.sleep))
    waiting = existing._until_quiet()
    with pytest.raises(StopIteration):
        waiting.send(None)
    return clock.now - 1000


@pytest.mark.parametrize(
    ("ends", "running", "seconds"),
    [((), 0, 0.3), ((2.0,), 1, 2.3), ((2.0, 2.2), 2, 2.5), ((), 1, 10.0)],
    ids=["none runs", "one ends", "the last of two ends", "one does not end"],
)
def test_a_program_waits_until_its_hooks_have_ended_for_a_while(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[float, ...], running: int, seconds: float
) -> None:
    assert waiting_time(monkeypatch, Clock(ends), running=running) == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize(("registered", "waits"), [(0, 0), (1, 1)])
def test_a_program_without_hooks_does_not_wait(
    monkeypatch: pytest.MonkeyPatch, registered: int, waits: int
) -> None:
    waiting: list[Any] = []
    monkeypatch.setattr(existing, "_hooks", existing._Hooks(registered=registered))
    monkeypatch.setattr(existing, "_sync_await", waiting.append)
    existing.wait_for_hooks()
    assert len(waiting) == waits
    for each in waiting:
        each.close()


def test_the_start_and_the_end_of_a_hook_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(existing, "monotonic", clock.monotonic)
    hooks = existing._Hooks()
    with hooks.run():
        assert (hooks.running, hooks.last) == (1, 1000)
        clock.now = 1001
    assert (hooks.running, hooks.last) == (0, 1001)
