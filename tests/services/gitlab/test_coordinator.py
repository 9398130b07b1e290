"""The requests of a runner manager: to verify its token, for jobs, and about their output and state."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.services.gitlab.access import INSTANCE

GROUP = {"runner_type": "group_type", "group_id": 42}
PROJECT = {"runner_type": "project_type", "project_id": 7}
EVERYWHERE = {"runner_type": "instance_type"}
PART = {"Content-Type": "text/plain", "Private-Token": ""}


def create(call, body):
    answer = call("POST", "user/runners", body)
    assert answer.status == 201, answer.body
    return answer.body


def queue(call, **job):
    answer = call.client.post(
        "/sandbox/jobs",
        json={"project_id": 7, "script": ["echo hi"], **job},
        headers={"Private-Token": call.token},
    )
    assert answer.status_code == 201, answer.get_json()
    return answer.get_json()["id"]


def request_job(call, runner):
    return call("POST", "jobs/request", {"token": runner["token"]}, headers={"Private-Token": ""})


def take_job(call, runner):
    answer = request_job(call, runner)
    assert answer.status == 201, answer.status
    return answer.body


def send(call, job, text, start=0):
    headers = {**PART, "Job-Token": job["token"], "Content-Range": f"{start}-{start + len(text) - 1}"}
    return call("PATCH", f"jobs/{job['id']}/trace", data=text, headers=headers)


def trace(call, job):
    headers = {"Private-Token": call.token}
    return call.client.get(f"/api/v4/projects/7/jobs/{job['id']}/trace", headers=headers).text


class TestRunner:
    def test_a_valid_token_needs_no_user(self, call):
        runner = create(call, GROUP)
        body = {"token": runner["token"], "system_id": "s_1"}
        answer = call("POST", "runners/verify", body, headers={"Private-Token": ""})
        assert (answer.status, answer.body) == (
            200,
            {"id": 1, "token": runner["token"], "token_expires_at": None},
        )

    @pytest.mark.parametrize("path", ["runners/verify", "jobs/request"])
    def test_an_invalid_token(self, call, path):
        answer = call("POST", path, {"token": "glrt-wrong"})
        assert (answer.status, answer.body) == (403, {"message": "403 Forbidden"})

    def test_the_token_of_a_deleted_runner(self, call):
        runner = create(call, GROUP)
        call("DELETE", "runners/1")
        assert call("POST", "runners/verify", {"token": runner["token"]}).status == 403
        assert request_job(call, runner).status == 403


class TestStatus:
    """The status of a runner follows from its last contact or, without one, from its age."""

    def status(self, call, **changed):
        create(call, GROUP)
        runner = call.client.application.extensions[INSTANCE].runners[1]
        for name, value in changed.items():
            setattr(runner, name, value)
        details = call("GET", "runners/1").body
        return details["status"], details["online"]

    @staticmethod
    def ago(**time):
        return (datetime.now(UTC) - timedelta(**time)).isoformat()

    def test_never_contacted(self, call):
        assert self.status(call) == ("never_contacted", None)

    @pytest.mark.parametrize(
        ("since", "paused", "expected"),
        [
            ({"minutes": 1}, False, ("online", True)),
            ({"minutes": 119}, False, ("online", True)),
            ({"minutes": 121}, False, ("offline", False)),
            ({"minutes": 1}, True, ("paused", True)),
            ({"days": 8}, False, ("stale", False)),
            ({"days": 8}, True, ("stale", False)),
        ],
    )
    def test_after_a_contact(self, call, since, paused, expected):
        found = self.status(call, contacted_at=self.ago(**since), created_at=self.ago(days=30), paused=paused)
        assert found == expected

    def test_never_contacted_for_long(self, call):
        assert self.status(call, created_at=self.ago(days=8)) == ("stale", None)

    def test_a_request_for_a_job_is_a_contact(self, call):
        runner = create(call, GROUP)
        assert request_job(call, runner).status == 204
        assert call("GET", "runners/1").body["status"] == "online"

    def test_a_running_job_is_a_contact_and_makes_its_runner_active(self, call):
        runner = create(call, GROUP)
        queue(call)
        job = take_job(call, runner)
        call.client.application.extensions[INSTANCE].runners[1].contacted_at = None
        send(call, job, "a line")
        details = call("GET", "runners/1").body
        assert (details["status"], details["job_execution_status"]) == ("online", "active")
        call("PUT", f"jobs/{job['id']}", {"token": job["token"], "state": "success"})
        assert call("GET", "runners/1").body["job_execution_status"] == "idle"


class TestAssignment:
    @pytest.mark.parametrize(
        ("runner", "job", "assigned"),
        [
            (EVERYWHERE, {}, True),
            (GROUP, {}, True),
            (GROUP, {"project_id": 8}, False),
            (PROJECT, {}, True),
            (PROJECT, {"project_id": 8}, False),
            ({**GROUP, "paused": True}, {}, False),
            ({**GROUP, "tag_list": ["docker"], "run_untagged": False}, {}, False),
            ({**GROUP, "tag_list": ["docker"], "run_untagged": True}, {}, True),
            (GROUP, {"tag_list": ["docker"]}, False),
            ({**GROUP, "tag_list": ["docker", "aws"]}, {"tag_list": ["docker"]}, True),
            ({**GROUP, "tag_list": ["docker"]}, {"tag_list": ["docker", "aws"]}, False),
            ({**GROUP, "access_level": "ref_protected"}, {}, False),
            ({**GROUP, "access_level": "ref_protected"}, {"protected": True}, True),
            (GROUP, {"protected": True}, True),
        ],
    )
    def test_a_runner_gets_only_its_jobs(self, call, runner, job, assigned):
        runner = create(call, runner)
        queue(call, **job)
        assert request_job(call, runner).status == (201 if assigned else 204)

    def test_an_enabled_project_is_served_until_it_is_disabled(self, call):
        runner = create(call, PROJECT)
        call("POST", "projects/8/runners", {"runner_id": runner["id"]})
        queue(call, project_id=8)
        assert request_job(call, runner).status == 201
        call("DELETE", f"projects/8/runners/{runner['id']}")
        queue(call, project_id=8)
        assert request_job(call, runner).status == 204

    def test_jobs_are_assigned_once_and_in_their_order(self, call):
        runner = create(call, GROUP)
        queued = [queue(call), queue(call)]
        assert [take_job(call, runner)["id"] for _ in queued] == queued
        assert request_job(call, runner).status == 204

    def test_the_content_of_an_assigned_job(self, call):
        runner = create(call, {**GROUP, "maximum_timeout": 900})
        queue(call, image="redis:7", services=[{"name": "postgres:16", "alias": "db"}], variables={"A": "b"})
        job = take_job(call, runner)
        assert job["image"] == {"name": "redis:7"}
        assert job["services"] == [{"name": "postgres:16", "alias": "db"}]
        assert job["steps"][0]["script"] == ["echo hi"]
        assert job["runner_info"]["timeout"] == 900
        assert {"key": "A", "value": "b"}.items() <= job["variables"][-1].items()

    @pytest.mark.parametrize(("protected", "expected"), [(True, "of the project"), (False, "of the group")])
    def test_a_job_gets_the_variables_of_its_scope(self, call, protected, expected):
        runner = create(call, GROUP)
        call("POST", "groups/42/variables", {"key": "KEY", "value": "of the group"})
        call("POST", "projects/7/variables", {"key": "KEY", "value": "of the project", "protected": True})
        call("POST", "projects/7/variables", {"key": "DEPLOY", "value": "x", "environment_scope": "prod"})
        queue(call, protected=protected)
        given = {each["key"]: each["value"] for each in take_job(call, runner)["variables"]}
        assert given["KEY"] == expected
        assert "DEPLOY" not in given


class TestJob:
    @pytest.fixture
    def job(self, call):
        runner = create(call, GROUP)
        queue(call)
        return take_job(call, runner)

    def test_its_trace_grows_part_by_part(self, call, job):
        first = send(call, job, "one\n")
        assert (first.status, first.headers["Range"], first.headers["Job-Status"]) == (202, "0-4", "running")
        assert send(call, job, "two\n", start=4).headers["Range"] == "0-8"
        assert trace(call, job) == "one\ntwo\n"

    def test_a_part_that_comes_too_early_is_requested_again(self, call, job):
        send(call, job, "one\n")
        answer = send(call, job, "three\n", start=8)
        assert (answer.status, answer.headers["Range"]) == (416, "0-4")
        assert trace(call, job) == "one\n"

    def test_a_part_that_is_sent_again_is_added_once(self, call, job):
        for _ in range(2):
            send(call, job, "one\n")
        assert trace(call, job) == "one\n"

    def test_a_part_must_have_a_range(self, call, job):
        headers = {**PART, "Job-Token": job["token"]}
        assert call("PATCH", f"jobs/{job['id']}/trace", data="x", headers=headers).status == 400

    def test_it_runs_and_ends(self, call, job):
        for state in ("running", "failed"):
            body = {"token": job["token"], "state": state, "failure_reason": "script_failure", "exit_code": 1}
            answer = call("PUT", f"jobs/{job['id']}", body)
            assert (answer.status, answer.headers["Job-Status"]) == (200, state)
        shown = call("GET", f"projects/7/jobs/{job['id']}").body
        assert (shown["status"], shown["failure_reason"]) == ("failed", "script_failure")
        assert shown["runner"]["id"] == 1

    def test_nothing_is_added_after_its_end(self, call, job):
        call("PUT", f"jobs/{job['id']}", {"token": job["token"], "state": "success"})
        for answer in (
            send(call, job, "late"),
            call("PUT", f"jobs/{job['id']}", {"token": job["token"], "state": "failed"}),
        ):
            assert (answer.status, answer.headers["Job-Status"]) == (403, "success")
            assert answer.body == {"message": "403 Forbidden - Job is not processing on runner"}
        assert call("GET", f"projects/7/jobs/{job['id']}").body["status"] == "success"

    @pytest.mark.parametrize("runner", [{"paused": True}, None], ids=["paused", "removed"])
    def test_it_continues_when_its_runner_is_paused_or_removed(self, call, job, runner):
        if runner:
            call("PUT", "runners/1", runner)
        else:
            call("DELETE", "runners/1")
        assert send(call, job, "one\n").status == 202
        answer = call("PUT", f"jobs/{job['id']}", {"token": job["token"], "state": "success"})
        assert answer.status == 200

    def test_only_its_own_token_is_accepted(self, call, job):
        runner = create(call, GROUP)
        for token in ("", runner["token"], "glcbt-wrong"):
            assert call("PUT", f"jobs/{job['id']}", {"token": token, "state": "success"}).status == 403
            assert send(call, {**job, "token": token}, "x").status == 403
        answer = call("PUT", f"jobs/{job['id']}", {"state": "success"}, headers={"Job-Token": job["token"]})
        assert (answer.status, answer.body) == (400, {"error": "token is missing"})

    def test_an_unknown_job_is_forbidden_so_that_its_runner_stops(self, call, job):
        assert send(call, {**job, "id": 99}, "x").status == 403

    def test_an_unknown_state_is_refused(self, call, job):
        answer = call("PUT", f"jobs/{job['id']}", {"token": job["token"], "state": "canceled"})
        assert answer.status == 400

    def test_its_token_is_shown_only_to_its_runner(self, call, job):
        assert job["token"] not in str(call("GET", f"projects/7/jobs/{job['id']}").body)


def test_a_job_of_another_project_is_not_found(call):
    number = queue(call)
    assert call("GET", f"projects/8/jobs/{number}").status == 404


def test_a_request_without_a_token_queues_no_job(call):
    answer = call.client.post("/sandbox/jobs", json={"project_id": 7, "script": ["true"]})
    assert answer.status_code == 401


def test_a_runner_of_a_group_gets_a_job_of_its_project_with_the_variables_of_both(call):
    for place, value in (("groups/42", "above"), ("projects/7", "below")):
        call("POST", f"{place}/variables", {"key": "KEY", "value": value})
    call("POST", "groups/42/variables", {"key": "ABOVE", "value": "above"})
    runner = create(call, GROUP)
    queue(call)
    given = {each["key"]: each["value"] for each in take_job(call, runner)["variables"]}
    assert (given["KEY"], given["ABOVE"]) == ("below", "above")
