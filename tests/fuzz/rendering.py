"""The files that a valid stack renders: each file parses, and each value reads back equal."""

import base64
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml
from pulumi_gitlab_runner.auth.docker_config import docker_auth_config
from pulumi_gitlab_runner.auth.registry_list import read_registry_list
from pulumi_gitlab_runner.config.render import toml_data
from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.config.spelling import as_keys
from pulumi_gitlab_runner.host.docker_manager import docker_manager_files
from pulumi_gitlab_runner.host.files import LINK, HostFile, files_as_json, host_files
from pulumi_gitlab_runner.host.manager_config import full_image, manager_config, number_placeholder
from pulumi_gitlab_runner.host.manager_inputs import NOT_MADE, ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.host.proxy import proxy_variables
from pulumi_gitlab_runner.host.surroundings import ENVIRONMENT, first_boot_files, worker_files
from pulumi_gitlab_runner.host.user_data import user_data, worker_user_data
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.stack import Stack

from tests.spec.declaration import ENVIRONMENT as PLACE

_CONFIG = "etc/gitlab-runner/config.toml"
_UNIT = "etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf"
_UNIT_KEYS = {
    "Wants",
    "After",
    "Environment",
    "EnvironmentFile",
    "ExecStartPre",
    "TimeoutStartSec",
    "KillSignal",
    "TimeoutStopSec",
}


def assert_renders_completely(stack: Stack) -> int:
    """Render all files of a stack, read them back, and compare; return the number of files."""
    files = 0
    for manager in stack.managers.values():
        files += len(_manager_files(stack, manager))
    for variable in stack.variables:
        if variable.docker_auth:
            _assert_docker_auth(stack, variable.docker_auth)
            files += 1
    return files


def _manager_files(stack: Stack, manager: Manager) -> Mapping[str, HostFile]:
    registries = stack.registries_of(manager)
    parameters = HostParameters(f"/gitlab-runner/fuzzed/{manager.resource_name}")
    inputs = ManagerInputs.of(stack, manager, PLACE)
    config = manager_config(inputs, NOT_MADE if manager.host.docker else parameters.fleet_group)
    if manager.host.docker:
        files = docker_manager_files(inputs)
        written = files["config.toml"].content
    else:
        files = host_files(inputs, parameters)
        written = files[_CONFIG].content
    _assert_config(stack, manager, written, toml_data(config))
    for path, file in files.items():
        _assert_reads_back(path, file)
    assert json.loads(files_as_json(files)) == {
        path: {"mode": each.mode, "content": each.content} for path, each in files.items()
    }
    listed = files.get("etc/gitlab-runner/registries", files.get("registries"))
    assert listed is not None
    assert (
        read_registry_list(listed.content).keys()
        == {
            registry.host_in(PLACE)
            for registry in registries.values()
            if registry.credential_source(PLACE, parameters.source(registry, PLACE))
        }
        or manager.host.docker
    )
    if not manager.host.docker:
        _assert_boots(stack, manager, files)
    return files


def _assert_config(stack: Stack, manager: Manager, written: str, given: Mapping[str, Any]) -> None:
    read = tomllib.loads(written)
    numbers = (
        {} if manager.host.docker else {each.name: number_placeholder(each.name) for each in manager.runners}
    )
    assert {each["name"]: each.pop("id") for each in read["runners"] if "id" in each} == numbers
    assert read == given
    assert [each["name"] for each in read["runners"]] == [each.name for each in manager.runners]
    inputs = ManagerInputs.of(stack, manager, PLACE)
    for runner, entry in zip(manager.runners, read["runners"], strict=True):
        assert entry["url"] == known(stack.gitlab_url)
        assert entry["docker"]["image"] == full_image(known(runner.image), inputs)
        for service, rendered in zip(runner.services, entry["docker"].get("services", []), strict=True):
            assert rendered["name"] == full_image(known(service.name), inputs)
            assert rendered.get("alias", "") == known(service.alias)
            for key in ("entrypoint", "command", "environment"):
                assert tuple(rendered.get(key, ())) == getattr(service, key)
        _assert_within(as_keys(runner.config, RunnerConfig), entry)


