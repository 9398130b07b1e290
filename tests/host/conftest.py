"""Fixtures of the tests of the host's scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.commands import SHELLS
from tests.host.instance_metadata import InstanceMetadata


@pytest.fixture(params=SHELLS, ids=lambda command: Path(command[0]).name)
def shell(request: pytest.FixtureRequest) -> list[str]:
    """Every shell that a host may have as `sh`."""
    chosen: list[str] = request.param
    return chosen


@pytest.fixture
def metadata(tmp_path: Path) -> Iterator[InstanceMetadata]:
    with InstanceMetadata(tmp_path / "metadata") as served:
        yield served.of_the_group()
