"""Pipeline schedules."""

import pytest

from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.state import Role
from tests.services.gitlab.caller import TOKEN

SCHEDULES = "projects/7/pipeline_schedules"
NEW = {"description": "drift", "ref": "refs/heads/main", "cron": "0 4 * * 1-5"}


def test_the_life_cycle_of_a_schedule(call):
    made = call("POST", SCHEDULES, {**NEW, "cron_timezone": "Europe/Berlin"})
    assert (made.status, made.body["active"], made.body["owner"]["username"]) == (201, True, "root")
    assert made.body.items() >= {**NEW, "cron_timezone": "Europe/Berlin"}.items()
    path = f"{SCHEDULES}/{made.body['id']}"
    changed = call("PUT", path, {"active": False, "inputs": [{"name": "stack", "value": "prod"}]})
    assert changed.body == {**made.body, "active": False}
    assert call("GET", path).body == {
        **changed.body,
        "inputs": [{"name": "stack", "value": "prod"}],
        "variables": [],
    }
    assert call("DELETE", path).status == 204
    assert call("GET", path).body == {"message": "404 Pipeline Schedule Not Found"}


def test_an_input_stays_until_it_is_destroyed(call):
    stack, count = {"name": "stack", "value": "prod"}, {"name": "count", "value": 3}
    path = f"{SCHEDULES}/{call('POST', SCHEDULES, {**NEW, 'inputs': [stack]}).body['id']}"
    for change, left in (
        ({"cron": "0 5 * * *"}, [stack]),
        ({"inputs": [count]}, [stack, count]),
        ({"inputs": [{**stack, "value": "dev"}]}, [{**stack, "value": "dev"}, count]),
        ({"inputs": [{"name": "stack", "destroy": True}]}, [count]),
    ):
        assert call("PUT", path, change).status == 200
        assert call("GET", path).body["inputs"] == left
    assert call("PUT", path, {"inputs": [{"name": "stack"}]}).body == {"error": "inputs is invalid"}


@pytest.mark.parametrize(
    ("change", "attribute"),
    [
        ({"cron": "0 4 * *"}, "cron"),
        ({"cron": "at four"}, "cron"),
        ({"cron_timezone": "Berlin"}, "cron_timezone"),
        ({"ref": "main"}, "ref"),
        ({"description": " "}, "description"),
        ({"inputs": [{"name": str(n), "value": "x"} for n in range(21)]}, "inputs"),
    ],
)
def test_rules_of_a_schedule(call, change, attribute):
    made = call("POST", SCHEDULES, NEW).body["id"]
    for answer in (call("POST", SCHEDULES, {**NEW, **change}), call("PUT", f"{SCHEDULES}/{made}", change)):
        assert answer.status == 400
        assert list(answer.body["message"]) == [attribute]


def test_who_may_read_and_change_a_schedule(call):
    path = f"{SCHEDULES}/{call('POST', SCHEDULES, NEW).body['id']}"
    developer, maintainer = call.as_("developer"), call.as_("maintainer")
    assert developer("PUT", path, {"active": False}).status == 403
    assert developer("DELETE", path).status == 403
    assert maintainer("PUT", path, {"active": False}).status == 403
    assert "inputs" not in developer("GET", path).body
    assert maintainer("GET", path).body["inputs"] == []
    assert maintainer("DELETE", path).status == 204
    own = developer("POST", SCHEDULES, NEW).body
    assert own["owner"]["username"] == "developer"
    for owner_or_administrator in (developer, call):
        assert owner_or_administrator("PUT", f"{SCHEDULES}/{own['id']}", {"active": False}).status == 200


@pytest.mark.parametrize(("role", "status"), [(Role.GUEST, 404), (Role.REPORTER, 200)])
def test_a_reporter_reads_schedules(call, application, role, status):
    path = f"{SCHEDULES}/{call('POST', SCHEDULES, NEW).body['id']}"
    developer = application.extensions[INSTANCE].tokens[f"{TOKEN}-developer"].user
    developer.roles[42] = role
    assert call.as_("developer")("GET", path).status == status
    assert call.as_("developer")("POST", SCHEDULES, NEW).status == 403