def _assert_within(declared: Any, read: Any) -> None:
    """The declared part of config.toml is in the file, which may have values from other fields too."""
    if isinstance(declared, Mapping):
        for key, value in declared.items():
            _assert_within(value, read[key])
    elif isinstance(declared, list) and not all(isinstance(each, Mapping) for each in declared):
        assert [each for each in declared if each not in read] == []


def _assert_reads_back(path: str, file: HostFile) -> None:
    """A file parses in the same way as on the host."""
    file.content.encode()
    assert "\0" not in file.content, path
    if file.mode == LINK:
        return
    if path.endswith(".json"):
        json.loads(file.content)
    elif path == _UNIT:
        assert set(_unit_keys(file.content)) <= _UNIT_KEYS
    elif path in (ENVIRONMENT, "etc/gitlab-runner/reporting"):
        _settings(file.content)
    elif path.endswith("registries"):
        for line in file.content.splitlines():
            assert line.startswith("#") or len(line.split(" ")) >= 2, line


def _unit_keys(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line and not line.startswith("["):
            key, equals, _ = line.partition("=")
            assert equals, line
            yield key


_READ_SETTINGS = """eval "$1"; shift; for name; do eval "printf '%s\\0' \\"\\$$name\\""; done"""


@cache
def _settings(text: str) -> Mapping[str, str]:
    """The variables that a shell sets from a file, which must do nothing else."""
    names = re.findall(r"^([A-Za-z_][A-Za-z0-9_]*)=", text, re.MULTILINE)
    shell = subprocess.run(
        ["/bin/sh", "-euc", _READ_SETTINGS, "sh", text, *names],
        capture_output=True,
        timeout=20,
        env={},
        check=True,
    )
    assert not shell.stderr
    return dict(zip(names, shell.stdout.decode().split("\0"), strict=False))


def _assert_boots(stack: Stack, manager: Manager, files: Mapping[str, HostFile]) -> None:
    """The host's environment has the declared proxy; the user data is YAML with the same files."""
    first_files = first_boot_files(manager.proxy, manager.authorities, PLACE, manager.host.os)
    if manager.proxy:
        assert _settings(files[ENVIRONMENT].content).items() >= proxy_variables(manager.proxy, PLACE).items()
    if not first_files:
        return
    for text in _user_data(tuple(first_files.items()), manager.host.runner_version):
        written = {each["path"]: each["content"] for each in yaml.safe_load(text)["write_files"]}
        for path, content in first_files.items():
            assert written[f"/{path}"] == content
    workers = worker_files(manager, stack.registries_of(manager).values(), PLACE) if manager.fleet else {}
    if workers:
        boot = yaml.safe_load(worker_user_data("{}", workers))
        assert {each["path"] for each in boot["write_files"]} >= {f"/{path}" for path in workers}


@cache
def _user_data(first: tuple[tuple[str, str], ...], version: str) -> list[str]:
    return [
        user_data(
            bucket="bucket",
            key="build/files.json",
            region=PLACE.region,
            tokens="/gitlab-runner/fuzzed/build/tokens",
            runner_version=version,
            further=dict(first),
        )
    ]


def _assert_docker_auth(stack: Stack, names: tuple[str, ...]) -> None:
    """The user and password of each registry read back as Docker splits them: at the first colon."""
    logins = {}
    for name in names:
        registry = stack.registries[name]
        login = registry.login
        assert login is not None
        if login.password.available:
            logins[registry.host_in(PLACE)] = (known(login.username), str(login.password.source))
    text = docker_auth_config([(host, *login) for host, login in logins.items()])
    read = {
        host: tuple(base64.b64decode(each["auth"]).decode().split(":", 1))
        for host, each in json.loads(text)["auths"].items()
    }
    assert read == logins
