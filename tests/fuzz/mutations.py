"""Damages a declaration in one to three places, each time in a different way."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

TEXTS = (
    "",
    " ",
    "a",
    "a,b",
    "a:b",
    "a b",
    " a ",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "a\0b",
    "a\x07b",
    "a\x1b[31mb",
    "a\x7fb",
    "a\x9b31mb",
    "a\u2028b",
    "a\u202eb",
    "\ufeffa",
    "Ünïcode ✓ 日本語",
    "e\u0301",
    "😀",
    "a\ud800b",
    "\udfff",
    "x" * 65,
    "x" * 256,
    "x" * 5_000,
    '"',
    "'",
    "\\",
    "\\n",
    '"""',
    "'''",
    '"\n[[runners]]\nname = "other"\n',
    "a\n]\nprivileged = true\n",
    "$(touch /tmp/fuzzed)",
    "`touch /tmp/fuzzed`",
    "${HOME}",
    "$PATH",
    "%h %n %%",
    "a; reboot",
    "a\nExecStartPre=/bin/false",
    "'; reboot; '",
    "{{ a }}",
    "!!python/object:a {}",
    "- a",
    "key: value",
    "#",
    "null",
    "true",
    "0",
    "-1",
    "../../etc/passwd",
    "/",
    "//",
    "*",
    "https://[evil/",
    "https://a]b",
    "https://user:canary-of-a-url@gitlab.example.com",
    "https://gitlab.example.com:99999",
    "arn:aws:iam::123456789012:role/*",
    "not-declared",
    "team/not/declared:1",
    "team/private/image@sha256:" + "0" * 64,
    "@RUNNER_TOKEN_build@",
    "sha256:",
    "10.0.0.0/8",
    "300.0.0.0/33",
    "::/0",
)
NUMBERS = (
    0,
    -1,
    1,
    2,
    255,
    2**31 - 1,
    2**31,
    2**53,
    2**53 + 1,
    2**63 - 1,
    2**63,
    10**25,
    10**400,
    0.5,
    -0.0,
    1e308,
    float("inf"),
    float("-inf"),
    float("nan"),
)
OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    {"": ""},
    {1: 2},
    [{}],
    b"bytes",
    {None: 1},
)
WRONG_KEYS = (
    "",
    "nmae",
    "credsStore",
    "team\x1b[31m",
    "a\0",
    "a\nb",
    "key.with.dots",
    "x" * 300,
    "Ü",
    "\udc80",
)

Spot = tuple[Any, Any]
"""A mapping or a list, and a key or an index of it."""


def spots(value: Any) -> Iterator[Spot]:
    """Every place of a declaration."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from spots(value[key])


def _other_type(random: Random, holder: Any, key: Any, _whole: Any) -> None:
    holder[key] = random.choice((*OTHERS, random.choice(TEXTS), random.choice(NUMBERS), [holder[key]]))


def _text(random: Random, holder: Any, key: Any, _whole: Any) -> None:
    holder[key] = random.choice(TEXTS)


def _around(random: Random, holder: Any, key: Any, _whole: Any) -> None:
    """Insert text before, after or within a valid text."""
    text = str(holder[key]) if isinstance(holder[key], str | int) else "a"
    at = random.randrange(len(text) + 1)
    holder[key] = text[:at] + random.choice(TEXTS) + text[at:]


def _number(random: Random, holder: Any, key: Any, _whole: Any) -> None:
    holder[key] = random.choice(NUMBERS)


def _deletion(random: Random, holder: Any, key: Any, _whole: Any) -> None:
    del holder[key]


def _wrong_key(random: Random, holder: Any, key: Any, _whole: Any) -> None:
    wrong = random.choice((*WRONG_KEYS, *TEXTS, f"{key}s"))
    if isinstance(holder, dict):
        holder[wrong] = holder.pop(key) if random.random() < 0.5 else holder[key]
    else:
        holder[key] = {wrong: holder[key]}


def _repetition(random: Random, holder: Any, key: Any, _whole: Any) -> None:
    """Repeat the item."""
    if isinstance(holder, list):
        holder.append(deepcopy(holder[key]))
    else:
        holder[f"{key}-2"] = deepcopy(holder[key])


def _exchange(random: Random, holder: Any, key: Any, whole: Any) -> None:
    """Replace the value with that of another place."""
    other, at = random.choice(list(spots(whole)))
    holder[key] = deepcopy(other[at])


def _order(random: Random, holder: Any, key: Any, _whole: Any) -> None:
    if isinstance(holder, list):
        random.shuffle(holder)
    else:
        _exchange(random, holder, key, holder)


MUTATIONS: tuple[Callable[[Random, Any, Any, Any], None], ...] = (
    _other_type,
    _text,
    _around,
    _around,
    _number,
    _deletion,
    _wrong_key,
    _repetition,
    _exchange,
    _order,
)


def mutated(declaration: Any, random: Random) -> Any:
    """A declaration that differs from a valid one in one to three places, half of the time in one.

    Args:
        declaration: is not changed.
        random: the source of all choices.
    """
    result = deepcopy(declaration)
    for _ in range(random.choice((1, 1, 2, 3))):
        places = list(spots(result))
        if not places:
            break
        holder, key = random.choice(places)
        random.choice(MUTATIONS)(random, holder, key, result)
    return result


FREE_TEXTS = {
    "description",
    "maintenance_note",
    "tags",
    "services",
    "alias",
    "command",
    "environment",
    "username",
    "password",
    "access_token",
    "value",
    "key",
    "image",
    "host",
    "group",
    "project",
    "environment_scope",
    "pre_build_script",
}
"""Keys of texts, and of numbers, that GitLab, Docker and registries read."""


def with_another_text(declaration: Any, random: Random) -> Any:
    """A valid declaration with another text or number in one of the fields that accept nearly all values."""
    result = deepcopy(declaration)
    for runner in result.get("runners", {}).values():
        runner["description"], runner["maintenance_note"] = "a description", "a note"
        runner.setdefault("tags", ["docker"])
        runner["services"] = [
            {"name": "redis:7", "alias": "cache", "command": ["run"], "environment": ["A=b"]}
        ]
        runner["config"] = {
            "environment": ["A=b"],
            "pre_build_script": "true",
            "docker": {"volumes": ["/cache"]},
        }
    places = [
        (holder, key)
        for holder, key, within in _named_spots(result)
        if within in FREE_TEXTS and not isinstance(holder[key], dict | list | bool)
    ]
    holder, key = random.choice(places)
    random.choice((_text, _around, _number) if isinstance(holder[key], int) else (_text, _around))(
        random, holder, key, result
    )
    return result


def _named_spots(value: Any, within: Any = None) -> Iterator[tuple[Any, Any, Any]]:
    """Every place of a declaration with its key; the items of a list have the key of the list."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        name = key if isinstance(value, dict) else within
        yield value, key, name
        yield from _named_spots(value[key], name)
