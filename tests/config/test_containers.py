"""What Docker refuses of a container, and what the manager refuses of the file."""

from typing import Any

import pytest
from pulumi_gitlab_runner.config.check import check
from pulumi_gitlab_runner.config.finding import Finding, error

VERSION = "19.4.0"
AT = "runners[0].docker"


def findings(docker: dict[str, Any], *, runner_version: str = VERSION, **fields: Any) -> list[Finding]:
    runner = {
        "url": "https://gitlab.example.com",
        "token": "glrt-build",
        "executor": "docker",
        "feature_flags": {"FF_NETWORK_PER_BUILD": True},
        "docker": docker,
    }
    return check({"concurrent": 1, "runners": [runner | fields]}, runner_version)


@pytest.mark.parametrize("prefix", ["", "service_"])
@pytest.mark.parametrize(
    ("sizes", "key", "found", "fix"),
    [
        ({"memory": "5m"}, "memory", "`5m` is too small", "allowed is `6m` or more"),
        ({"memory_reservation": "5m"}, "memory_reservation", "`5m` is too small", "allowed is `6m` or more"),
        (
            {"memory_swap": "1g"},
            "memory_swap",
            "the limit is of memory and swap together, and `{}memory` is missing",
            "set `{}memory` too",
        ),
        (
            {"memory": "1g", "memory_swap": "512m"},
            "memory_swap",
            "`512m` is less than `{}memory`, which is part of it",
            "allowed is `1g` or more",
        ),
        (
            {"memory": "1g", "memory_reservation": "1.5g"},
            "memory_reservation",
            "`1.5g` is more than `{}memory`",
            "allowed is `1g` or less",
        ),
    ],
)
def test_sizes_of_memory_that_docker_refuses(
    prefix: str, sizes: dict[str, str], key: str, found: str, fix: str
) -> None:
    docker = {f"{prefix}{name}": size for name, size in sizes.items()}
    path = f"{AT}.{prefix}{key}"
    assert findings(docker) == [error(path, found.format(prefix), fix.format(prefix))]


@pytest.mark.parametrize(
    "sizes",
    [
        {"memory": "6m"},
        {"memory": "1g", "memory_swap": "1g", "memory_reservation": "1024m"},
        {"memory_reservation": "6m"},
        {"memory": "", "memory_swap": "", "memory_reservation": "0"},
    ],
)
def test_sizes_of_memory_that_docker_accepts(sizes: dict[str, str]) -> None:
    assert findings(sizes) == []


def test_a_size_that_cannot_be_read_is_one_finding() -> None:
    assert [each.path for each in findings({"memory": "lots", "memory_reservation": "1g"})] == [
        f"{AT}.memory"
    ]


def test_limits_and_mounts() -> None:
    docker = {
        "ulimit": {"nofile": "1024:2048", "nofiles": "1", "core": "unlimited"},
        "tmpfs": {"/tmp": "rw", "cache": "rw"},
        "services_tmpfs": {"/": ""},
        "services_devices": {"*": ["/dev/kvm", "/dev/a:b:c:d"]},
        "oom_score_adjust": 1001,
    }
    assert [(each.path, each.found) for each in findings(docker)] == [
        (f"{AT}.ulimit.core", "`unlimited` is not understood"),
        (f"{AT}.services_devices.*[1]", "`/dev/a:b:c:d` is not understood"),
        (f"{AT}.oom_score_adjust", "1001 is too large"),
        (f"{AT}.ulimit.nofiles", "the limit is not known"),
        (f"{AT}.tmpfs", "`cache` is not a path in the container"),
        (f"{AT}.services_tmpfs", "`/` is not a path in the container"),
    ]


@pytest.mark.parametrize(
    ("limit", "refused"),
    [
        *(("2048:1024", True), ("-1:1024", True), ("1024:1024", False), ("1024:2048", False)),
        *(("1024:-1", False), ("-1", False), ("-1:-1", False), ("0", False)),
    ],
)
def test_the_soft_limit_is_not_above_the_hard_limit(limit: str, *, refused: bool) -> None:
    found = f"the soft limit of `{limit}` is above the hard limit"
    expected = [error(f"{AT}.ulimit.nofile", found, "swap the two")] if refused else []
    assert findings({"ulimit": {"nofile": limit}}) == expected


@pytest.mark.parametrize(("version", "refused"), [("19.2.9", True), ("19.3.0", False)])
def test_the_first_release_with_spaces_in_the_paths_of_volumes(version: str, *, refused: bool) -> None:
    found = findings({"volumes": ["a name:/b", "/a:/b c:ro"]}, runner_version=version)
    assert [each.path for each in found] == ([f"{AT}.volumes[1]"] if refused else [])


def test_a_queuing_duration_that_the_manager_cannot_read() -> None:
    duration = {
        "periods": ["* * * * *", "daily"],
        "timezone": "Berlin",
        "threshold": "30s",
        "jobs_running_for_project": "(",
    }
    at = "runners[0].monitoring.job_queuing_durations[0]"
    assert [each.path for each in findings({}, monitoring={"job_queuing_durations": [duration]})] == [
        f"{at}.periods[1]",
        f"{at}.timezone",
        f"{at}.jobs_running_for_project",
    ]


@pytest.mark.parametrize(("number", "refused"), [(2**63 - 1, False), (2**63, True), (1e30, True)])
def test_numbers_of_64_bits(number: float, *, refused: bool) -> None:
    expected = error(f"{AT}.shm_size", "the number does not fit into 64 bits", "choose a smaller one")
    assert findings({"shm_size": number}) == ([expected] if refused else [])


@pytest.mark.parametrize(
    ("s3", "refused"),
    [
        ({"authentication_type": "IAM"}, False),
        ({"server_side_encryption": "aws:kms"}, False),
        ({"server_side_encryption": "AWS:KMS:DSSE"}, False),
        ({"server_side_encryption": "aes256"}, False),
        ({"server_side_encryption": "kms:aws"}, True),
        ({"authentication_type": "role"}, True),
    ],
)
def test_texts_of_a_cache_in_any_case(s3: dict[str, str], *, refused: bool) -> None:
    assert bool(findings({}, cache={"type": "s3", "s3": {"bucket_name": "x", **s3}})) is refused


@pytest.mark.parametrize("level", ["warn", "WARNING", "trace", "debug"])
def test_levels_of_the_log(level: str) -> None:
    assert check({"concurrent": 1, "log_level": level}, VERSION) == []


@pytest.mark.parametrize("url", ["https://[::1", "https://a b", "https://me:canary-4711@a.example"])
def test_an_address_that_cannot_be_read(url: str) -> None:
    (found,) = findings({}, url=url)
    assert (found.path, found.fix) == ("runners[0].url", "write it as `https://gitlab.example.com`")
    assert "4711" not in str(found)


def test_an_address_with_variables_of_the_manager() -> None:
    assert findings({}, url="https://${GITLAB_HOST}") == []
