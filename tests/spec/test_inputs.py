"""Handles of values that are known later: their place in the model, their type and rules, their values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.spec import DeclarationError, Problem, parse_stack
from pulumi_gitlab_runner.spec.inputs import (
    Deferred,
    check,
    check_key,
    deferred_in,
    is_empty,
    is_known,
    known,
    model_of,
    models_of,
    substituted,
)
from pulumi_gitlab_runner.spec.shape import known_value

from tests.spec.declaration import changed, encrypted, output, problems_of

CANARY = "canary-of-a-secret"


@dataclass(frozen=True)
class Part:
    """A part of a model, defined like those of the library."""

    content: Any
    other: Any = None


def short(text: str) -> Iterator[Problem]:
    """A rule."""
    if len(text) > 3:
        yield Problem("at", repr(text), "3 characters")


def test_a_handle_is_of_an_output_by_default() -> None:
    handle: Deferred[str] = Deferred("at", "source")
    assert (handle.path, handle.source, handle.type, handle.rules) == ("at", "source", None, [])
    assert (handle.secret, handle.encrypted, handle.available) == (False, False, False)
    assert known_value(handle, 4711) == 4711


def test_a_known_value_is_checked_immediately() -> None:
    assert list(check("abc", short)) == []
    assert [each.found for each in check("abcd", short)] == ["'abcd'"]


def test_an_available_value_is_checked_immediately() -> None:
    assert [each.found for each in check(Deferred("at", "abcd", available=True), short)] == ["'abcd'"]


def test_an_output_is_checked_when_it_is_known() -> None:
    handle: Deferred[str] = Deferred("at", object())
    handle.type = str
    assert list(check(handle, short)) == []
    assert known_value(handle, "abc") == "abc"
    with pytest.raises(DeclarationError) as raised:
        known_value(handle, "abcd")
    assert list(raised.value.problems) == [Problem("at", "'abcd'", "3 characters")]


def longer(text: str, path: str, longest: int, *, unit: str = "characters") -> Iterator[Problem]:
    """A rule with a path and further arguments."""
    if len(text) > longest:
        yield Problem(path, repr(text), f"{longest} {unit}")


def test_a_value_or_each_item_of_a_list_is_checked_with_its_path() -> None:
    declaration = {"one": "abcd", "many": ["abc", "abcd"]}
    for key, path in (("one", "at.one"), ("many", "at.many[1]")):
        found = list(check_key(declaration, key, "at", longer, 3, unit="letters"))
        assert found == [Problem(path, "'abcd'", "3 letters")]
    assert list(check_key(declaration, "other", "at", longer, 3)) == []


def test_an_output_is_checked_with_its_path_when_it_is_known() -> None:
    first, second = (Deferred[str]("", object()) for _ in range(2))
    assert list(check_key({"many": [first, second]}, "many", "at", longer, 3)) == []
    for index, handle in enumerate((first, second)):
        handle.type = str
        with pytest.raises(DeclarationError) as raised:
            known_value(handle, "abcd")
        assert [each.path for each in raised.value.problems] == [f"at.many[{index}]"]


def test_a_model_has_the_values_of_its_keys() -> None:
    declaration = {"content": ["a", "b"], "unknown": 1}
    assert model_of(Part, declaration) == Part(("a", "b"))
    assert model_of(Part, declaration, {"content": len}, other=True) == Part(2, True)
    assert model_of(Part, declaration, {"content": len}, content="own") == Part("own")
    assert models_of(Part, [declaration, {"content": 1, "other": 2}]) == (Part(("a", "b")), Part(1, 2))
    handle: Deferred[Any] = Deferred("at", object())
    assert model_of(Part, {"content": handle}).content is handle


def test_an_output_of_another_type_is_refused_with_its_place() -> None:
    handle = output("stack.runners.build.group")
    stack = parse_stack(changed("runners/build/group", handle))
    assert stack.runners["build"].registration.scope.number is handle
    with pytest.raises(DeclarationError) as raised:
        known_value(handle, True)
    assert [(each.path, each.allowed) for each in raised.value.problems] == [
        ("stack.runners.build.group", "a whole number")
    ]
    assert known_value(handle, "42") == 42
    assert known_value(handle, 42.0) == 42


@pytest.mark.parametrize("wrong", ["", "4 2", "-1", "٤٢", "4.0"])
def test_an_id_is_a_number_or_its_digits(wrong: str) -> None:
    assert parse_stack(changed("runners/build/group", "42")).runners["build"].registration.scope.number == 42
    assert [each.path for each in problems_of(changed("runners/build/group", wrong))] == [
        "stack.runners.build.group"
    ]


def test_the_rules_of_a_field_wait_for_its_output() -> None:
    handle = output("stack.registries.shared.ecr.account")
    assert problems_of(changed("registries/shared/ecr/account", handle), None) == []
    with pytest.raises(DeclarationError, match="'4711'"):
        known_value(handle, "4711")
    assert known_value(handle, "210987654321") == "210987654321"


def test_a_handle_is_not_text() -> None:
    handle = output("stack.gitlab_url")
    with pytest.raises(TypeError, match=r"stack\.gitlab_url is not resolved yet"):
        str(handle)
    with pytest.raises(TypeError, match=r"stack\.gitlab_url"):
        f"{handle}"
    with pytest.raises(TypeError, match=r"stack\.gitlab_url"):
        known(handle)
    assert not is_known(handle)


def test_a_handle_never_shows_its_value() -> None:
    assert CANARY not in repr(secret_handle())


def test_only_a_value_that_is_known_to_be_empty_is_empty() -> None:
    assert [is_empty(each) for each in ("", Deferred("at", "", available=True))] == [True, True]
    assert [is_empty(each) for each in ("x", Deferred("at", "x", available=True), output())] == [False] * 3


@pytest.mark.parametrize("plain", [CANARY, encrypted(value=CANARY), output()])
def test_a_secret_is_a_handle_in_the_model(plain: Any) -> None:
    stack = parse_stack(changed("registries/legacy/static/password", plain))
    login = stack.registries["legacy"].login
    assert login
    assert isinstance(login.password, Deferred)
    assert login.password.secret
    assert CANARY not in repr(stack)


def test_an_encrypted_value_of_a_plain_field_is_refused_with_its_place() -> None:
    (problem,) = problems_of(changed("gitlab_url", encrypted("stack.gitlab_url", CANARY)))
    assert (problem.path, problem.found, problem.allowed) == (
        "stack.gitlab_url",
        "an encrypted value",
        "a plain value",
    )


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("runners/build/host/concurrent", "stack.runners.build.host.concurrent"),
        ("runners/build/registries/1", "stack.runners.build.registries[1]"),
    ],
)
def test_a_setting_that_decides_which_resources_exist_cannot_be_an_output(place: str, path: str) -> None:
    (problem,) = problems_of(changed(place, output(path)))
    assert (problem.path, problem.found) == (path, "an Output")
    assert problem.fix == "decides which resources exist, so it must be a plain value"


@pytest.mark.parametrize("kind", ["group", "project"])
def test_an_adopted_variable_must_have_a_known_group_or_project(kind: str) -> None:
    variable = {"key": "KEY", "value": "a-long-value", "adopt": True}
    assert problems_of({"variables": [{kind: 42, **variable}]}) == []
    assert problems_of({"variables": [{kind: output(), **variable, "adopt": False}]}) == []
    (problem,) = problems_of({"variables": [{kind: output(), **variable}]})
    assert (problem.path, problem.found) == (f"stack.variables[0].{kind}", "an Output, together with 'adopt'")


def test_secrets_stay_handles() -> None:
    secret = secret_handle()
    other = output()
    model = Part({"a": [secret, other]}, (other,))
    assert list(deferred_in(model)) == [other, other]
    assert substituted(model, lambda _: "known") == Part({"a": [secret, "known"]}, ("known",))


def test_a_list_becomes_a_tuple_as_in_the_model() -> None:
    assert substituted(Part(output()), lambda _: ["a"]) == Part(("a",))


def secret_handle() -> Deferred[str]:
    """The handle of a secret."""
    return Deferred("at", CANARY, secret=True, available=True)


MODELS = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=3), st.builds(output), st.builds(secret_handle)),
    lambda inner: st.one_of(
        st.builds(Part, inner, inner),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
    ),
    max_leaves=12,
)


@given(MODELS)
def test_exactly_the_handles_that_are_found_are_replaced(model: Any) -> None:
    found = list(deferred_in(model))
    asked: list[Any] = []

    def value(handle: Any) -> int:
        asked.append(handle)
        return len(asked)

    after = substituted(model, value)
    assert [id(each) for each in asked] == [id(each) for each in found]
    assert not list(deferred_in(after))


@given(MODELS)
def test_a_model_without_handles_stays_unchanged(model: Any) -> None:
    resolved = substituted(model, lambda _: 1)
    assert substituted(resolved, lambda _: 2) == resolved
