"""Pipeline schedules."""

import pytest

SCHEDULES = "projects/7/pipeline_schedules"
NEW = {"description": "drift", "ref": "refs/heads/main", "cron": "0 4 * * 1-5"}


def test_a_schedule_lives(call):
    made = call("POST", SCHEDULES, {**NEW, "cron_timezone": "Europe/Berlin"})
    assert (made.status, made.body["active"], made.body["owner"]["username"]) == (201, True, "root")
    assert made.body.items() >= {**NEW, "cron_timezone": "Europe/Berlin"}.items()
    path = f"{SCHEDULES}/{made.body['id']}"
    changed = call("PUT", path, {"active": False, "inputs": [{"name": "stack", "value": "prod"}]})
    assert changed.body == {
        **made.body,
        "active": False,
        "inputs": [{"name": "stack", "value": "prod"}],
    }
    assert call("GET", path).body == changed.body
    assert call("DELETE", path).status == 204
    assert call("GET", path).body == {"message": "404 Pipeline Schedule Not Found"}


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


def test_who_may(call):
    path = f"{SCHEDULES}/{call('POST', SCHEDULES, NEW).body['id']}"
    developer, maintainer = call.as_("developer"), call.as_("maintainer")
    assert developer("PUT", path, {"active": False}).status == 403
    assert developer("DELETE", path).status == 403
    assert maintainer("PUT", path, {"active": False}).status == 200
    assert developer("POST", SCHEDULES, NEW).body["owner"]["username"] == "developer"
