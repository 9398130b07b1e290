"""The language hosts beside a built engine, with a stand-in for `go`."""

import re
from pathlib import Path

import pytest

from sandbox.engine import languages
from sandbox.engine.release import Engine, WayFailedError
from sandbox.go_toolchain import go_version_needed
from sandbox.progress import Progress

GO = """\
#!/bin/sh
case "$1" in
env)
    echo go1.26.6
    ;;
build)
    for argument; do package=$argument; done
    echo "$package" >> {built}
    {result}
    while [ "$1" != -o ]; do shift; done
    echo "$package" > "$2"
    ;;
esac
"""
ALL = ["pulumi-language-go", "pulumi-language-nodejs", "pulumi-language-yaml"]
YAML = "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The file in which the stand-in for `go` records its builds."""
    return tmp_path / "built"


@pytest.fixture
def engine(tmp_path: Path, built: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A built engine without language hosts, and the stand-in for `go` on PATH."""
    command = tmp_path / "engine" / "v0" / "bin" / "pulumi"
    command.parent.mkdir(parents=True)
    command.touch()
    install_go(tmp_path, built)
    monkeypatch.setenv("SANDBOX_DIR", str(tmp_path / "sandbox"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    return Engine(command, "built")


def install_go(directory: Path, built: Path, result: str = "") -> None:
    go = directory / "path" / "go"
    go.parent.mkdir(exist_ok=True)
    go.write_text(GO.format(built=built, result=result))
    go.chmod(0o755)


def hosts_beside(engine: Engine) -> list[str]:
    return sorted(each.name for each in engine.command.parent.iterdir() if each != engine.command)


def test_a_built_engine_gets_every_language_host_once(engine: Engine, built: Path) -> None:
    assert not engine.runs("yaml")
    for _ in range(2):
        languages.obtain(engine, Progress())
    assert hosts_beside(engine) == ALL
    assert built.read_text().splitlines() == [YAML, "./sdk-generator"]
    assert (engine.command.parent / "pulumi-language-go").read_text() == "./sdk-generator\n"
    assert all(engine.runs(language) for language in ("yaml", "go", "nodejs"))
    assert [each.name for each in engine.command.parents[2].iterdir() if "partial" in each.name] == []


def test_only_missing_hosts_are_built(engine: Engine, built: Path) -> None:
    (engine.command.parent / "pulumi-language-yaml").touch()
    languages.obtain(engine, Progress())
    assert built.read_text().splitlines() == ["./sdk-generator"]
    assert hosts_beside(engine) == ALL


@pytest.mark.parametrize("origin", ["downloaded", "on PATH"])
def test_another_engine_gets_none(engine: Engine, built: Path, origin: str) -> None:
    languages.obtain(Engine(engine.command, origin), Progress())
    assert hosts_beside(engine) == []
    assert not built.exists()


def test_a_host_on_path_is_used(engine: Engine, tmp_path: Path) -> None:
    host = tmp_path / "path" / "pulumi-language-dotnet"
    host.touch()
    assert not engine.runs("dotnet")
    host.chmod(0o755)
    assert engine.runs("dotnet")


def test_a_failed_build_reports_its_error(engine: Engine, tmp_path: Path, built: Path) -> None:
    install_go(tmp_path, built, "echo 'dial tcp: no such host' >&2; exit 1")
    with pytest.raises(WayFailedError, match="no such host"):
        languages.obtain(engine, Progress())
    assert hosts_beside(engine) == []


def test_the_modules_pin_their_versions() -> None:
    engine, yaml = languages.MODULES / "engine", languages.MODULES / "yaml"
    assert "github.com/pulumi/pulumi-yaml v1.32.0" in (yaml / "go.mod").read_text()
    assert "github.com/pulumi/pulumi-yaml v1.32.0 h1:" in (yaml / "go.sum").read_text()
    assert go_version_needed(yaml) == go_version_needed(engine)
    assert (engine / "sdk-generator" / "main.go").exists()


def versions(module: Path) -> dict[str, str]:
    """The requirements of `go.mod`, without Pulumi's own modules: they are compiled once for both."""
    required = re.findall(r"^\s+(\S+) (v\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    return {name: version for name, version in required if not name.startswith("github.com/pulumi/")}


def test_the_engine_and_yaml_have_the_same_versions_of_common_packages() -> None:
    engine, yaml = versions(languages.MODULES / "engine"), versions(languages.MODULES / "yaml")
    common = engine.keys() & yaml.keys()
    assert len(common) > 100
    assert {name: yaml[name] for name in common} == {name: engine[name] for name in common}
