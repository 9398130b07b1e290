"""The typed model against the runner's own schema, key by key."""

import json
import re
from typing import Any

import pytest
from pulumi_gitlab_runner.config.feature_flags import FEATURE_FLAGS
from pulumi_gitlab_runner.config.schema import KEYS as MODEL_KEYS
from pulumi_gitlab_runner.config.schema import REMOVED_KEYS

from sandbox.paths import CHECKOUT
from tests.config.model import FILE_SCHEMA, SECTIONS, TYPE_SCHEMA, TYPES, model_keys, properties
from tests.config.runner_schema import DATA, KEYS

TEXT, WHOLE, NUMBER, TRUTH = ({"type": name} for name in ("string", "integer", "number", "boolean"))
JSON_TYPES: dict[str, dict[str, Any]] = {
    "string": TEXT,
    "S3AuthType": TEXT,
    "time.Duration": TEXT,
    "time.Time": TEXT,
    "int": WHOLE,
    "int64": WHOLE,
    "float64": NUMBER,
    "bool": TRUTH,
    "[]string": {"type": "array", "items": TEXT},
    "[]DockerPullPolicy": {"type": "array", "items": TEXT},
    "StringOrArray": {"type": "array", "items": TEXT},
    "[]float64": {"type": "array", "items": NUMBER},
    "map[string]string": {"type": "object", "additionalProperties": TEXT},
    "Labels": {"type": "object", "additionalProperties": TEXT},
    "DockerSysCtls": {"type": "object", "additionalProperties": TEXT},
    "map[string]bool": {"type": "object", "additionalProperties": TRUTH},
    "map[string][]string": {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}},
    "AutoscalerSettingsMap": {"type": "object", "additionalProperties": True},
}


def field_of(section: str, key: str) -> str:
    """Return the field of a key: fields and keys stand in the same order."""
    table = SECTIONS[section]
    return dict(zip(properties(FILE_SCHEMA, table), properties(TYPE_SCHEMA, table), strict=True))[key]


def test_every_key_is_in_the_model_and_no_other() -> None:
    assert model_keys() == {(key["section"], key["key"]) for key in KEYS}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key['section']}.{key['key']}")
def test_type_and_release(key: dict[str, Any]) -> None:
    table = SECTIONS[key["section"]]
    known = MODEL_KEYS[TYPES[table]][field_of(key["section"], key["key"])]
    assert (known.go_type, known.since) == (key["go_type"], key["since"])

    declared = properties(FILE_SCHEMA, table)[key["key"]]
    description = declared["description"]
    assert re.search(r"Since (\S+)\.$", description)[1] == key["since"]  # type: ignore[index]
    assert len(description) > len("Since 11.11.") + 10
    if key.get("table"):
        assert "$ref" in declared or "$ref" in declared["items"]
    else:
        shape = {name: value for name, value in declared.items() if name not in ("title", "description")}
        assert shape == JSON_TYPES[key["go_type"].removeprefix("*")]


def test_every_table_says_what_it_is() -> None:
    assert all(schema.get("description") for schema in FILE_SCHEMA["$defs"].values())


def test_the_package_has_every_field_and_requires_none() -> None:
    package = json.loads((CHECKOUT / "tests/components/schema.json").read_text())
    for name, table in TYPES.items():
        definition = package["types"][f"gitlab-runner:index:{name}"]
        assert len(definition["properties"]) == len(MODEL_KEYS[table])
        assert not definition.get("required")


def test_no_table_takes_unknown_keys() -> None:
    assert all(schema["additionalProperties"] is False for schema in FILE_SCHEMA["$defs"].values())


def test_removed_keys() -> None:
    model = {
        (section, key): removed.last_in
        for section, table in SECTIONS.items()
        for key, removed in REMOVED_KEYS.get(TYPES[table], {}).items()
    }
    assert model == {(key["section"], key["key"]): key["last_in"] for key in DATA["removed"]}


def test_feature_flags() -> None:
    model = [
        {"name": name, "default": flag.default, "deprecated": flag.deprecated}
        for name, flag in FEATURE_FLAGS.items()
    ]
    assert model == DATA["feature_flags"]
