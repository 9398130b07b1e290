"""The fixtures of tests with a registry."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi_gitlab_runner.images.pinned import OFFLINE
from pulumi_gitlab_runner.registry.connection import Certificates

from tests.registry.double import RegistryDouble, serving

ONLY_LOOPBACK = {
    "no_proxy": "127.0.0.1",
    "https_proxy": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
}
ONLY_LOOPBACK |= {OFFLINE: ""} | {name.upper(): value for name, value in ONLY_LOOPBACK.items()}
"""An environment in which only this machine can be reached: nothing listens at the proxy's address."""


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow requests only to registries on this machine."""
    for name, value in ONLY_LOOPBACK.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def registry() -> Iterator[RegistryDouble]:
    """A registry with `team/app:1`, for one user."""
    with serving(RegistryDouble()) as double:
        yield double


def certificates_in(directory: Path) -> Certificates:
    """The CAs in a directory with a subdirectory for each registry, as in `/etc/docker/certs.d`."""
    return lambda host: [each.read_text() for each in (directory / host).glob("*.crt")]
