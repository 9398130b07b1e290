"""Run Command of AWS Systems Manager, which runs a program on an instance and returns its output.

Source: docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html, which returns
24,000 characters of output.
"""

import base64
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from pulumi_gitlab_runner.doctor.aws import requests_to_aws
from pulumi_gitlab_runner.doctor.errors import UsageError, reason
from pulumi_gitlab_runner.spec.aws_tags import HOST_TAG

PATIENCE_S = 90
_POLL_S = 1.0
_LARGEST_ANSWER = 1024 * 1024
_FINAL = ("Success", "Cancelled", "TimedOut", "Failed", "Undeliverable", "Terminated", "DeliveryTimedOut")


@dataclass(frozen=True)
class Instance:
    """An instance that Systems Manager manages: its ID, and the client for `ssm`."""

    number: str
    client: Any

    def run(self, request: Mapping[str, Any]) -> Any:
        """Run `on_host` on the instance, and return its answer.

        Raises:
            UsageError: Run Command fails.
        """
        program = resources.files(__package__).joinpath("on_host.py").read_bytes()
        argument = base64.b64encode(json.dumps(request).encode()).decode()
        command = f"echo {base64.b64encode(program).decode()} | base64 -d | python3 - {argument}"
        with requests_to_aws(f"Run Command on {self.number} fails"):
            sent = self.client.send_command(
                InstanceIds=[self.number],
                DocumentName="AWS-RunShellScript",
                Comment="runner-doctor",
                TimeoutSeconds=PATIENCE_S,
                Parameters={"commands": [command], "executionTimeout": [str(PATIENCE_S)]},
            )
            found = self._invocation(sent["Command"]["CommandId"])
        if found["Status"] != "Success":
            said = reason(found.get("StandardErrorContent", "")) or found.get("StatusDetails", "")
            raise UsageError(f"Run Command on {self.number} ended with {found['Status']}: {said}")
        try:
            packed = base64.b64decode(
                found["StandardOutputContent"].strip().rpartition("\n")[2], validate=True
            )
            return json.loads(zlib.decompressobj().decompress(packed, _LARGEST_ANSWER))
        except (ValueError, zlib.error):
            raise UsageError(f"Run Command on {self.number} gave an unexpected output") from None

    def _invocation(self, command: str) -> Mapping[str, Any]:
        from botocore.exceptions import ClientError

        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                found: Mapping[str, Any] = self.client.get_command_invocation(
                    CommandId=command, InstanceId=self.number
                )
                if found["Status"] in _FINAL:
                    return found
            except ClientError as error:
                if error.response["Error"]["Code"] != "InvocationDoesNotExist":  # until it is available
                    raise
            time.sleep(_POLL_S)
        raise UsageError(f"{self.number} gave no answer in {PATIENCE_S} seconds")


def instance_of(tag: str, region: str) -> Instance:
    """The instance in service of the Auto Scaling group with a value of `HOST_TAG`; the last of several.

    Raises:
        UsageError: no instance is in service, a request to AWS fails, or boto3 is not installed.
    """
    with requests_to_aws("AWS does not list the instances of the host") as client:
        groups = client("autoscaling", region).describe_auto_scaling_groups(
            Filters=[{"Name": f"tag:{HOST_TAG}", "Values": [tag]}]
        )["AutoScalingGroups"]
        working = [
            each["InstanceId"]
            for group in groups
            for each in group["Instances"]
            if each["LifecycleState"] == "InService"
        ]
        manager = client("ssm", region)
    if not working:
        raise UsageError(
            f"no instance is in service in an Auto Scaling group with the tag {HOST_TAG}={tag}: is it up?"
        )
    return Instance(working[-1], manager)
