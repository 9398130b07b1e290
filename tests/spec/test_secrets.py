"""Messages about a declaration never contain its secrets, whatever the problem is."""

from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_gitlab_runner.spec import DeclarationError, parse_stack

from tests.spec.declaration import declaration, problems_of

SECRET_PLACES = (
    ("registries", "legacy", "static", "password"),
    ("registries", "legacy", "static", "username"),
    ("variables", 1, "value"),
)
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.just("x"), st.just([]), st.just({"x": "x"})
)
# Marked, so that no word of a message is a secret by chance.
SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40).map(
    lambda text: f"S3{text}"
)


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a declaration, except the declaration itself."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    found = [place] if place else []
    for key, child in children:
        found += _places(child, (*place, key))
    return found


PLACES = _places(declaration())


def _put(whole: Any, place: tuple[Any, ...], value: Any) -> None:
    """Put a value at a place, if earlier changes left it."""
    with suppress(KeyError, IndexError, TypeError):
        for part in place[:-1]:
            whole = whole[part]
        whole[place[-1]] = deepcopy(value)


@settings(max_examples=60)
@given(
    secret=SECRETS,
    damage=st.lists(st.tuples(st.sampled_from(PLACES), JUNK), max_size=3),
    misspelt=st.booleans(),
    as_list=st.booleans(),
)
def test_no_message_contains_a_secret(
    secret: str, damage: list[tuple[tuple[Any, ...], Any]], *, misspelt: bool, as_list: bool
) -> None:
    declared = declaration()
    for place in SECRET_PLACES:
        _put(declared, place, [secret] if as_list else secret)
    if misspelt:
        declared["registries"]["legacy"]["static"]["pasword"] = secret
        declared["variables"][1]["vlaue"] = secret
    for place, junk in damage:
        if place not in SECRET_PLACES:
            _put(declared, place, junk)
    messages = "".join(f"{problem}{problem!r}" for problem in problems_of(declared))
    assert secret not in messages
    assert repr(secret)[1:-1] not in messages


@pytest.mark.parametrize(
    "declared",
    [
        {"variables": ["KEY=canary-4711"]},
        {"variables": "KEY=canary-4711"},
        {"variables": {"KEY": "canary-4711"}},
        {"variables": [{"group": 42, "key": "KEY", "value": ["canary-4711"], "masked": True}]},
        {"variables": [{"group": 42, "key": "KEY", "value": "canary-4711 two", "masked": True}]},
        {"variables": [{"group": 42, "key": "DOCKER_AUTH_CONFIG", "value": '{"credsStore": "canary-4711"}'}]},
        {"registries": {"legacy": "my_username:canary-4711@registry.example.com"}},
        {"registries": {"legacy": {"static": "canary-4711"}}},
        {"registries": {"legacy": {"host": "a.example", "static": {"secret": "canary-4711"}}}},
        {"registries": {"legacy": {"host": "a.example", "static": {"password": "canary-4711"}}}},
        {"registries": {"legacy": {"host": "a.example", "username": "me", "password": "canary-4711"}}},
        {"registries": {"legacy": {"host": "me:canary-4711@a.example", "static": {"username": "me"}}}},
        {"registries": {"hub": {"pull_through": "ghcr", "upstream_credentials": "me:canary-4711"}}},
        {"registries": {"hub": {"pull_through": "ghcr", "upstream_credentials": {"token": "canary-4711"}}}},
        {"registries": {"hub": {"pull_through": "ghcr", "upstream_secret": "canary-4711"}}},
        {"registries": {"hub": {"pull_through": "quay", "upstream_credentials": {"access_token": 4711}}}},
        {"gitlab_url": "https://oauth2:canary-4711@gitlab.example.com/api/v4"},
        {"gitlab_url": "https://oauth2:canary-4711@gitlab.example.com"},
        {"runners": {"build": {"group": 42, "host": {}, "token": "canary-4711"}}},
        {"runners": {"build": {"group": 42, "host": {}, "image": "me:canary-4711@registry.example.com/a"}}},
    ],
    ids=str,
)
def test_no_likely_mistake_shows_a_secret(declared: Any) -> None:
    with pytest.raises(DeclarationError) as raised:
        parse_stack(declared)
    assert "4711" not in str(raised.value)


def _json(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Data like JSON's, with the words of a declaration among its keys."""
    words = sorted({part for place in PLACES for part in place if isinstance(part, str)})
    keys = st.one_of(
        st.sampled_from([*words, "ecr", "account", "region", "masked", "raw", "instance"]), st.text()
    )
    return st.recursive(
        leaves,
        lambda children: st.one_of(
            st.lists(children, max_size=4), st.dictionaries(keys, children, max_size=6)
        ),
        max_leaves=10,
    )


JSON = _json(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.sampled_from(["team", "a/b", "1" * 12]),
    )
)


@settings(max_examples=60)
@given(JSON)
def test_any_value_gives_a_stack_or_a_problem(declared: Any) -> None:
    for problem in problems_of(declared):
        assert problem.path.startswith("stack")
        assert problem.found
        assert problem.allowed


@settings(max_examples=60)
@given(st.data())
def test_any_value_at_some_places_gives_a_stack_or_a_problem(data: st.DataObject) -> None:
    declared = declaration()
    for _ in range(data.draw(st.integers(1, 3))):
        place, value = data.draw(st.sampled_from(PLACES)), data.draw(JSON)
        _put(declared, place, value)
    for problem in problems_of(declared):
        assert problem.path.startswith("stack")
        assert problem.found
        assert problem.allowed
