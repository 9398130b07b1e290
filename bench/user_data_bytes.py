"""The size of a host's user data; EC2 accepts 16 KB before it is encoded."""

import base64
from typing import Any

from pulumi_gitlab_runner import RunnerStack

from bench.measure import Measure
from tests.components.recording import run


def take(registries: int) -> int:
    """The size of the user data of a runner with this many registries, in bytes."""
    declared: dict[str, Any] = {
        f"registry-{number}": {
            "host": f"registry-{number}.example.com:5000",
            "static": {"username": "user", "password": "password"},
        }
        for number in range(registries)
    }
    runner: Any = {"group": 42, "registries": list(declared), "host": {}}

    def program() -> None:
        RunnerStack("ci", {"registries": declared, "runners": {"build": runner}})

    template = run(program)[0].registered["aws:ec2/launchTemplate:LaunchTemplate", "ci-build"]
    return len(base64.b64decode(template.inputs["userData"]))


def _measure(registries: int) -> Measure:
    what = "registry" if registries == 1 else "registries"
    return Measure(
        f"user_data_bytes_{registries}",
        "bytes",
        f"user data of the host of a runner with {registries} {what}",
        lambda: take(registries),
    )


USER_DATA_BYTES_1 = _measure(1)
USER_DATA_BYTES_200 = _measure(200)
