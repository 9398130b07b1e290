"""Pipeline schedules and their variables."""

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
    assert [schedule["id"] for schedule in call("GET", SCHEDULES).body] == [made.body["id"]]
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
    assert len(call("GET", SCHEDULES).body) == 1


def test_a_variable_of_a_schedule_lives(call):
    path = f"{SCHEDULES}/{call('POST', SCHEDULES, NEW).body['id']}"
    made = call("POST", f"{path}/variables", {"key": "STACK", "value": "prod"})
    assert (made.status, made.body) == (
        201,
        {"key": "STACK", "value": "prod", "variable_type": "env_var"},
    )
    assert call("POST", f"{path}/variables", {"key": "STACK", "value": "prod"}).status == 400
    assert call("POST", f"{path}/variables", {"key": "A-B", "value": "prod"}).status == 400
    changed = call("PUT", f"{path}/variables/STACK", {"value": "dev"})
    assert (changed.status, changed.body["value"]) == (200, "dev")
    assert call("GET", path).body["variables"] == [changed.body]
    assert "variables" not in call("GET", SCHEDULES).body[0]
    assert call("DELETE", f"{path}/variables/STACK").status == 202
    assert call("DELETE", f"{path}/variables/STACK").body == {"message": "404 Variable Not Found"}


def test_who_may(call):
    path = f"{SCHEDULES}/{call('POST', SCHEDULES, NEW).body['id']}"
    developer, maintainer = call.as_("developer"), call.as_("maintainer")
    assert developer("PUT", path, {"active": False}).status == 403
    assert developer("DELETE", path).status == 403
    assert developer("POST", f"{path}/take_ownership").status == 403
    assert maintainer("PUT", path, {"active": False}).status == 200
    variable = {"key": "STACK", "value": "prod"}
    assert maintainer("POST", f"{path}/variables", variable).status == 403
    assert maintainer("POST", f"{path}/take_ownership").body["owner"]["username"] == "maintainer"
    assert maintainer("POST", f"{path}/variables", variable).status == 201
    assert developer("POST", SCHEDULES, NEW).body["owner"]["username"] == "developer"
