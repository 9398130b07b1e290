"""The typed model against the runner's own schema, key by key."""

import json
import re
from typing import Any, get_args, get_origin

import pytest
from pulumi_gitlab_runner.config.feature_flags import FEATURE_FLAGS
from pulumi_gitlab_runner.config.schema import KEYS as MODEL_KEYS
from pulumi_gitlab_runner.config.schema import REMOVED_KEYS
from pulumi_gitlab_runner.config.toml_table import is_toml_table
from pulumi_gitlab_runner.spec.json_schema import field_docstrings
from pulumi_gitlab_runner.typed_dicts import fields_of

from sandbox.paths import CHECKOUT
from tests.config.model import SECTIONS, keys, model_keys
from tests.config.runner_schema import DATA, KEYS

TYPES: dict[str, Any] = {
    "string": str,
    "S3AuthType": str,
    "time.Duration": str,
    "time.Time": str,
    "int": int,
    "int64": int,
    "float64": float,
    "bool": bool,
    "[]string": list[str],
    "[]DockerPullPolicy": list[str],
    "StringOrArray": list[str],
    "[]float64": list[float],
    "map[string]string": dict[str, str],
    "Labels": dict[str, str],
    "DockerSysCtls": dict[str, str],
    "map[string]bool": dict[str, bool],
    "map[string][]string": dict[str, list[str]],
    "AutoscalerSettingsMap": dict[str, Any],
}


def test_every_key_is_in_the_model_and_no_other() -> None:
    assert model_keys() == {(key["section"], key["key"]) for key in KEYS}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key['section']}.{key['key']}")
def test_type_and_release(key: dict[str, Any]) -> None:
    table = SECTIONS[key["section"]]
    field = keys(table)[key["key"]]
    known = MODEL_KEYS[table][field]
    assert (known.go_type, known.since) == (key["go_type"], key["since"])

    description = field_docstrings(table)[field]
    assert re.search(r"Since (\S+)\.$", description)[1] == key["since"]  # type: ignore[index]
    assert len(description) > len("Since 11.11.") + 10
    declared = fields_of(table)[field]
    if key.get("table"):
        (item,) = get_args(declared) if get_origin(declared) is list else (declared,)
        assert is_toml_table(item)
    else:
        assert declared == TYPES[key["go_type"].removeprefix("*")]


def test_every_table_says_what_it_is() -> None:
    assert set(SECTIONS.values()) == set(MODEL_KEYS)
    assert all(table.__doc__ for table in MODEL_KEYS)


def test_the_package_has_every_field_and_requires_none() -> None:
    package = json.loads((CHECKOUT / "tests/components/schema.json").read_text())
    for table in MODEL_KEYS:
        definition = package["types"][f"gitlab-runner:index:{table.__name__}"]
        assert len(definition["properties"]) == len(MODEL_KEYS[table])
        assert not definition.get("required")


def test_removed_keys() -> None:
    model = {
        (section, key): removed.last_in
        for section, table in SECTIONS.items()
        for key, removed in REMOVED_KEYS.get(table, {}).items()
    }
    assert model == {(key["section"], key["key"]): key["last_in"] for key in DATA["removed"]}


def test_feature_flags() -> None:
    model = [
        {"name": name, "default": flag.default, "deprecated": flag.deprecated}
        for name, flag in FEATURE_FLAGS.items()
    ]
    assert model == DATA["feature_flags"]
