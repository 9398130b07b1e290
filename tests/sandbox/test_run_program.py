"""A program's provider SDKs are the same when only what is used of them is loaded."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.language_host import RUN_PROGRAM

PROGRAM = """
import json, sys
import pulumi_aws as aws
import pulumi_gitlab as gitlab
from pulumi_aws.iam import Role, outputs
used = [
    aws.get_region, aws.Provider, aws.ec2.LaunchTemplate, aws.ec2.LaunchTemplateTagSpecificationArgs,
    aws.ec2.InstancePlatform, aws.ec2.get_vpc, aws.ssm.ParameterType, Role, outputs.RoleInlinePolicy,
    gitlab.UserRunner, gitlab.UserRunnerArgs, gitlab.get_group_variable,
]
loaded = "pulumi_aws.ec2.instance" in sys.modules, "pulumi_gitlab.application_settings" in sys.modules
names = {}
exec("from pulumi_aws.iam import *", names)
try:
    gitlab.Nothing
except AttributeError as error:
    lacking = str(error)
print(json.dumps({
    "arguments": sys.argv[1:],
    "used": [f"{each.__module__}.{each.__qualname__}" for each in used],
    "loaded": loaded,
    "all": sorted(names.keys() - {"__builtins__"}),
    "lacking": lacking,
}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the program finds, run by itself and as the language host runs it."""
    program = tmp_path_factory.mktemp("program") / "program.py"
    program.write_text(PROGRAM)
    commands: list[list[Path]] = [[program], [RUN_PROGRAM, program]]
    return [
        json.loads(
            subprocess.run([sys.executable, *each, "--a", "b"], capture_output=True, check=True).stdout
        )
        for each in commands
    ]


def test_the_program_finds_the_same(seen: list[dict[str, Any]]) -> None:
    whole, lazy = seen
    assert lazy | {"loaded": None} == whole | {"loaded": None}
    assert lazy["arguments"] == ["--a", "b"]
    assert "RolePolicyAttachment" in lazy["all"]
    assert lazy["lacking"] == "module 'pulumi_gitlab' has no attribute 'Nothing'"


def test_what_it_does_not_use_is_not_loaded(seen: list[dict[str, Any]]) -> None:
    assert [each["loaded"] for each in seen] == [[True, True], [False, False]]
