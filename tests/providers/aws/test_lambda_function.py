"""Functions that run, and the input of their invocations in a stack."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.standin.properties import Failure
from sandbox.standin.provider import Refused
from tests.providers.aws.cases import archive, trust
from tests.providers.aws.conftest import Made, Make

CODE = """
def handler(event, context):
    print("asked for", sorted(event))
    assert context.get_remaining_time_in_millis() > 1000
    if event.get("fail"):
        raise ValueError("as asked")
    if event.get("who"):
        import boto3

        return boto3.client("sts").get_caller_identity()["Arn"]
    return event
"""
GROUP = "/demo/lambda"


@pytest.fixture(scope="module")
def function(make: Make) -> Made:
    role = make("aws:iam/role:Role", {"assumeRolePolicy": trust("lambda.amazonaws.com")})
    make("aws:cloudwatch/logGroup:LogGroup", {"name": GROUP})
    settings = {"runtime": "python3.13", "handler": "demo.handler", "timeout": 30}
    logging = {"loggingConfig": {"logFormat": "Text", "logGroup": GROUP}}
    code = {"role": role.outputs["arn"], "code": archive(CODE)}
    return make("aws:lambda/function:Function", {**settings, **logging, **code})


def invocation(function: Made, **inputs: Any) -> dict[str, Any]:
    return {"functionName": function.id, "input": '{"a": 1}', **inputs}


def test_an_invocation_has_only_its_input(function: Made, make: Make) -> None:
    made = make("aws:lambda/invocation:Invocation", invocation(function))
    assert json.loads(made.outputs["result"]) == {"a": 1}
    other = made.difference({**made.given, "input": '{"a": 2}'})
    assert [(change.path, change.replaces) for change in other.changes] == [("input", True)]


def test_an_invocation_may_have_the_action_and_the_previous_input(function: Made, make: Make) -> None:
    made = make("aws:lambda/invocation:Invocation", invocation(function, lifecycleScope="CRUD"))
    assert json.loads(made.outputs["result"]) == {"a": 1, "tf": {"action": "create", "prev_input": None}}
    updated = made.update({**made.given, "input": '{"a": 2}'})
    expected = {"action": "update", "prev_input": {"a": 1}}
    assert json.loads(updated.outputs["result"]) == {"a": 2, "tf": expected}


def test_a_deletion_may_invoke_the_function(function: Made, make: Make, client: Callable[[str], Any]) -> None:
    def runs() -> int:
        events = client("logs").filter_log_events(logGroupName=GROUP)["events"]
        return sum("asked for ['a', 'tf']" in each["message"] for each in events)

    before = runs()
    made = make("aws:lambda/invocation:Invocation", invocation(function, lifecycleScope="CRUD"))
    made.delete()
    assert runs() == before + 2


def test_an_exception_in_a_function_is_an_error(function: Made, make: Make) -> None:
    with pytest.raises(Refused, match=r"invoking Lambda Function .*as asked.*ValueError"):
        make("aws:lambda/invocation:Invocation", invocation(function, input='{"fail": true}'))


def test_a_function_runs_as_its_role(function: Made, make: Make) -> None:
    made = make("aws:lambda/invocation:Invocation", invocation(function, input='{"who": true}'))
    role = function.inputs["role"].rpartition("/")[2]
    assert json.loads(made.outputs["result"]).endswith(f":assumed-role/{role}/{function.id}")


@pytest.mark.parametrize(
    "code", ["text", {"assets": {}}, {**archive("x"), "assets": {"a": {"path": "a.py"}}}]
)
def test_other_archives_are_refused(
    code: Any, failures: Callable[[str, dict[str, Any]], list[Failure]]
) -> None:
    inputs = {"role": "arn:aws:iam::1:role/a", "runtime": "python3.13", "handler": "a.b", "code": code}
    assert [each.path for each in failures("aws:lambda/function:Function", inputs)] == ["code"]
