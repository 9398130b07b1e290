"""`./dev render`: the files of a host, for any of its runners."""

import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox import paths, render
from sandbox.errors import SandboxError

STACK = """
config:
  aws:region: eu-west-1
  gitlab-runner:stack:
    runners:
      build: {group: 42, host: {}}
      second: {group: 42, limit: 1, host_of: build}
"""
UNUSED_ADDRESS = "http://127.0.0.1:9"


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stopped sandbox with one stack."""
    (tmp_path / "Pulumi.two.yaml").write_text(STACK)
    monkeypatch.setattr(paths, "STACKS", tmp_path)
    service = SimpleNamespace(url=UNUSED_ADDRESS)
    return SimpleNamespace(services={"aws": service, "gitlab": service})


@pytest.mark.parametrize("runner", ["build", "second"])
def test_runners_that_share_a_host_have_the_same_files(sandbox: Any, runner: str) -> None:
    files = render.files_of("two", runner, sandbox)
    runners = tomllib.loads(files["etc/gitlab-runner/config.toml"].content)["runners"]
    assert [(each["name"], each["token"]) for each in runners] == [
        ("build", f"{render.NOT_REGISTERED}-build"),
        ("second", f"{render.NOT_REGISTERED}-second"),
    ]
    assert not any("id" in each for each in runners)


def test_an_undeclared_runner_is_refused(sandbox: Any) -> None:
    with pytest.raises(SandboxError, match="declares no runner 'third', only: build, second"):
        render.files_of("two", "third", sandbox)
