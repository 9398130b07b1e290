"""The pipeline component's jobs, run as they stand: a preview's note, a deployment, drift, a fork."""

import subprocess

import pytest
from pulumi_gitlab_runner.review.note import marker

from sandbox.environment import GITLAB_TOKEN
from tests.engine.canaries import PASSWORD, TOKEN, written_forms
from tests.engine.project import Project
from tests.registry.fixtures import ONLY_LOOPBACK
from tests.templates.component import filled, run

pytestmark = pytest.mark.engine

NOTES = "projects/7/merge_requests/1/notes"
VARIABLES = [{"group": 42, "key": "PIPELINE", "value": "pipeline-value"}]


def job(project: Project, kind: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a job of the component on the stack, with the variables that GitLab and the project give it."""
    environment = project.sandbox.env() | ONLY_LOOPBACK
    jobs = filled(
        stack="tested", install=":", backend=environment["PULUMI_BACKEND_URL"], review_token_variable="TOKEN"
    )
    of_gitlab = {
        "CI_API_V4_URL": environment["GITLAB_BASE_URL"],
        "CI_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_IID": "1",
        "TOKEN": GITLAB_TOKEN,
    }
    return run(jobs[f"{kind}:tested"], project.directory, environment | of_gitlab | variables)


def test_preview_deploy_and_drift(project: Project) -> None:
    with project.declaring("variables", VARIABLES):
        assert job(project, "preview").returncode == 0
        (first,) = project.gitlab("GET", NOTES)
        assert first["body"].startswith(marker("tested"))
        assert "+ create gitlab:index/groupVariable:GroupVariable ci-group-42-PIPELINE" in first["body"]
        assert (project.directory / "note.md").read_text() == first["body"]
        assert '"create": 1' in (project.directory / "report.json").read_text()

        deployed = job(project, "deploy")
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        assert project.gitlab("GET", "groups/42/variables/PIPELINE")["value"] == "pipeline-value"

        assert job(project, "preview").returncode == 0
        (second,) = project.gitlab("GET", NOTES)
        assert second["id"] == first["id"]
        assert "nothing changes" in second["body"]

        clean = job(project, "drift")
        assert (clean.returncode, clean.stdout) == (0, "No drift: tested is as its state has it.\n")
        runner = project.outputs()["runners"]["build"]["id"]
        project.gitlab("PUT", f"runners/{runner}", tag_list=["by", "hand"])
        project.gitlab("DELETE", "groups/42/variables/PIPELINE")
        drift = job(project, "drift")
        assert drift.returncode == 1
        assert "gitlab:index/userRunner:UserRunner ci-build: tagLists" in drift.stdout
        assert "gitlab:index/groupVariable:GroupVariable ci-group-42-PIPELINE: gone\n" in drift.stdout
        assert "`pulumi up --refresh`" in drift.stdout
    project.up("--refresh")
    told = first["body"] + second["body"] + drift.stdout + drift.stderr + deployed.stdout + deployed.stderr
    assert not [form for secret in (PASSWORD, TOKEN) for form in written_forms(secret) if form in told]


def test_a_preview_that_fails_says_why_on_the_merge_request_and_fails_the_job(project: Project) -> None:
    with project.declaring("runner", {}):
        failed = job(project, "preview")
    assert failed.returncode == 1
    (note,) = project.gitlab("GET", NOTES)
    assert "The preview failed" in note["body"]
    assert "did you mean 'runners'?" in note["body"]
    assert "did you mean 'runners'?" in failed.stderr


def test_a_fork_is_told_what_cannot_be_done_there(project: Project) -> None:
    before = project.gitlab("GET", NOTES)
    fork = job(project, "preview", CI_PROJECT_ID="99", TOKEN="", PULUMI_CONFIG_PASSPHRASE="")
    assert fork.returncode == 3
    assert "no note on the merge request: the variable TOKEN is not set; a fork's pipeline" in fork.stderr
    assert "runner-review: This is the pipeline of a fork" in fork.stderr
    written = (project.directory / "note.md").read_text()
    assert "This is the pipeline of a fork" in written
    assert "passphrase" in written
    assert project.gitlab("GET", NOTES) == before
