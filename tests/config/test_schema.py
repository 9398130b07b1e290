"""The typed model against the runner's own schema, key by key."""

import json
import re
from typing import Any, get_args, get_origin

import pytest
from pulumi_gitlab_runner.config.feature_flags import DEPRECATED_FLAGS, FEATURE_FLAGS, REMOVED_FLAGS
from pulumi_gitlab_runner.config.forms import (
    ABSOLUTE_PATH,
    CAPABILITY,
    CPUS,
    CPUSET,
    DEVICE,
    DURATION,
    EXTENDED_PERIOD,
    EXTRA_HOST,
    IP_ADDRESS,
    IPC_MODE,
    MAC_ADDRESS,
    MEMORY,
    PATTERN,
    PERIOD,
    PID_MODE,
    TIME_ZONE,
    TIMESTAMP,
    ULIMIT,
    VOLUME,
)
from pulumi_gitlab_runner.config.schema import KEYS as MODEL_KEYS
from pulumi_gitlab_runner.config.schema import REMOVED_KEYS
from pulumi_gitlab_runner.config.toml_table import is_toml_table
from pulumi_gitlab_runner.package import SCHEMA
from pulumi_gitlab_runner.typed_dicts import field_docstrings, fields_of

from tests.config.model import REPEATED, SECTIONS, keys, model_keys
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


def test_the_model_has_exactly_the_keys_of_the_runner() -> None:
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


MINIMUM = {
    "(global).concurrent": 1,
    "runners.limit": 0,
    "runners.request_concurrency": 1,
    "runners.docker.shm_size": 0,
    "runners.docker.oom_score_adjust": -1000,
    "runners.docker.services_limit": -1,
    "runners.autoscaler.policy[].idle_count": 0,
    "runners.autoscaler.policy[].scale_factor": 0,
}
MAXIMUM = {"runners.docker.oom_score_adjust": 1000}
ANY_CASE = {
    "(global).log_level",
    "runners.cache.s3.authentication_type",
    "runners.cache.s3.server_side_encryption",
}
ALLOWED = {
    "(global).log_level": "panic fatal error warn warning info debug trace",
    "(global).log_format": "runner text json",
    "experimental.usage_logger.writers": "logrotate snowplow_billing",
    "runners.executor": "docker docker-autoscaler instance shell",
    "runners.shell": "bash sh pwsh powershell cmd",
    "runners.cache.type": "s3 gcs azure",
    "runners.cache.s3.authentication_type": "iam access-key",
    "runners.cache.s3.server_side_encryption": "S3 AES256 KMS aws:kms DSSE-KMS aws:kms:dsse",
    "runners.docker.pull_policy": "always if-not-present never",
    "runners.docker.allowed_pull_policies": "always if-not-present never",
    "runners.docker.isolation": "default hyperv process",
    "runners.docker.userns_mode": "host",
    "runners.autoscaler.connector_config.protocol": "ssh winrm winrm+https",
}
INSTEAD = {
    f"experimental.usage_logger.{key}": f"logrotate.{key}"
    for key in ("log_dir", "max_backup_files", "labels")
}
FORMS = {
    DURATION: (
        "(global).connection_max_age machine.shutdown_drain.retry_backoff"
        " experimental.usage_logger.max_rotation_age experimental.usage_logger.logrotate.max_rotation_age"
        " runners.unhealthy_interval runners.prepare_timeout runners.get_sources_timeout"
        " runners.artifact.upload_timeout runners.artifact.response_header_timeout"
        " runners.monitoring.job_queuing_durations[].threshold"
        " runners.autoscaler.instance_acquire_timeout runners.autoscaler.update_interval"
        " runners.autoscaler.update_interval_when_expecting runners.autoscaler.deletion_retry_interval"
        " runners.autoscaler.shutdown_deletion_interval runners.autoscaler.connector_config.keepalive"
        " runners.autoscaler.connector_config.timeout runners.autoscaler.policy[].idle_time"
        " runners.experimental.boot_verify.timeout runners.experimental.boot_verify.acquire_min_backoff"
        " runners.experimental.boot_verify.acquire_max_backoff"
    ),
    TIMESTAMP: "runners.token_obtained_at runners.token_expires_at",
    MEMORY: (
        "runners.docker.memory runners.docker.memory_swap runners.docker.memory_reservation"
        " runners.docker.service_memory runners.docker.service_memory_swap"
        " runners.docker.service_memory_reservation"
    ),
    CPUS: "runners.docker.cpus runners.docker.service_cpus",
    MAC_ADDRESS: "runners.docker.mac_address",
    IP_ADDRESS: "runners.docker.dns",
    ABSOLUTE_PATH: "runners.autoscaler.connector_config.key_path",
    PERIOD: "runners.autoscaler.policy[].periods",
    TIME_ZONE: "runners.autoscaler.policy[].timezone runners.monitoring.job_queuing_durations[].timezone",
    EXTENDED_PERIOD: "runners.monitoring.job_queuing_durations[].periods",
    PATTERN: "runners.monitoring.job_queuing_durations[].jobs_running_for_project",
    CPUSET: "runners.docker.cpuset_cpus runners.docker.cpuset_mems runners.docker.service_cpuset_cpus",
    CAPABILITY: "runners.docker.cap_add runners.docker.cap_drop",
    DEVICE: "runners.docker.devices runners.docker.services_devices",
    EXTRA_HOST: "runners.docker.extra_hosts",
    IPC_MODE: "runners.docker.ipcmode",
    PID_MODE: "runners.docker.pid_mode",
    ULIMIT: "runners.docker.ulimit",
    VOLUME: "runners.docker.volumes",
}


def test_the_values_that_the_runner_accepts_for_a_key() -> None:
    known = {
        f"{section}.{field}": key
        for section, table in SECTIONS.items()
        if section != REPEATED
        for field, key in MODEL_KEYS[table].items()
    }
    assert {name: key.minimum for name, key in known.items() if key.minimum is not None} == MINIMUM
    assert {name: key.maximum for name, key in known.items() if key.maximum is not None} == MAXIMUM
    assert {name for name, key in known.items() if key.ignores_case} == ANY_CASE
    assert {name: " ".join(key.allowed) for name, key in known.items() if key.allowed} == ALLOWED
    assert {name: key.instead for name, key in known.items() if key.instead} == INSTEAD
    forms = {name: form for form, names in FORMS.items() for name in names.split()}
    assert {name: key.form for name, key in known.items() if key.form} == forms


def test_every_table_has_a_docstring() -> None:
    assert set(SECTIONS.values()) == set(MODEL_KEYS)
    assert all(table.__doc__ for table in MODEL_KEYS)


def test_the_package_has_every_field_and_requires_none() -> None:
    package = json.loads(SCHEMA.read_text())
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
        {"name": name, "default": flag.default, "deprecated": name in DEPRECATED_FLAGS, "since": flag.since}
        for name, flag in FEATURE_FLAGS.items()
    ]
    assert model == DATA["feature_flags"]
    removed = [{"name": name, **flag._asdict()} for name, flag in REMOVED_FLAGS.items()]
    assert removed == DATA["removed_feature_flags"]
