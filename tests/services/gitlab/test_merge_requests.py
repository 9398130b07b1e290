"""Merge requests and what their pipelines left."""

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


def test_how_far_one_is_behind_shows_where_it_is_asked_for(call, merge_request):
    assert "diverged_commits_count" not in call("GET", MERGE_REQUEST).body
    shown = call("GET", f"{MERGE_REQUEST}?include_diverged_commits_count=true").body
    assert (shown["diverged_commits_count"], shown["target_branch"]) == (3, "main")


def test_those_of_a_project_are_listed_the_newest_first(call, application):
    project = application.extensions[INSTANCE].projects[7]
    for number, state, target in ((2, "opened", "main"), (3, "merged", "main"), (4, "opened", "release")):
        project.merge_requests[number] = MergeRequest(number, state=state, target_branch=target)

    def found(asked):
        return [each["iid"] for each in call("GET", f"projects/7/merge_requests?{asked}").body]

    assert found("") == [4, 3, 2, 1]
    assert found("state=opened&target_branch=main&order_by=updated_at&sort=asc") == [1, 2]
    assert call("GET", "projects/7/merge_requests?state=open").status == 400


def test_one_is_found_by_the_commit_that_it_was_merged_as(call, merge_request):
    (found,) = call("GET", f"projects/7/repository/commits/{SHA}/merge_requests").body
    assert (found["iid"], found["merge_commit_sha"]) == (1, SHA)
    assert call("GET", f"projects/7/repository/commits/{'3' * 40}/merge_requests").body == []


def test_its_pipelines_their_jobs_and_their_files(call, merge_request):
    assert [each["id"] for each in call("GET", f"{MERGE_REQUEST}/pipelines").body] == [3, 2, 1]
    assert [each["name"] for each in call("GET", "projects/7/pipelines/2/jobs").body] == ["preview", "test"]
    assert call("GET", "projects/7/pipelines/3/jobs").status == 404
    assert call("GET", "projects/7/jobs/6/artifacts/plan.json").status == 200
    assert call("GET", "projects/7/jobs/6/artifacts/note.md").status == 404
    assert call("GET", "projects/7/jobs/5/artifacts/plan.json").status == 404


def test_artifacts_are_for_those_whom_the_job_names(call, merge_request):
    merge_request.pipelines[1].jobs[1].artifacts_for = Role.OWNER
    assert call.as_("developer")("GET", "projects/7/jobs/6/artifacts/plan.json").status == 403


def test_a_test_says_how_one_was_merged_and_what_its_pipelines_left(call):
    place, headers = f"/sandbox/{MERGE_REQUEST}", {"Private-Token": call.token}
    left = {"job": "preview", "artifacts": {"plan.json": "{}"}}
    assert call.client.post(f"{place}/pipelines", json=left, headers=headers).status_code == 204
    assert call.client.put(f"{place}/merge", json={"commit": SHA}, headers=headers).status_code == 204
    (found,) = call("GET", f"projects/7/repository/commits/{SHA}/merge_requests").body
    assert found["state"] == "merged"
    assert call("GET", "projects/7/jobs/1/artifacts/plan.json").status == 200
