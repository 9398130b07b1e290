"""Merge requests and the artifacts of their pipelines."""

import pytest

from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.state import FinishedJob, MergeRequest, Pipeline, Role

MERGE_REQUEST = "projects/7/merge_requests/1"
SHA = "2" * 40


@pytest.fixture
def merge_request(call, application):
    found = application.extensions[INSTANCE].projects[7].merge_requests[1]
    found.merge_commit_sha = SHA
    found.diverged_commits = 3
    artifact = {"plan.json": b"{}"}
    jobs = [
        FinishedJob(5, "test"),
        FinishedJob(6, "preview", artifacts=artifact, artifacts_for=Role.DEVELOPER),
    ]
    found.pipelines = [
        Pipeline(1, 7, "1" * 40),
        Pipeline(2, 7, "1" * 40, jobs),
        Pipeline(3, 99, "1" * 40, jobs),
    ]
    return found


def test_the_number_of_diverged_commits_is_returned_on_request(call, merge_request):
    assert "diverged_commits_count" not in call("GET", MERGE_REQUEST).body
    shown = call("GET", f"{MERGE_REQUEST}?include_diverged_commits_count=true").body
    assert (shown["diverged_commits_count"], shown["target_branch"]) == (3, "main")


def test_merge_requests_of_a_project_are_listed_newest_first(call, application):
    project = application.extensions[INSTANCE].projects[7]
    for number, state, target in ((2, "opened", "main"), (3, "merged", "main"), (4, "opened", "release")):
        project.merge_requests[number] = MergeRequest(number, state=state, target_branch=target)

    def found(query):
        return [each["iid"] for each in call("GET", f"projects/7/merge_requests?{query}").body]

    assert found("") == [4, 3, 2, 1]
    assert found("state=opened&target_branch=main&order_by=updated_at&sort=asc") == [1, 2]
    assert call("GET", "projects/7/merge_requests?state=open").status == 400


def test_a_merge_request_is_found_by_its_merge_commit(call, merge_request):
    (found,) = call("GET", f"projects/7/repository/commits/{SHA}/merge_requests").body
    assert (found["iid"], found["merge_commit_sha"]) == (1, SHA)
    assert call("GET", f"projects/7/repository/commits/{'3' * 40}/merge_requests").body == []


def test_the_pipelines_jobs_and_artifacts_of_a_merge_request(call, merge_request):
    assert [each["id"] for each in call("GET", f"{MERGE_REQUEST}/pipelines").body] == [3, 2, 1]
    assert [each["name"] for each in call("GET", "projects/7/pipelines/2/jobs").body] == ["preview", "test"]
    assert call("GET", "projects/7/pipelines/3/jobs").status == 404
    assert call("GET", "projects/7/jobs/6/artifacts/plan.json").status == 200
    assert call("GET", "projects/7/jobs/6/artifacts/note.md").status == 404
    assert call("GET", "projects/7/jobs/5/artifacts/plan.json").status == 404


def test_artifacts_are_only_for_the_role_that_the_job_names(call, merge_request):
    merge_request.pipelines[1].jobs[1].artifacts_for = Role.OWNER
    assert call.as_("developer")("GET", "projects/7/jobs/6/artifacts/plan.json").status == 403


def test_a_test_can_set_the_merge_commit_and_the_artifacts(call):
    place, headers = f"/sandbox/{MERGE_REQUEST}", {"Private-Token": call.token}
    left = {"job": "preview", "artifacts": {"plan.json": "{}"}}
    assert call.client.post(f"{place}/pipelines", json=left, headers=headers).status_code == 204
    assert call.client.put(f"{place}/merge", json={"commit": SHA}, headers=headers).status_code == 204
    (found,) = call("GET", f"projects/7/repository/commits/{SHA}/merge_requests").body
    assert found["state"] == "merged"
    assert call("GET", "projects/7/jobs/1/artifacts/plan.json").status == 200
