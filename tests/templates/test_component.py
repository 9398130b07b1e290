"""The pipeline component: it matches GitLab's schema, and its scripts run with a stub of `pulumi`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.review.command_line import NOT_HERE

from sandbox.paths import CHECKOUT
from tests.templates.component import COMPONENT, documents, filled, run, selected

EXAMPLE = CHECKOUT / "examples" / "stack-pipeline" / ".gitlab-ci.yml"
ROLES = {f"{name}_role": f"arn:aws:iam::123456789012:role/{name}" for name in ("preview", "deploy", "drift")}


def schema_errors(*files: Path) -> str:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_header_the_jobs_and_the_example_match_gitlabs_schema(tmp_path: Path) -> None:
    header, jobs, wrong = (tmp_path / name for name in ("header.yml", "jobs.yml", "wrong.yml"))
    header.write_text(COMPONENT.read_text().split("\n---\n")[0])
    jobs.write_text(yaml.safe_dump(filled(stack="prod", **ROLES)))
    every = tmp_path / "every.yml"
    every.write_text(yaml.safe_dump(filled(stack="prod", deploy_as_reviewed=True, drift_issue=True)))
    assert schema_errors(header, jobs, every, EXAMPLE) == ""
    wrong.write_text(jobs.read_text().replace("allow_failure:", "allow_failures:"))
    assert "allow_failures" in schema_errors(wrong)


def test_the_example_sets_inputs_that_exist() -> None:
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


MAIN = {"CI_COMMIT_BRANCH": "main"}


@pytest.mark.parametrize("when", ["manual", "on_success"])
@pytest.mark.parametrize(
    ("source", "variables", "kind"),
    [
        ("push", MAIN, "deploy"),
        ("web", MAIN, "deploy"),
        ("api", MAIN, "deploy"),
        ("trigger", MAIN, "deploy"),
        ("schedule", MAIN, "drift"),
        ("merge_request_event", {"CI_MERGE_REQUEST_IID": "1"}, "preview"),
        ("push", {"CI_COMMIT_BRANCH": "change"}, None),
        ("web", {"CI_COMMIT_BRANCH": "change"}, None),
        ("trigger", {"CI_COMMIT_BRANCH": "change"}, None),
        ("schedule", {"CI_COMMIT_BRANCH": "change"}, None),
        ("push", {"CI_COMMIT_TAG": "v1"}, None),
        ("schedule", {"CI_COMMIT_TAG": "v1"}, None),
        # A scheduled pipeline can start these pipelines, and a policy has schedules of its own.
        ("parent_pipeline", MAIN, None),
        ("pipeline", MAIN, None),
        ("security_orchestration_policy", MAIN, None),
        ("external_pull_request_event", MAIN, None),
    ],
)
def test_the_jobs_of_a_pipeline_of_each_source(
    source: str, variables: dict[str, str], kind: str | None, when: str
) -> None:
    jobs = filled(stack="prod", deploy_when=when)
    expected = {f"{kind}:prod": when if kind == "deploy" else "on_success"} if kind else {}
    assert selected(source, jobs, **variables) == expected


def test_a_deployment_is_manual_by_default() -> None:
    assert selected("push", filled(stack="prod"), **MAIN) == {"deploy:prod": "manual"}
    assert documents()[0]["deploy_when"]["options"] == ["manual", "on_success"]


def test_previews_and_deployments_run_only_where_the_given_paths_change() -> None:
    jobs = filled(stack="prod", changes=["infra/**/*"])
    assert [rule["changes"] for rule in jobs["preview:prod"]["rules"]] == [["infra/**/*"]]
    assert [rule["changes"] for rule in jobs["deploy:prod"]["rules"]] == [["infra/**/*"]]
    assert [rule.get("changes") for rule in jobs["drift:prod"]["rules"]] == [None]


def test_names_and_stages_are_configurable() -> None:
    names = {"preview_name": "plan", "deploy_name": "apply", "drift_name": "look"}
    stages = {"preview_stage": "one", "deploy_stage": "two", "drift_stage": "three"}
    jobs = filled(stack="prod", job_prefix="shop-", **names, **stages)
    assert {name: job.get("stage") for name, job in jobs.items()} == {
        ".shop-prod": None,
        "shop-plan:prod": "one",
        "shop-apply:prod": "two",
        "shop-look:prod": "three",
    }
    assert "shop-plan:prod" in "".join(jobs["shop-apply:prod"]["script"])


def test_only_downloads_are_cached() -> None:
    for job in filled(stack="prod", cache_files=["a.txt", "b.txt"]).values():
        assert job["cache"] == {
            "key": {"prefix": "pulumi-gitlab-runner", "files": ["a.txt", "b.txt"]},
            "paths": [".cache/pip", ".cache/pulumi/plugins"],
        }
        assert job["variables"]["PIP_CACHE_DIR"] == "$CI_PROJECT_DIR/.cache/pip"


def test_each_job_has_its_own_role_and_only_deployments_wait_for_each_other() -> None:
    jobs = filled(stack="prod", **ROLES)
    kinds = {kind: jobs[f"{kind}:prod"] for kind in ("preview", "deploy", "drift")}
    assert {kind: job["variables"]["AWS_ROLE_ARN"] for kind, job in kinds.items()} == {
        kind: ROLES[f"{kind}_role"] for kind in kinds
    }
    assert [kind for kind, job in kinds.items() if "resource_group" in job] == ["deploy"]
    deploy = filled(stack="prod", job_prefix="shop-")["shop-deploy:prod"]
    assert (deploy["resource_group"], deploy["environment"]) == ("shop-prod", {"name": "shop-prod"})


@pytest.fixture
def stubs(tmp_path: Path) -> dict[str, Any]:
    """An environment with stubs on its PATH; that of `pulumi` prints the credentials that it is given."""
    commands = tmp_path / "commands"
    commands.mkdir()
    stub = commands / "pulumi"
    stub.write_text(
        f'#!/bin/sh\necho "pulumi $*" >>{tmp_path}/asked\nenv | grep -E "^(AWS|PULUMI)_" >&2\n'
        'if [ -n "$AWS_WEB_IDENTITY_TOKEN_FILE" ]; then ls -l "$AWS_WEB_IDENTITY_TOKEN_FILE" >&2; '
        'cat "$AWS_WEB_IDENTITY_TOKEN_FILE" >&2; fi\n'
    )
    for command in ("runner-review", "runner-drift", "runner-deploy", "runner-doctor"):
        (commands / command).write_text(f'#!/bin/sh\necho "{command} $*" >>{tmp_path}/asked\n')
    for each in commands.iterdir():
        each.chmod(0o755)
    return {"PATH": f"{commands}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}


PREVIEW = "pulumi preview --json --show-sames --non-interactive"
REVIEW = (
    "runner-review preview.json --status 0 --problem problem.txt --stack shop-prod --note {0}/note.md "
    "--terraform-report {0}/report.json --code-quality {0}/quality.json "
    "--post --token-variable REVIEW_TOKEN"
)
UP = "pulumi up --yes --skip-preview --non-interactive --suppress-outputs"
OUTDATE = "runner-review --outdate --stack shop-prod --token-variable REVIEW_TOKEN"
DEPLOY_PLAN = "runner-deploy --token-variable REVIEW_TOKEN --preview-job shop-preview:prod"
REFRESH = "pulumi refresh --preview-only --expect-no-changes --json --non-interactive"
DRIFT = "runner-drift drift.json --status 0 --stack shop-prod --token-variable REVIEW_TOKEN"


@pytest.mark.parametrize(
    ("kind", "inputs", "variables", "expected"),
    [
        ("preview", {}, {}, [PREVIEW, REVIEW]),
        ("preview", {"deploy_as_reviewed": True}, {}, [f"{PREVIEW} --save-plan {{0}}/plan.json", REVIEW]),
        ("deploy", {}, {}, [UP, OUTDATE]),
        ("deploy", {"deploy_as_reviewed": True}, {}, [DEPLOY_PLAN, OUTDATE]),
        ("deploy", {"deploy_as_reviewed": True}, {"DEPLOY_UNREVIEWED": "yes"}, [UP, OUTDATE]),
        ("drift", {}, {}, [REFRESH, DRIFT]),
        ("drift", {"drift_issue": True}, {}, [REFRESH, f"{DRIFT} --issue --label drift"]),
        (
            "drift",
            {"drift_issue": True, "drift_label": "ops drift", "review_token_variable": "TOKEN"},
            {},
            [REFRESH, f"{DRIFT.replace('REVIEW_TOKEN', 'TOKEN')} --issue --label ops drift"],
        ),
    ],
)
def test_the_commands_of_each_job(
    tmp_path: Path,
    stubs: dict[str, Any],
    kind: str,
    inputs: dict[str, Any],
    variables: dict[str, str],
    expected: list[str],
) -> None:
    job = filled(stack="prod", job_prefix="shop-", install=":", **inputs)[f"shop-{kind}:prod"]
    done = run(job, tmp_path, {**stubs, **variables})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text().splitlines() == [each.format(tmp_path) for each in expected]


@pytest.mark.parametrize(("kind", "reader"), [("preview", "runner-review"), ("drift", "runner-drift")])
def test_the_exit_status_of_pulumi_is_passed_to_the_next_command(
    tmp_path: Path, stubs: dict[str, Any], kind: str, reader: str
) -> None:
    (tmp_path / "commands" / "pulumi").write_text("#!/bin/sh\nexit 7\n")
    assert run(filled(stack="prod", install=":")[f"{kind}:prod"], tmp_path, stubs).returncode == 0
    assert f"{reader} {kind}.json --status 7 " in (tmp_path / "asked").read_text()


def test_plugins_are_in_the_cache_unless_the_image_sets_pulumi_home(
    tmp_path: Path, stubs: dict[str, Any]
) -> None:
    job = filled(stack="prod", install=":")["deploy:prod"]
    assert f"PULUMI_HOME={tmp_path}/.cache/pulumi\n" in run(job, tmp_path, stubs).stderr
    assert "PULUMI_HOME=/image\n" in run(job, tmp_path, {**stubs, "PULUMI_HOME": "/image"}).stderr


def test_the_artifacts_of_a_preview_are_for_developers() -> None:
    """A preview that fails has them, too: its note shows the error."""
    jobs = filled(stack="prod", artifacts_expire_in="2 weeks")
    assert jobs["preview:prod"]["artifacts"] == {
        "when": "always",
        "access": "developer",
        "expire_in": "2 weeks",
        "paths": ["note.md", "plan.json"],
        "reports": {"terraform": "report.json", "codequality": "quality.json"},
    }
    assert not any("artifacts" in job for name, job in jobs.items() if name != "preview:prod")


def test_a_preview_is_interruptible_and_may_fail_in_a_fork() -> None:
    jobs = filled(stack="prod")
    assert {name: job.get("interruptible", False) for name, job in jobs.items()} == {
        name: name == "preview:prod" for name in jobs
    }
    assert {name: job["allow_failure"] for name, job in jobs.items() if "allow_failure" in job} == {
        "preview:prod": {"exit_codes": [NOT_HERE]}
    }


def test_the_default_image_has_the_projects_version_of_pulumi() -> None:
    version = documents()[0]["image"]["default"].partition(":")[2]
    assert f"pulumi=={version}" in (CHECKOUT / "requirements.txt").read_text().splitlines()


def test_each_job_has_its_image_without_entrypoint_and_a_token_for_aws() -> None:
    for job in filled(stack="prod", image="registry.example.com/ci:1", audience="aws").values():
        assert job["image"] == {"name": "registry.example.com/ci:1", "entrypoint": [""]}
        assert job["id_tokens"] == {"AWS_ID_TOKEN": {"aud": "aws"}}


def test_a_job_installs_its_programs_and_runs_in_the_projects_directory(
    tmp_path: Path, stubs: dict[str, Any]
) -> None:
    (tmp_path / "infra").mkdir()
    installed = f'echo "installed in $PWD" >>{tmp_path}/asked'
    job = filled(stack="prod", directory="infra", install=installed)["deploy:prod"]
    assert run(job, tmp_path, stubs).returncode == 0
    assert (tmp_path / "asked").read_text().splitlines()[:2] == [f"installed in {tmp_path}/infra", UP]


def test_a_job_assumes_its_role_with_its_id_token(tmp_path: Path, stubs: dict[str, Any]) -> None:
    job = filled(stack="prod", install=":", backend="s3://state", **ROLES)["deploy:prod"]
    done = run(job, tmp_path, {**stubs, "AWS_ID_TOKEN": "id-token"})
    assert done.returncode == 0, done.stderr
    printed = done.stderr.splitlines()
    assert {
        f"AWS_ROLE_ARN={ROLES['deploy_role']}",
        "AWS_ROLE_SESSION_NAME=gitlab-1",
        "PULUMI_STACK=prod",
        "PULUMI_SKIP_UPDATE_CHECK=true",
        "PULUMI_BACKEND_URL=s3://state",
        "id-token",
    } <= set(printed)
    assert [line for line in printed if line.startswith("-rw------- ")]


def test_without_a_role_and_a_backend_their_variables_are_not_set(
    tmp_path: Path, stubs: dict[str, Any]
) -> None:
    done = run(filled(stack="prod", install=":")["deploy:prod"], tmp_path, {**stubs, "AWS_ID_TOKEN": "x"})
    assert done.returncode == 0, done.stderr
    for name in ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "PULUMI_BACKEND_URL"):
        assert f"{name}=" not in done.stderr


@pytest.mark.parametrize(("timeout", "calls"), [("", []), ("600", ["online --wait 600"])])
def test_a_deployment_checks_its_runners_where_that_is_configured(
    tmp_path: Path, stubs: dict[str, Any], timeout: str, calls: list[str]
) -> None:
    doctor, log = tmp_path / "commands" / "runner-doctor", tmp_path / "looks"
    doctor.write_text(f'#!/bin/sh\ncat >/dev/null; echo "$*" >>{log}; exit 1\n')
    doctor.chmod(0o755)
    log.touch()
    done = run(filled(stack="prod", install=":", online_within=timeout)["deploy:prod"], tmp_path, stubs)
    assert log.read_text().splitlines() == calls
    assert done.returncode == len(calls)
