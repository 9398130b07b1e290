"""The pipeline component: what GitLab's schema says of it, and its scripts with a stub of `pulumi`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.paths import CHECKOUT
from tests.templates.component import COMPONENT, documents, filled, run

EXAMPLE = CHECKOUT / "examples" / "stack-pipeline" / ".gitlab-ci.yml"
ROLES = {f"{name}_role": f"arn:aws:iam::123456789012:role/{name}" for name in ("preview", "deploy", "drift")}


def check(*files: Path) -> str:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_gitlabs_schema_takes_the_header_the_jobs_and_the_example(tmp_path: Path) -> None:
    header, jobs, wrong = (tmp_path / name for name in ("header.yml", "jobs.yml", "wrong.yml"))
    header.write_text(COMPONENT.read_text().split("\n---\n")[0])
    jobs.write_text(yaml.safe_dump(filled(stack="prod", **ROLES)))
    assert check(header, jobs, EXAMPLE) == ""
    wrong.write_text(jobs.read_text().replace("allow_failure:", "allow_failures:"))
    assert "allow_failures" in check(wrong)


def test_the_example_gives_inputs_that_there_are() -> None:
    inputs, _ = documents()
    required = {name for name, about in inputs.items() if "default" not in about}
    for included in yaml.safe_load(EXAMPLE.read_text())["include"]:
        assert required <= included["inputs"].keys() <= inputs.keys()


def test_every_input_is_used_and_described() -> None:
    inputs, text = documents()
    for name, about in inputs.items():
        assert f"$[[ inputs.{name} ]]" in text
        assert about["description"].endswith(".")


def test_two_stacks_and_two_projects_have_no_job_in_common() -> None:
    names = [*filled(stack="dev"), *filled(stack="prod"), *filled(stack="prod", job_prefix="shop-")]
    assert len(set(names)) == len(names) == 12


def test_each_job_has_its_own_role_and_only_deployments_wait_for_each_other() -> None:
    jobs = filled(stack="prod", **ROLES)
    kinds = {kind: jobs[f"{kind}:prod"] for kind in ("preview", "deploy", "drift")}
    assert {kind: job["variables"]["AWS_ROLE_ARN"] for kind, job in kinds.items()} == {
        kind: ROLES[f"{kind}_role"] for kind in kinds
    }
    assert [kind for kind, job in kinds.items() if "resource_group" in job] == ["deploy"]
    assert kinds["deploy"]["resource_group"] == "prod"


@pytest.fixture
def stubs(tmp_path: Path) -> dict[str, Any]:
    """A PATH whose `pulumi` shows what credentials it was given, and ends as it is told to."""
    commands = tmp_path / "commands"
    commands.mkdir()
    stub = commands / "pulumi"
    stub.write_text(
        '#!/bin/sh\nenv | grep -E "^(AWS|PULUMI)_" >&2\n'
        'if [ -n "$AWS_WEB_IDENTITY_TOKEN_FILE" ]; then ls -l "$AWS_WEB_IDENTITY_TOKEN_FILE" >&2; '
        'cat "$AWS_WEB_IDENTITY_TOKEN_FILE" >&2; fi\n'
    )
    stub.chmod(0o755)
    return {"PATH": f"{commands}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}


def test_a_job_takes_on_its_role_by_its_id_token(tmp_path: Path, stubs: dict[str, Any]) -> None:
    job = filled(stack="prod", install=":", backend="s3://state", **ROLES)["deploy:prod"]
    done = run(job, tmp_path, {**stubs, "AWS_ID_TOKEN": "id-token"})
    assert done.returncode == 0, done.stderr
    told = done.stderr.splitlines()
    assert {
        f"AWS_ROLE_ARN={ROLES['deploy_role']}",
        "AWS_ROLE_SESSION_NAME=gitlab-1",
        "PULUMI_STACK=prod",
        "PULUMI_BACKEND_URL=s3://state",
        "id-token",
    } <= set(told)
    assert [line for line in told if line.startswith("-rw------- ")]


def test_without_a_role_and_a_backend_nothing_stands_in_the_way_of_others(
    tmp_path: Path, stubs: dict[str, Any]
) -> None:
    done = run(filled(stack="prod", install=":")["deploy:prod"], tmp_path, {**stubs, "AWS_ID_TOKEN": "x"})
    assert done.returncode == 0, done.stderr
    for name in ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "PULUMI_BACKEND_URL"):
        assert f"{name}=" not in done.stderr


@pytest.mark.parametrize(("within", "looks"), [("", []), ("600", ["online --wait 600"])])
def test_a_deployment_looks_for_its_runners_where_that_is_asked_for(
    tmp_path: Path, stubs: dict[str, Any], within: str, looks: list[str]
) -> None:
    doctor, asked = tmp_path / "commands" / "runner-doctor", tmp_path / "asked"
    doctor.write_text(f'#!/bin/sh\ncat >/dev/null; echo "$*" >>{asked}; exit 1\n')
    doctor.chmod(0o755)
    asked.touch()
    done = run(filled(stack="prod", install=":", online_within=within)["deploy:prod"], tmp_path, stubs)
    assert asked.read_text().splitlines() == looks
    assert done.returncode == len(looks)
