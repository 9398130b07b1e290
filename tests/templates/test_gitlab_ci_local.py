"""gitlab-ci-local interpolates the component to the same jobs, in the same pipelines, as `component.py`."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitlab_ci_local import gitlab_ci_local as gitlab_ci_local
from tests.templates.component import COMPONENT, filled

pytestmark = pytest.mark.integration

INPUTS: dict[str, Any] = {
    "stack": "prod",
    "job_prefix": "shop-",
    "changes": ["infra/**/*", "*.yml"],
    "cache_files": ["infra/requirements.txt"],
    "deploy_when": "on_success",
    "deploy_as_reviewed": True,
    "drift_issue": True,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository that includes the component: gitlab-ci-local includes only files that git tracks."""
    include = [{"local": "stack.yml", "inputs": INPUTS}]
    (tmp_path / ".gitlab-ci.yml").write_text(
        yaml.safe_dump({"stages": ["test", "deploy"], "include": include})
    )
    (tmp_path / "stack.yml").write_text(COMPONENT.read_text())
    git = ["git", "-C", tmp_path, "-c", "user.name=it", "-c", "user.email=it@example.com"]
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["remote", "add", "origin", "git@gitlab.example.com:team/app.git"],
        ["add", "--all"],
        ["commit", "--quiet", "--message=it"],
    ):
        subprocess.run([*git, *command], check=True, timeout=60)
    return tmp_path


def output_of(program: str, project: Path, *options: str) -> str:
    command = [
        program,
        *options,
        "--evaluate-rule-changes=false",
        "--ignore-predefined-vars=CI_PIPELINE_SOURCE",
    ]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_gitlab_ci_local_has_the_same_jobs(gitlab_ci_local: str, project: Path) -> None:
    theirs = yaml.safe_load(output_of(gitlab_ci_local, project, "--preview"))
    ours = filled(**INPUTS)
    jobs = {name: job for name, job in theirs.items() if name != "stages"}
    assert jobs.keys() == {name for name in ours if not name.startswith(".")}
    for name, job in jobs.items():
        ours[name]["cache"] = [{**ours[name]["cache"], "policy": "pull-push", "when": "on_success"}]
        assert job == ours[name]


@pytest.mark.parametrize(
    ("source", "job"),
    [
        ("push", "shop-deploy:prod"),
        ("schedule", "shop-drift:prod"),
        ("merge_request_event", "shop-preview:prod"),
        ("parent_pipeline", None),
    ],
)
def test_gitlab_ci_local_selects_the_same_jobs(
    gitlab_ci_local: str, project: Path, source: str, job: str | None
) -> None:
    listed = output_of(gitlab_ci_local, project, "--list-csv", "--variable", f"CI_PIPELINE_SOURCE={source}")
    rows = [line.split(";") for line in listed.splitlines() if line.count(";") == 5]
    assert [row[0] for row in rows[1:]] == ([job] if job else [])
