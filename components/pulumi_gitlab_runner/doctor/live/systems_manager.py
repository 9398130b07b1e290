"""Run Command of AWS Systems Manager: a program run on an instance, and its answer.

Source: docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html; it keeps
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

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.spec.aws_tags import HOST_TAG

PATIENCE_S = 90
_POLL_S = 1.0
_LARGEST_ANSWER = 1024 * 1024
_FINAL = ("Success", "Cancelled", "TimedOut", "Failed", "Undeliverable", "Terminated", "DeliveryTimedOut")


@dataclass(frozen=True)
class Instance:
    """An instance that Systems Manager reaches.

    Attributes:
        number: its id.
        client: of boto3 for `ssm`.
    """

    number: str
    client: Any

    def run(self, request: Mapping[str, Any]) -> Any:
        """Run `on_host` there, and give its answer.

        Args:
            request: as `on_host` takes it.

        Raises:
            UsageError: it could not be run.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        program = resources.files(__package__).joinpath("on_host.py").read_bytes()
        argument = base64.b64encode(json.dumps(request).encode()).decode()
        command = f"echo {base64.b64encode(program).decode()} | base64 -d | python3 - {argument}"
        try:
            sent = self.client.send_command(
                InstanceIds=[self.number],
                DocumentName="AWS-RunShellScript",
                Comment="runner-doctor",
                TimeoutSeconds=PATIENCE_S,
                Parameters={"commands": [command], "executionTimeout": [str(PATIENCE_S)]},
            )
            found = self._invocation(sent["Command"]["CommandId"])
        except (BotoCoreError, ClientError) as error:
            raise UsageError(f"Systems Manager does not reach {self.number}: {_reason(error)}") from None
        if found["Status"] != "Success":
            said = " ".join(found.get("StandardErrorContent", "").split())[:300] or found.get(
                "StatusDetails", ""
            )
            raise UsageError(f"Run Command on {self.number} ended with {found['Status']}: {printable(said)}")
        try:
            packed = base64.b64decode(
                found["StandardOutputContent"].strip().rpartition("\n")[2], validate=True
            )
            return json.loads(zlib.decompressobj().decompress(packed, _LARGEST_ANSWER))
        except (ValueError, zlib.error):
            raise UsageError(f"Run Command on {self.number} gave no answer that can be read") from None

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
                if error.response["Error"]["Code"] != "InvocationDoesNotExist":  # as in the first moments
                    raise
            time.sleep(_POLL_S)
        raise UsageError(f"{self.number} gave no answer in {PATIENCE_S} seconds")


def instance_of(tag: str, region: str) -> Instance:
    """The instance that works in the Auto Scaling group with a value of `HOST_TAG`; the newest of several.

    Raises:
        UsageError: there is none, AWS does not say, or boto3 is not installed.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise UsageError("asking AWS needs boto3: pip install 'runner-doctor[live]'") from None
    try:
        groups = boto3.client("autoscaling", region_name=region).describe_auto_scaling_groups(
            Filters=[{"Name": f"tag:{HOST_TAG}", "Values": [tag]}]
        )["AutoScalingGroups"]
        working = [
            each["InstanceId"]
            for group in groups
            for each in group["Instances"]
            if each["LifecycleState"] == "InService"
        ]
        client = boto3.client("ssm", region_name=region)
    except (BotoCoreError, ClientError) as error:
        raise UsageError(f"AWS does not say which instance it is: {_reason(error)}") from None
    if not working:
        raise UsageError(
            f"no instance works in an Auto Scaling group with the tag {HOST_TAG}={tag}: is it up?"
        )
    return Instance(working[-1], client)


def _reason(error: Exception) -> str:
    return printable(" ".join(str(error).split()))[:300]
