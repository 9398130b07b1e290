"""CI/CD variables of projects, groups and the instance."""

import pytest

PLACES = [
    "projects/7/variables",
    "projects/team%2Fapp/variables",
    "groups/42/variables",
    "admin/ci/variables",
]
SCOPED = PLACES[1:3]
NEW = {"key": "KEY", "value": "a value"}
HIDDEN = {"key": "KEY", "value": "12345678", "masked_and_hidden": True}


@pytest.fixture(params=PLACES)
def place(request):
    return request.param


def test_the_life_cycle_of_a_variable(call, place):
    made = call("POST", place, {**NEW, "protected": True})
    assert (made.status, made.body["protected"], made.body["masked"]) == (201, True, False)
    assert call("GET", f"{place}/KEY").body == made.body
    assert call("GET", place).body == [made.body]
    changed = call("PUT", f"{place}/KEY", {"value": "another", "description": "why"})
    assert (changed.status, changed.body) == (200, {**made.body, "value": "another", "description": "why"})
    assert call("GET", f"{place}/KEY").body == changed.body
    assert call("DELETE", f"{place}/KEY").status == 204
    assert call("GET", place).body == []


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("projects/7/variables", "Variable"),
        ("groups/42/variables", "GroupVariable"),
        ("admin/ci/variables", "InstanceVariable"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_variable_is_not_found(call, place, kind, method):
    answer = call(method, f"{place}/NONE", {"value": "a value"} if method == "PUT" else None)
    assert (answer.status, answer.body) == (404, {"message": f"404 {kind} Not Found"})


@pytest.mark.parametrize(
    ("change", "attribute", "message"),
    [
        ({"key": ""}, "key", "can't be blank"),
        ({"key": "K" * 256}, "key", "is too long (maximum is 255 characters)"),
        ({"key": "MY-KEY"}, "key", "can contain only letters, digits and '_'."),
        ({"description": "d" * 256}, "description", "is too long (maximum is 255 characters)"),
    ],
)
def test_rules_of_every_variable(call, place, change, attribute, message):
    answer = call("POST", place, {**NEW, **change})
    assert answer.status == 400
    assert message in answer.body["message"][attribute]


def test_longest_key_and_description(call, place):
    assert call("POST", place, {**NEW, "key": "K" * 255, "description": "d" * 255}).status == 201


@pytest.mark.parametrize(
    ("value", "raw", "accepted"),
    [
        ("12345678", False, True),
        ("1234567", False, False),
        ("Hello+World_123/@:-~.=", False, True),
        ("hello$VARIABLEworld", False, False),
        ('{"auths":{}}', False, False),
        ("hello world", False, False),
        ("helloworld\n", False, False),
        ('{"auths":{}}', True, True),
        ("hello$VARIABLEworld", True, True),
        ('{"auths": {}}', True, False),
        ("hello\nworld", True, False),
        ("short", True, False),
    ],
)
def test_masking(call, place, value, raw, accepted):
    answer = call("POST", place, {"key": "KEY", "value": value, "masked": True, "raw": raw})
    if accepted:
        assert (answer.status, answer.body["masked"]) == (201, True)
    else:
        assert (answer.status, answer.body) == (400, {"message": {"value": ["is invalid"]}})


def test_masking_is_checked_on_a_change_too(call, place):
    call("POST", place, {"key": "KEY", "value": "long enough"})
    assert call("PUT", f"{place}/KEY", {"masked": True}).body == {"message": {"value": ["is invalid"]}}
    assert call("GET", f"{place}/KEY").body["masked"] is False


def test_a_key_is_unique(call, place):
    call("POST", place, NEW)
    answer = call("POST", place, NEW)
    assert (answer.status, answer.body) == (400, {"message": {"key": ["(KEY) has already been taken"]}})


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"value": "a"}, "key is missing"),
        ({"key": "KEY"}, "value is missing"),
        ({**NEW, "variable_type": "secret"}, "variable_type does not have a valid value"),
        ({**NEW, "masked": "perhaps"}, "masked is invalid"),
        ({**NEW, "key": ["KEY"]}, "key is invalid"),
        ({**NEW, "colour": "red"}, "colour is not a parameter of this request"),
    ],
)
def test_parameters_are_checked(call, place, body, error):
    answer = call("POST", place, body)
    assert (answer.status, answer.body) == (400, {"error": error})


def test_blanks_around_a_key_are_removed(call, place):
    assert call("POST", place, {**NEW, "key": " KEY "}).body["key"] == "KEY"


def test_a_body_that_is_not_an_object_is_refused(call, place):
    answer = call("POST", place, ["KEY"])
    assert answer.status == 400
    assert "not valid JSON" in answer.body["error"]


