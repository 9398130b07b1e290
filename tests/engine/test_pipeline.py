"""The pipeline component's jobs, run unchanged: a note, a deployment as reviewed, drift, a fork."""

import subprocess

import httpx
import pytest
from pulumi_gitlab_runner.review.note import marker

from sandbox.environment import GITLAB_TOKEN
from tests.engine.canaries import PASSWORD, TOKEN, written_forms
from tests.engine.project import Project
from tests.registry.fixtures import ONLY_LOOPBACK
from tests.templates.component import filled, run

pytestmark = pytest.mark.engine

MERGE_REQUEST = "projects/7/merge_requests/1"
NOTES = f"{MERGE_REQUEST}/notes"
ISSUES = "projects/7/issues"
COMMIT = "2" * 40
VARIABLES = [{"group": 42, "key": "PIPELINE", "value": "pipeline-value"}]
NOT_REVIEWED = [{"group": 42, "key": "PIPELINE", "value": "not-the-reviewed-value"}]


def job(project: Project, kind: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a job of the component on the stack, with the variables that GitLab and the project set."""
    environment = project.sandbox.env() | ONLY_LOOPBACK
    jobs = filled(
        stack="tested",
        install=":",
        backend=environment["PULUMI_BACKEND_URL"],
        review_token_variable="TOKEN",
        deploy_as_reviewed=True,
        drift_issue=True,
    )
    of_gitlab = {
        "CI_API_V4_URL": environment["GITLAB_BASE_URL"],
        "CI_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_IID": "1",
        "CI_COMMIT_SHA": COMMIT,
        "TOKEN": GITLAB_TOKEN,
    }
    return run(jobs[f"{kind}:tested"], project.directory, environment | of_gitlab | variables)


def merge(project: Project) -> str:
    """Merge the merge request as GitLab does, with the artifact of the preview; return the plan."""
    plan = (project.directory / "plan.json").read_text()
    address = f"{project.sandbox.services['gitlab'].url}/sandbox/{MERGE_REQUEST}"
    with httpx.Client(headers={"Private-Token": GITLAB_TOKEN}) as client:
        finished = {"job": "preview:tested", "artifacts": {"plan.json": plan}}
        client.post(f"{address}/pipelines", json=finished).raise_for_status()
        client.put(f"{address}/merge", json={"commit": COMMIT}).raise_for_status()
    return plan


def test_preview_deploy_and_drift(project: Project) -> None:
    with project.declaring("variables", VARIABLES):
        assert job(project, "preview").returncode == 0
        (first,) = project.gitlab("GET", NOTES)
        assert first["body"].startswith(marker("tested"))
        assert "+ create gitlab:index/groupVariable:GroupVariable ci-group-42-PIPELINE" in first["body"]
        assert (project.directory / "note.md").read_text() == first["body"]
        assert '"create": 1' in (project.directory / "report.json").read_text()

        plan = merge(project)
        with project.declaring("variables", NOT_REVIEWED):
            refused = job(project, "deploy")
        assert refused.returncode == 1
        assert "the changes differ from the reviewed changes in !1:\n" in refused.stdout
        assert "GroupVariable ci-group-42-PIPELINE: differs from the reviewed plan: value\n" in refused.stdout
        assert "nothing was deployed" in refused.stderr
        assert "not-the-reviewed-value" not in refused.stdout + refused.stderr
        assert "PIPELINE" not in str(project.gitlab("GET", "groups/42/variables"))

        deployed = job(project, "deploy")
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        assert project.gitlab("GET", "groups/42/variables/PIPELINE")["value"] == "pipeline-value"

        assert job(project, "preview").returncode == 0
        (second,) = project.gitlab("GET", NOTES)
        assert second["id"] == first["id"]
        assert "**Counts:** no changes" in second["body"]

        clean = job(project, "drift")
        no_drift = "No drift: the resources of tested match its state.\n"
        assert (clean.returncode, clean.stdout) == (0, no_drift), clean.stderr
        runner = project.outputs()["runners"]["build"]["id"]
        project.gitlab("PUT", f"runners/{runner}", tag_list=["by", "hand"])
        project.gitlab("DELETE", "groups/42/variables/PIPELINE")
        drift = job(project, "drift")
        assert drift.returncode == 1, drift.stderr
        assert "gitlab:index/userRunner:UserRunner ci-build: tagLists" in drift.stdout
        assert (
            "gitlab:index/groupVariable:GroupVariable ci-group-42-PIPELINE: deleted outside Pulumi\n"
            in drift.stdout
        )
        assert "`pulumi up --refresh`" in drift.stdout
        (issue,) = project.gitlab("GET", ISSUES)
        assert (issue["state"], issue["labels"]) == ("opened", ["drift"])
        assert "ci-group-42-PIPELINE: deleted outside Pulumi\n" in issue["description"]
    project.up("--refresh")
    resolved = job(project, "drift")
    assert resolved.returncode == 0, resolved.stdout + resolved.stderr
    (closed,) = project.gitlab("GET", ISSUES)
    assert (closed["iid"], closed["state"]) == (issue["iid"], "closed")
    output = first["body"] + second["body"] + plan + closed["description"]
    output += "".join(done.stdout + done.stderr for done in (refused, deployed, drift, resolved))
    assert not [form for secret in (PASSWORD, TOKEN) for form in written_forms(secret) if form in output]


def test_a_failed_preview_is_explained_on_the_merge_request_and_fails_the_job(project: Project) -> None:
    with project.declaring("runner", {}):
        failed = job(project, "preview")
    assert failed.returncode == 1
    (note,) = project.gitlab("GET", NOTES)
    assert "The preview failed" in note["body"]
    assert "did you mean 'runners'?" in note["body"]
    assert "did you mean 'runners'?" in failed.stderr


def test_the_pipeline_of_a_fork_reports_what_it_cannot_do(project: Project) -> None:
    before = project.gitlab("GET", NOTES)
    fork = job(project, "preview", CI_PROJECT_ID="99", TOKEN="", PULUMI_CONFIG_PASSPHRASE="")
    assert fork.returncode == 3
    no_note = "no note on the merge request: the variable TOKEN is not set; the pipeline of a fork has"
    assert no_note in fork.stderr
    assert "runner-review: This is the pipeline of a fork" in fork.stderr
    written = (project.directory / "note.md").read_text()
    assert "This is the pipeline of a fork" in written
    assert "passphrase" in written
    assert project.gitlab("GET", NOTES) == before
