"""Run Command as the doctor uses it, by prepared answers of AWS."""

import base64
import json
import subprocess
import zlib
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.live import systems_manager
from pulumi_gitlab_runner.doctor.live.systems_manager import Instance, instance_of

from tests.doctor.host_tree import HostTree


def packed(answer: object) -> str:
    return base64.b64encode(zlib.compress(json.dumps(answer).encode())).decode()


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no\n way"}}, "Op")


DENIED = "An error occurred (Denied) when calling the Op operation: no way"


class Client:
    """A double of boto3's `ssm`, which returns one answer after another."""

    def __init__(self, *invocations: Any) -> None:
        self.invocations = list(invocations)
        self.sent: dict[str, Any] = {}
        self.asked: list[dict[str, Any]] = []

    def send_command(self, **asked: Any) -> dict[str, Any]:
        self.sent = asked
        return {"Command": {"CommandId": "c-1"}}

    def get_command_invocation(self, **asked: Any) -> Any:
        self.asked.append(asked)
        answer = self.invocations.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def success(output: str) -> dict[str, str]:
    return {"Status": "Success", "StandardOutputContent": output}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems_manager, "_POLL_S", 0.0)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")


def test_the_command_on_the_instance_and_its_answer(host: HostTree) -> None:
    """The last line is the answer, and the text before it comes from the instance's shell."""
    client = Client(
        refusal("InvocationDoesNotExist"),
        {"Status": "Pending"},
        {"Status": "InProgress"},
        success(f"a profile's greeting\n{packed({'files': {}})}\n"),
    )
    assert Instance("i-1", client).run({"program": "x"}) == {"files": {}}
    assert client.asked == [{"CommandId": "c-1", "InstanceId": "i-1"}] * 4
    (command,) = client.sent["Parameters"].pop("commands")
    assert client.sent == {
        "InstanceIds": ["i-1"],
        "DocumentName": "AWS-RunShellScript",
        "Comment": "runner-doctor",
        "TimeoutSeconds": 90,
        "Parameters": {"executionTimeout": ["90"]},
    }
    argument = command.rpartition(" ")[2]
    assert json.loads(base64.b64decode(argument)) == {"program": "x"}
    gathering = command.removesuffix(argument) + base64.b64encode(b"{}").decode()
    environment = {"RUNNER_HOST_ROOT": str(host.root), "PATH": "/usr/bin:/bin"}
    message = subprocess.run(
        ["sh", "-c", gathering], env=environment, capture_output=True, text=True, check=True
    )
    found = json.loads(zlib.decompress(base64.b64decode(message.stdout)))
    assert "/etc/gitlab-runner/config.toml" in found["files"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([refusal("Denied")],
         f"Run Command on i-1 fails: {DENIED}"),
        ([{"Status": "Failed", "StandardErrorContent": "python3:\n not found", "StatusDetails": "x"}],
         "Run Command on i-1 ended with Failed: python3: not found"),
        ([{"Status": "TimedOut", "StatusDetails": "Delivery Timed Out"}],
         "Run Command on i-1 ended with TimedOut: Delivery Timed Out"),
        ([{"Status": "Cancelled", "StandardErrorContent": "x" * 301}],
         f"Run Command on i-1 ended with Cancelled: {'x' * 300}"),
        ([{"Status": "Undeliverable"}], "Run Command on i-1 ended with Undeliverable: "),
        ([{"Status": "Terminated"}], "Run Command on i-1 ended with Terminated: "),
        ([{"Status": "DeliveryTimedOut"}], "Run Command on i-1 ended with DeliveryTimedOut: "),
        ([success("no answer")], "Run Command on i-1 gave an unexpected output"),
        ([success(f"!{packed({})}")], "Run Command on i-1 gave an unexpected output"),
        ([success("YWJj")], "Run Command on i-1 gave an unexpected output"),
        ([success(packed("x" * 1024 * 1024))], "Run Command on i-1 gave an unexpected output"),
    ],
)  # fmt: skip
def test_an_instance_that_does_not_answer(answers: list[Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        Instance("i-1", Client(*answers)).run({})
    assert str(raised.value) == message


def test_the_largest_answer() -> None:
    text = "x" * (1024 * 1024 - 2)
    assert Instance("i-1", Client(success(packed(text)))).run({}) == text


def test_the_wait_for_an_answer_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems_manager, "PATIENCE_S", 0.01)
    with pytest.raises(UsageError, match=r"^i-1 gave no answer in 0\.01 seconds$"):
        Instance("i-1", Client(*[{"Status": "Pending"}] * 1_000_000)).run({})


def group(**states: str) -> dict[str, Any]:
    return {"Instances": [{"InstanceId": name, "LifecycleState": state} for name, state in states.items()]}


@pytest.mark.parametrize(
    ("groups", "number"),
    [
        ([group(a="InService")], "a"),
        ([group(a="InService", b="InService", c="Pending")], "b"),
        ([group(a="InService"), group(b="InService"), group(c="Terminating:Wait")], "b"),
        ([group(a="Pending")], None),
        ([], None),
    ],
)
def test_the_newest_instance_that_works(
    monkeypatch: pytest.MonkeyPatch, groups: list[Any], number: str | None
) -> None:
    asked: list[tuple[str, str, Any]] = []

    def answer(client: Any, operation: str, given: Any) -> Any:
        asked.append((client.meta.region_name, operation, given))
        return {"AutoScalingGroups": groups}

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)
    if number:
        found = instance_of("/ci/prod/build", "eu-central-1")
        assert (found.number, found.client.meta.region_name) == (number, "eu-central-1")
    else:
        with pytest.raises(UsageError) as raised:
            instance_of("/ci/prod/build", "eu-central-1")
        assert str(raised.value) == (
            "no instance is in service in an Auto Scaling group with the tag "
            "gitlab-runner-host=/ci/prod/build: is it up?"
        )
    filters = [{"Name": "tag:gitlab-runner-host", "Values": ["/ci/prod/build"]}]
    assert asked == [("eu-central-1", "DescribeAutoScalingGroups", {"Filters": filters})]


def test_an_error_of_aws_about_the_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(client: Any, operation: str, given: Any) -> Any:
        raise refusal("AccessDenied")

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)
    with pytest.raises(
        UsageError, match=r"^AWS does not list the instances of the host: An error occurred \(Acc"
    ):
        instance_of("/ci/prod/build", "eu-central-1")
