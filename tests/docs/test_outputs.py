"""The output that the documentation shows of a command is what the command prints.

After an intended change: RENEW_DOCS=1 ./dev test tests/docs/test_outputs.py
"""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_gitlab_runner import RunnerStack
from pulumi_gitlab_runner.iam.policy import policy_document
from pulumi_gitlab_runner.iam.registries import registry_statements
from pulumi_gitlab_runner.spec import DeclarationError, parse_stack
from pulumi_gitlab_runner.spec.stack_file import parse_stack_file
from rich.console import Console

from sandbox import summary
from tests.components.recording import run
from tests.docs import captured
from tests.docs.captured import COLUMNS
from tests.docs.documents import CHECKOUT, Block, blocks, replace
from tests.spec.declaration import ENVIRONMENT

DECLARED = next(
    block for block in blocks() if block.document.name == "README.md" and block.mark == "declaration"
)
SHOWN = [block for block in blocks() if block.mark.startswith(("output: ", "findings of: "))]


def declaration(text: str = DECLARED.text) -> Any:
    """The declaration of the README."""
    return yaml.safe_load(text.replace("{secure: …}", "pass-word-1"))["config"]["gitlab-runner:stack"]


def summary_of_the_stack() -> str:
    """The end of the output of `./dev up`, with the README's declaration."""

    def program() -> Any:
        stack = RunnerStack("ci", {"gitlab_url": "https://gitlab.example.com", **declaration()})
        return pulumi.Output.json_dumps(
            {"registries": stack.registries, "runners": stack.runners, "variables": stack.variables},
            sort_keys=True,  # as `pulumi stack output --json` does
        )

    _, outputs = run(program)
    shown = json.loads(outputs)
    shown["runners"]["build"]["id"] = 1  # the first ID that GitLab assigns
    kept = io.StringIO()
    summary.show(shown, Console(file=kept, no_color=True))
    return kept.getvalue()


def refusal() -> str:
    """The error of a preview for a misspelt registry."""
    damaged = DECLARED.text.replace("registries: [team, shared, legacy]", "registries: [team, shard, legacy]")
    assert damaged != DECLARED.text
    try:
        parse_stack(parse_stack_file(damaged).declaration)
    except DeclarationError as error:
        return str(error)
    raise AssertionError("it is refused")


def policy_of_ecr() -> str:
    """The policy of the manager's role for the registry that `docs/private-registries.md` declares in ECR."""
    declared = next(block for block in blocks() if block.mark == "declaration of ecr")
    stack = parse_stack({**yaml.safe_load(declared.text), "gitlab_url": "https://gitlab.example.com"})
    statements = registry_statements(list(stack.registries.values()), ENVIRONMENT)
    return json.dumps(json.loads(policy_document(statements)), indent=2)


def note_of_the_stack() -> str:
    """The note of a change to the README's declaration."""
    return captured.review({"gitlab_url": "https://gitlab.example.com", **declaration()})


COMMANDS: dict[str, Callable[[], str]] = {
    **captured.COMMANDS,
    "runner-review --stack prod": note_of_the_stack,
    "the policy of ecr": policy_of_ecr,
    "./dev up": summary_of_the_stack,
    "pulumi preview, with `registries: [team, shard, legacy]`": refusal,
}


def printed(command: str) -> str:
    """The output of a command: a known one, or one that the library installs beside this Python."""
    if known := COMMANDS.get(command):
        return known()
    name, *arguments = shlex.split(command)
    environment = {
        "PATH": os.environ["PATH"],
        "COLUMNS": COLUMNS,
        "NO_COLOR": "1",
        "HOME": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    answer = subprocess.run(
        [Path(sys.executable).with_name(name), *arguments],
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode in (0, 1), answer.stderr
    return answer.stdout


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.name)
def test_the_documented_output_is_what_the_command_prints(block: Block) -> None:
    part, _, command = block.mark.partition(": ")
    answer = printed(command)
    if part == "findings of":
        paragraphs = answer.split("\n\n")[:-1]
        answer = "\n\n".join(each for each in paragraphs if not each.startswith(("Runner:", "✘", "✔")))
    text = re.sub(r" +$", "", answer, flags=re.MULTILINE).strip("\n") + "\n"
    if os.environ.get("RENEW_DOCS"):
        replace(block, text)
    else:
        assert block.text.split() == text.split(), (
            "RENEW_DOCS=1 ./dev test tests/docs/test_outputs.py renews it"
        )
