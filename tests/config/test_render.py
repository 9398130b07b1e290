"""Rendering: deterministic, readable, read back equal."""

import tomllib
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_gitlab_runner.config.autoscaler import AutoscalerConfig
from pulumi_gitlab_runner.config.cache import CacheConfig
from pulumi_gitlab_runner.config.docker import DockerConfig
from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.render import render
from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.config.schema import KEYS as MODEL_KEYS

from tests.config.runner_schema import keys_of

BUILD: ManagerConfig = {
    "concurrent": 4,
    "runners": [
        {
            "name": "build",
            "url": "https://gitlab.example.com",
            "id": 11,
            "token": "glrt-build",
            "executor": "docker",
            "tls_ca_file": "/etc/gitlab-runner/certs/ca.pem",
            "feature_flags": {"FF_NETWORK_PER_BUILD": True},
            "docker": {
                "image": "registry.example.com:5000/ci/base:1",
                "services": [
                    {"name": "postgres:latest", "alias": "database"},
                    {"name": "redis:latest", "alias": "cache"},
                ],
                "network_mtu": 1450,
            },
            "cache": {"type": "s3", "s3": {"bucket_name": "team-cache", "role_arn": "arn:aws:iam::1:role/c"}},
        }
    ],
}

BUILD_TEXT = """\
# Written by pulumi-gitlab-runner from the stack's declaration.
# Change the declaration: whatever is changed here is lost with the next `pulumi up`.

concurrent = 4

[[runners]]
name = "build"
url = "https://gitlab.example.com"
id = 11
token = "glrt-build"
tls-ca-file = "/etc/gitlab-runner/certs/ca.pem"
executor = "docker"

[runners.feature_flags]
FF_NETWORK_PER_BUILD = true

[runners.cache]
Type = "s3"

[runners.cache.s3]
BucketName = "team-cache"
RoleARN = "arn:aws:iam::1:role/c"

[runners.docker]
image = "registry.example.com:5000/ci/base:1"
network_mtu = 1450
services = [
  { name = "postgres:latest", alias = "database" },
  { name = "redis:latest", alias = "cache" },
]
"""

TEXT = st.text(max_size=12)
WHOLE = st.integers(min_value=-(2**63), max_value=2**63 - 1)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
FREE = st.recursive(
    TEXT | WHOLE | NUMBER | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
SCALARS = {str: TEXT, int: WHOLE, float: NUMBER, bool: st.booleans(), Any: FREE}
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8))])
TIMES = st.datetimes(timezones=ZONES).map(datetime.isoformat)


def values(hint: Any) -> st.SearchStrategy[Any]:
    if hint in MODEL_KEYS:
        return table(hint)
    if get_origin(hint) is list:
        return st.lists(values(get_args(hint)[0]), max_size=2)
    if get_origin(hint) is dict:
        return st.dictionaries(TEXT, values(get_args(hint)[1]), max_size=2)
    return SCALARS[hint]


def table(kind: type) -> st.SearchStrategy[dict[str, Any]]:
    """Generate a table with a handful of its fields."""
    fields = {
        name: TIMES
        if MODEL_KEYS[kind][name].go_type == "time.Time"
        else st.deferred(lambda h=hint: values(h))
        for name, hint in get_type_hints(kind).items()
    }
    return st.sets(st.sampled_from(sorted(fields)), max_size=6).flatmap(
        lambda names: st.fixed_dictionaries({name: fields[name] for name in sorted(names)})
    )


def as_in_the_file(
    data: dict[str, Any], kind: type = ManagerConfig, section: str = "(global)"
) -> dict[str, Any]:
    """Return declared data under the runner's own keys, without help from the code under test."""
    spellings = {key.replace("-", "").replace("_", "").lower(): key for key in keys_of(section)}
    prefix = "" if section == "(global)" else section.removesuffix("[]") + "."
    hints = get_type_hints(kind)
    result = {}
    for name, value in data.items():
        key = spellings[name.replace("_", "")]
        inner = next((hint for hint in (hints[name], *get_args(hints[name])) if hint in MODEL_KEYS), None)
        below = "runners.autoscaler.connector_config" if key == "connector_config" else prefix + key
        if inner and isinstance(value, list):
            below += "" if key == "runners" else "[]"
            value = [as_in_the_file(item, inner, below) for item in value]
        elif inner:
            value = as_in_the_file(value, inner, below)
        elif MODEL_KEYS[kind][name].go_type == "time.Time":
            value = datetime.fromisoformat(value)
        result[key] = value
    return result


def test_the_whole_text() -> None:
    assert render(BUILD) == BUILD_TEXT


def test_the_order_of_the_declaration_does_not_matter() -> None:
    def reversed_order(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: reversed_order(item) for key, item in reversed(value.items())}
        return [reversed_order(item) for item in value] if isinstance(value, list) else value

    assert render(reversed_order(BUILD)) == BUILD_TEXT


@pytest.mark.parametrize(
    ("kind", "wrap"),
    [
        (ManagerConfig, lambda table: table),
        (RunnerConfig, lambda table: {"runners": [table, table]}),
        (DockerConfig, lambda table: {"runners": [{"docker": table}]}),
        (AutoscalerConfig, lambda table: {"runners": [{"autoscaler": table}]}),
        (CacheConfig, lambda table: {"runners": [{"cache": table}]}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_rendered_configuration_reads_back_equal(
    kind: type, wrap: Callable[[dict[str, Any]], ManagerConfig]
) -> None:
    @settings(max_examples=50)
    @given(table(kind).map(wrap))
    def round_trip(config: ManagerConfig) -> None:
        assert tomllib.loads(render(config)) == as_in_the_file(dict(config))

    round_trip()


def test_a_runner_may_have_a_placeholder_for_its_number() -> None:
    text = render(BUILD, lambda name: f"number of {name}")
    assert text == BUILD_TEXT.replace("id = 11", 'id = "number of build"')


def test_timestamps_become_toml_datetimes() -> None:
    times = {"token_obtained_at": "2026-11-01T00:00:00Z", "token_expires_at": "2027-11-01T00:00:00+01:00"}
    (runner,) = tomllib.loads(render({"runners": [times]}))["runners"]  # type: ignore[typeddict-item]
    assert runner == {key: datetime.fromisoformat(each) for key, each in times.items()}


def test_whole_numbers_of_other_languages_have_the_type_of_their_key() -> None:
    text = render({"concurrent": 4.0, "runners": [{"autoscaler": {"policy": [{"scale_factor": 1}]}}]})  # type: ignore[typeddict-item]
    read = tomllib.loads(text)
    assert repr(read["concurrent"]) == "4"
    assert repr(read["runners"][0]["autoscaler"]["policy"][0]["scale_factor"]) == "1.0"


def test_an_error_message_contains_no_secret() -> None:
    secret = "-".join(("glrt", "canary"))  # not a literal, because a traceback shows lines of source
    with pytest.raises(ValueError, match=r"no valid config\.toml") as refusal:
        render({"runners": [{"token": [secret]}]})  # type: ignore[typeddict-item]
    assert secret not in "".join(traceback.format_exception(refusal.value))
