"""Values that no file, process or server accepts, at any place; and the logins that registries accept."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import DeclarationError, parse_stack
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed
from pulumi_gitlab_runner.spec.shape import known_value

from tests.spec.declaration import changed, declaration, encrypted, problems_of

PLACES = [
    "runners/build/description",
    "runners/build/image",
    "runners/build/services/0/alias",
    "registries/legacy/static/password",
    "variables/1/key",
    "variables/1/value",
]
HUB = {
    "pull_through": "docker-hub",
    "upstream_credentials": {"username": "user", "access_token": "token-1234"},
}
DEPLOY = {
    "host": "registry.deploy.example.com",
    "gitlab": {"deploy_token": {"username": "user", "password": "deploy-1234"}},
}


def path(place: str) -> str:
    return join_path("stack", *(int(part) if part.isdigit() else part for part in place.split("/")))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("canary\0", "a null byte in the text"),
        ("canary\ud800", "half a character (a lone surrogate) in the text"),
    ],
)
def test_text_that_nothing_accepts(place: str, text: str, found: str) -> None:
    (problem,) = problems_of(changed(place, text))
    assert (problem.path, problem.found) == (path(place), found)
    assert "canary" not in str(problem)


@pytest.mark.parametrize("text", ["😀", "\ud7ff", "\ue000", "\x01"])
def test_whole_characters(text: str) -> None:
    value = f"value{text}"
    assert problems_of(changed("variables/1/value", value)) == []


def test_keys_are_also_checked() -> None:
    assert {each.path for each in problems_of(changed("runners/build", {"a\0b": 1}))} == {
        "stack.runners.build"
    }


def test_secrets_of_the_stack_and_outputs_are_also_checked() -> None:
    with_secret = changed("variables/1/value", encrypted(value="canary\0"))
    assert [each.path for each in problems_of(with_secret)] == ["stack.variables[1].value"]
    handle = encrypted("stack.variables[1].value")
    parse_stack(changed("variables/1/value", handle))
    with pytest.raises(DeclarationError, match="half a character"):
        known_value(handle, "canary\udfff")


@pytest.mark.parametrize(
    "number", [2**63, -(2**63) - 1, 10**25, pytest.param(10**5000, id="long"), float("inf"), float("nan")]
)
def test_numbers_that_nothing_accepts(number: Any) -> None:
    for place in ("runners/build/limit", "runners/build/group", "variables/1/value"):
        (problem,) = problems_of(changed(place, number))
        assert problem.path == path(place)


@pytest.mark.parametrize("number", [1, 2**63 - 1])
def test_numbers_of_64_bits(number: int) -> None:
    assert problems_of(changed("runners/build/group", number)) == []
    assert problems_of(changed("runners/build/limit", number)) == []


@pytest.mark.parametrize("text", ["a", "user@example.com", "Ünï", "a b", "<token>", "$oauthtoken"])
def test_valid_users(text: str) -> None:
    assert problems_of(changed("registries/legacy/static/username", text)) == []


@pytest.mark.parametrize("text", ["a:b", ":", "a\n", "a\tb", "a\x7f", "a\x9f"])
def test_users_that_no_registry_accepts(text: str) -> None:
    at = "stack.registries.legacy.static.username"
    assert {each.path for each in problems_of(changed("registries/legacy/static/username", text))} == {at}


@pytest.mark.parametrize("text", ["a:b", "pass word", "Ünï✓", '"', "\\", "\xa0", "{}"])
def test_valid_passwords(text: str) -> None:
    assert problems_of(changed("registries/legacy/static/password", text)) == []


@pytest.mark.parametrize("text", ["canary\n", "canary\r\n", "can\tary", "canary\x7f"])
def test_passwords_that_no_registry_accepts(text: str) -> None:
    (problem,) = problems_of(changed("registries/legacy/static/password", text))
    assert problem.path == "stack.registries.legacy.static.password"
    assert "canary" not in str(problem)
    assert bool(problem.fix) == text.endswith("\n")


@pytest.mark.parametrize(
    ("registry", "keys"),
    [
        (HUB, ("upstream_credentials", "username", "access_token")),
        (DEPLOY, ("gitlab", "deploy_token", "username", "password")),
    ],
)
def test_every_login_is_checked(registry: Any, keys: tuple[str, ...]) -> None:
    *parents, user, password = keys
    for key, text in ((user, "a:b"), (password, "canary\n")):
        declared = declaration()
        declared["registries"]["new"] = changed_in(registry, [*parents, key], text)
        assert [each.path for each in problems_of(declared)] == [
            join_path("stack.registries.new", *parents, key)
        ]


def changed_in(value: Any, place: list[str], text: str) -> Any:
    if not place:
        return text
    first, *rest = place
    return value | {first: changed_in(value[first], rest, text)}


@pytest.mark.parametrize(
    "character", ["\0", "\t", "\r", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\ud800"]
)
def test_no_message_contains_control_characters(character: str) -> None:
    """In problems, in lists of names, and in paths."""
    message = str(
        Problem(join_path("stack", f"a{character}b", 1), f"found{character}", listed([f"x{character}"]))
    )
    assert message.replace("\n", "").isprintable()
    assert message.count("\n") == 2
    assert message.startswith('stack["a\\')


def test_a_key_that_is_not_text_has_a_path() -> None:
    assert join_path("stack", None, "a") == "stack[None].a"
    found = problems_of(changed("runners/build", {None: {"a": 1}}))
    assert [each.path for each in found] == ["stack.runners.build[None]"]


def test_a_fleet_with_a_negative_number_of_instances_is_refused() -> None:
    fleet = {"instance_types": ["c7i.large"], "max_instances": -1, "idle": [{"periods": ["* * * * *"]}]}
    found = problems_of(changed("runners/build", {"group": 1, "fleet": fleet}))
    assert [each.path for each in found] == ["stack.runners.build.fleet.max_instances"]


def test_a_message_shows_the_start_of_a_long_text_and_its_length() -> None:
    lines = {length: str(Problem("stack.a", "x" * length, "less")).splitlines()[1] for length in (400, 401)}
    assert lines[400] == "  found:   " + 400 * "x"
    assert lines[401] == "  found:   " + 400 * "x" + "… (401 characters)"
