"""How GitLab converts the values of a request, before it validates them."""

import pytest

from sandbox.services.gitlab.parameters import boolean, integer, text, texts

GROUP = {"runner_type": "group_type", "group_id": 42}


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        (text, "x", "x"),
        (text, 600, "600"),
        (text, True, "true"),
        (integer, "600", 600),
        (integer, 600.0, 600),
        (integer, "-1", -1),
        (boolean, "yes", True),
        (boolean, 1, True),
        (boolean, "off", False),
        (boolean, "F", False),
        (texts, "a, b ,,c", ["a", "b", "", "c"]),
        (texts, ["a,b", " c "], ["a", "b", "c"]),
        (texts, [1], ["1"]),
        (texts, 1, []),
    ],
)
def test_a_value_is_converted_to_its_type(kind, given, kept):
    assert kind(given) == kept


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (text, ["x"]),
        (text, None),
        (integer, "600.5"),
        (integer, True),
        (integer, ""),
        (boolean, "maybe"),
        (boolean, 2),
        (texts, [["x"]]),
    ],
)
def test_a_value_that_cannot_be_converted_is_an_error(kind, given):
    with pytest.raises(ValueError):  # noqa: PT011 - any message of Python
        kind(given)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["docker", "docker"], ["docker"]),
        (["", "  ", "a"], ["a"]),
        (["a,b", " c"], ["a", "b", "c"]),
        (['"quoted"', "'too'"], ["quoted", "too"]),
        (['in"ner', "it's"], ['in"ner', "it's"]),
        ('"two words", x', ["two words", "x"]),
        (['"a', 'b"'], ["a, b"]),
    ],
)
def test_tags_that_gitlab_keeps(call, given, kept):
    number = call("POST", "user/runners", {**GROUP, "tag_list": given}).body["id"]
    assert call("GET", f"runners/{number}").body["tag_list"] == kept


@pytest.mark.parametrize("body", [{"description": "a\0b"}, {"tag_list": ["a", "b\0"]}])
def test_a_request_with_a_nul_is_refused(call, body):
    assert call("POST", "user/runners", {**GROUP, **body}).status == 400


@pytest.mark.parametrize(("seconds", "status"), [(2**31 - 1, 201), (2**31, 500)])
def test_a_timeout_beyond_the_column(call, seconds, status):
    assert call("POST", "user/runners", {**GROUP, "maximum_timeout": seconds}).status == status


def test_a_variable_keeps_its_key(call):
    call("POST", "projects/7/variables", {"key": "KEY", "value": "x"})
    changed = call("PUT", "projects/7/variables/KEY", {"key": "OTHER", "value": 8080})
    assert (changed.body["key"], changed.body["value"]) == ("KEY", "8080")
