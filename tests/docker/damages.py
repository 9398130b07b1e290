"""Ways to break a runner host. Each is reverted when its block ends, also after an error."""

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import tomli_w
import trustme
from docker.errors import APIError
from pulumi_gitlab_runner.host.files import NO_PROGRAMS

from sandbox.docker.engine import SOCKET
from sandbox.docker.registry import Registry
from tests.docker.runner_host import CONFIG, LIST, RunnerHost

RUNNER_CONFIG = "/etc/gitlab-runner/config.toml"

Damage = Callable[[RunnerHost], AbstractContextManager[None]]


@contextmanager
def nothing(host: RunnerHost) -> Iterator[None]:
    """No damage: the fault is in the arguments of the doctor."""
    yield


def together(*damages: Damage) -> Damage:
    """Several damages, in this order."""

    @contextmanager
    def damage(host: RunnerHost) -> Iterator[None]:
        with ExitStack() as stack:
            for each in damages:
                stack.enter_context(each(host))
            yield

    return damage


def file(path: str, text: str, mode: int = 0o600) -> Damage:
    """A file with other content, or a file that should not exist."""
    return _changed(path, lambda host: host.docker.machine.write(path, text, mode))


def without(path: str) -> Damage:
    """A missing file."""
    return _changed(path, lambda host: host.docker.machine.path(path).unlink())


def directory(path: str) -> Damage:
    """A directory instead of a file, as Docker creates for a volume whose file is missing."""

    def change(host: RunnerHost) -> None:
        host.docker.machine.path(path).unlink()
        host.docker.machine.path(path).mkdir()

    return _changed(path, change)


def mode(path: str, bits: int) -> Damage:
    """A file with another mode."""
    return _changed(path, lambda host: host.docker.machine.path(path).chmod(bits))


def helper(name: str, script: str) -> Damage:
    """A credential helper on the PATH of the runner's process."""
    return file(f"{NO_PROGRAMS}/docker-credential-{name}", f"#!/bin/sh\n{script}\n", 0o755)


def docker_configuration(change: Callable[[dict[str, Any]], object]) -> Damage:
    """The Docker configuration of the runner's process, changed."""

    def write(host: RunnerHost) -> None:
        content = json.loads(host.docker.machine.path(CONFIG).read_text())
        change(content)
        host.docker.machine.write(CONFIG, json.dumps(content), 0o600)

    return _changed(CONFIG, write)


def runner_configuration(change: Callable[[dict[str, Any]], object]) -> Damage:
    """The `[[runners]]` entry of config.toml, changed."""

    def write(host: RunnerHost) -> None:
        content = tomllib.loads(host.docker.machine.path(RUNNER_CONFIG).read_text())
        change(content["runners"][0])
        host.docker.machine.write(RUNNER_CONFIG, tomli_w.dumps(content), 0o600)

    return _changed(RUNNER_CONFIG, write)


def source(registry: Registry, text: str) -> Damage:
    """The credentials of a registry come from another source."""

    @contextmanager
    def damage(host: RunnerHost) -> Iterator[None]:
        with _changed(LIST, lambda host: host.replace_source(registry, text))(host):
            yield
        host.fetch_credentials(reset=True)

    return damage


def while_fetching(damage: Damage) -> Damage:
    """A damage that exists while the credentials are fetched."""

    @contextmanager
    def whole(host: RunnerHost) -> Iterator[None]:
        with damage(host):
            host.fetch_credentials(reset=True)
            yield
        host.fetch_credentials(reset=True)

    return whole


def down(registry: Registry) -> Damage:
    """A registry is not running."""

    @contextmanager
    def damage(host: RunnerHost) -> Iterator[None]:
        registry.stop(host.docker.machine)
        try:
            yield
        finally:
            host.docker.start_registry(registry)

    return damage


def another_authority(registry: Registry) -> Damage:
    """A registry's certificate is signed by an unknown authority."""

    @contextmanager
    def damage(host: RunnerHost) -> Iterator[None]:
        with down(registry)(host):
            registry.start(host.docker.machine, trustme.CA())
            try:
                yield
            finally:
                registry.stop(host.docker.machine)

    return damage


@contextmanager
def no_docker(host: RunnerHost) -> Iterator[None]:
    """The Docker Engine's socket is missing."""
    socket = host.docker.machine.path(SOCKET)
    away = socket.rename(socket.with_name("moved-away.sock"))
    try:
        yield
    finally:
        away.rename(socket)


@contextmanager
def no_addresses_left(host: RunnerHost) -> Iterator[None]:
    """Leftover networks of jobs use all address pools of the engine."""
    api = host.docker.engine.api
    left_behind: list[str] = []
    try:
        while len(left_behind) < 100:
            try:
                left_behind.append(api.create_network(f"job-{len(left_behind)}", driver="bridge")["Id"])
            except APIError:
                break
        yield
    finally:
        for network in left_behind:
            api.remove_network(network)


def _changed(path: str, change: Callable[[RunnerHost], object]) -> Damage:
    """A change of one file, which is restored at the end."""

    @contextmanager
    def damage(host: RunnerHost) -> Iterator[None]:
        entry = host.docker.machine.path(path)
        leads_to = entry.readlink() if entry.is_symlink() else None
        before = (entry.read_bytes(), entry.stat().st_mode) if entry.exists() else None
        if leads_to and before:  # the target of the link is left unchanged
            entry.unlink()
            entry.write_bytes(before[0])
        change(host)
        try:
            yield
        finally:
            if entry.is_dir():
                entry.rmdir()
            entry.unlink(missing_ok=True)
            if leads_to:
                entry.symlink_to(leads_to)
            elif before:
                entry.write_bytes(before[0])
                entry.chmod(before[1] & 0o7777)

    return damage