@pytest.mark.parametrize("name", ["environment_scope", "masked_and_hidden"])
def test_instance_variables_have_no_scope_and_are_not_hidden(call, name):
    answer = call("POST", "admin/ci/variables", {**NEW, name: "*"})
    assert (answer.status, answer.body) == (400, {"error": f"{name} is not a parameter of this request"})


def test_length_of_an_instance_variable(call):
    assert call("POST", "admin/ci/variables", {"key": "LONG", "value": "v" * 10_000}).status == 201
    answer = call("POST", "admin/ci/variables", {"key": "LONGER", "value": "v" * 10_001})
    assert "exceeds the 10000 character limit" in answer.body["message"]["value"][0]


def test_number_of_instance_variables(call):
    answers = [call("POST", "admin/ci/variables", {"key": f"KEY_{n}", "value": "v"}) for n in range(26)]
    assert [answer.status for answer in answers] == [201] * 25 + [400]
    assert "Maximum number" in answers[-1].body["message"]["base"][0]


@pytest.mark.parametrize("place", SCOPED)
class TestScopes:
    def test_one_key_may_have_several_scopes(self, call, place):
        for scope in ("*", "production"):
            body = {"key": "KEY", "value": scope, "environment_scope": scope}
            assert call("POST", place, body).status == 201
        by_scope = {"filter[environment_scope]": "production"}
        assert call("GET", f"{place}/KEY", query_string=by_scope).body["value"] == "production"
        assert call("PUT", f"{place}/KEY", {"value": "new"}, query_string=by_scope).status == 200
        assert call("DELETE", f"{place}/KEY", query_string={"filter[environment_scope]": "*"}).status == 204
        assert [variable["value"] for variable in call("GET", place).body] == ["new"]

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_several_scopes_need_the_filter(self, call, place, method):
        for scope in ("*", "production"):
            call("POST", place, {**NEW, "environment_scope": scope})
        answer = call(method, f"{place}/KEY", {"value": "new"} if method == "PUT" else None)
        assert answer.status == 409
        assert "filter[environment_scope]" in answer.body["message"]

    def test_a_scope_in_use_is_refused(self, call, place):
        for scope in ("*", "production"):
            call("POST", place, {**NEW, "environment_scope": scope})
        by_scope = {"filter[environment_scope]": "production"}
        answer = call("PUT", f"{place}/KEY", {"environment_scope": "*"}, query_string=by_scope)
        assert (answer.status, answer.body) == (400, {"message": {"key": ["(KEY) has already been taken"]}})

    def test_the_filter_may_be_in_the_body(self, call, place):
        call("POST", place, {**NEW, "environment_scope": "production"})
        body = {"value": "new", "filter": {"environment_scope": "*"}}
        assert call("PUT", f"{place}/KEY", body).status == 404

    def test_an_invalid_scope_is_refused(self, call, place):
        answer = call("POST", place, {**NEW, "environment_scope": "a,b"})
        assert answer.status == 400
        assert answer.body["message"]["environment_scope"][0].startswith("can contain only letters")


@pytest.mark.parametrize("place", SCOPED)
class TestHidden:
    def test_its_value_is_never_shown(self, call, place):
        made = call("POST", place, HIDDEN)
        assert (made.body["hidden"], made.body["masked"], made.body["value"]) == (True, True, None)
        assert call("GET", f"{place}/KEY").body["value"] is None
        assert call("GET", place).body[0]["value"] is None
        assert call("PUT", f"{place}/KEY", {"value": "87654321"}).body["value"] is None

    def test_it_must_be_maskable(self, call, place):
        answer = call("POST", place, {**HIDDEN, "value": "short"})
        assert (answer.status, answer.body) == (400, {"message": {"value": ["is invalid"]}})

    def test_it_stays_masked(self, call, place):
        call("POST", place, HIDDEN)
        answer = call("PUT", f"{place}/KEY", {"masked": False})
        assert answer.status == 400
        assert "Updating masked attribute" in answer.body["message"]["base"][0]

    @pytest.mark.parametrize("name", ["hidden", "masked_and_hidden"])
    def test_only_a_creation_can_hide(self, call, place, name):
        call("POST", place, NEW)
        answer = call("PUT", f"{place}/KEY", {name: True})
        assert (answer.status, answer.body) == (400, {"error": f"{name} is not a parameter of this request"})


def test_long_lists_are_paginated(call):
    for number in range(45):
        call("POST", "groups/42/variables", {"key": f"KEY_{number}", "value": "v"})
    first = call("GET", "groups/42/variables")
    assert (len(first.body), first.headers["x-total"], first.headers["x-next-page"]) == (20, "45", "2")
    last = call("GET", "groups/42/variables", query_string={"page": 3})
    assert ([variable["key"] for variable in last.body][-1], last.headers["x-next-page"]) == ("KEY_44", "")
    assert len(call("GET", "groups/42/variables", query_string={"per_page": 1000}).body) == 45
