"""Run Command, which moto accepts without running it: here it runs, with the files of a rendered host.

An instance without rendered files is unreachable, like one whose agent is not connected.
Source: docs.aws.amazon.com/systems-manager/latest/APIReference, SendCommand and GetCommandInvocation.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

from moto.ssm.exceptions import ValidationException
from moto.ssm.models import SimpleSystemManagerBackend

from sandbox.services.aws.patching import around

LONGEST_OUTPUT = 24000
"""The maximum length of the output in Systems Manager, in characters; 8,000 for standard error."""
ROOT_VARIABLE = "RUNNER_HOST_ROOT"

HOSTS: dict[str, Path] = {}
"""The directories of the rendered hosts, by instance id."""


@around(SimpleSystemManagerBackend)
def send_command(original: Any, backend: Any, **settings: Any) -> Any:
    """Run a script on the rendered hosts of instances."""
    instances = list(settings["instance_ids"])
    if settings["document_name"] != "AWS-RunShellScript" or not instances:
        raise ValidationException("The sandbox knows AWS-RunShellScript for InstanceIds alone.")
    if unknown := [each for each in instances if each not in HOSTS]:
        # AWS: InvalidInstanceId, "Instances not in a valid state for account".
        raise ValidationException(f"Instances {unknown} not in a valid state for account")
    command = original(backend, **settings)
    script = "\n".join(settings["parameters"]["commands"])
    # For moto, an empty list of targets means all instances.
    command.instance_ids = instances
    command.invocations = [each for each in command.invocations if each["InstanceId"] in instances]
    for invocation in command.invocations:
        done = _run(script, HOSTS[invocation["InstanceId"]])
        status = "Success" if done.returncode == 0 else "Failed"
        invocation |= {
            "ResponseCode": done.returncode,
            "Status": status,
            "StatusDetails": status,
            "StandardOutputContent": done.stdout[:LONGEST_OUTPUT],
            "StandardErrorContent": done.stderr[:8000],
        }
    return command


def _run(script: str, root: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), ROOT_VARIABLE: str(root)}
    return subprocess.run(
        ["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
