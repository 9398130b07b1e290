"""Which provider plugins the sandbox's engine finds, with plugins that are empty files."""

import os
from pathlib import Path

import pytest

from sandbox import provider_plugins
from sandbox.engine.installed_packages import Plugin, required_plugins
from sandbox.engine.release import Engine
from sandbox.errors import SandboxError
from sandbox.progress import Progress
from sandbox.provider_plugins import LAUNCHER, SERVED, PluginChoice, find, obtain, parse_choice, place

DOCKER = next(plugin for plugin in required_plugins() if plugin.name == "docker")
NO_ANSWER = "https://get.pulumi.com/releases/plugins/: no answer within 4 s"


@pytest.fixture(autouse=True)
def users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own `PULUMI_HOME`, which is empty."""
    for name in ("SANDBOX_PROVIDERS", "SANDBOX_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "users"))
    monkeypatch.setattr(provider_plugins, "explain_unreachable", lambda _url: NO_ANSWER)
    return tmp_path / "users"


def executable(file: Path, content: str = "an official plugin") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    file.chmod(0o755)
    return file


def plugin_path(home: Path, plugin: Plugin = DOCKER) -> Path:
    return home / "plugins" / f"resource-{plugin.name}-{plugin.version}" / f"pulumi-resource-{plugin.name}"


def no_engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "no-engine", "built")


@pytest.mark.parametrize(
    ("written", "official"),
    [
        (None, set()),
        ("stand-ins", set()),
        ("official", set(SERVED)),
        ("docker", {"docker"}),
        ("docker,docker-build", {"docker", "docker-build"}),
    ],
)
def test_a_choice(written: str | None, official: set[str]) -> None:
    assert parse_choice(written).official == official


@pytest.mark.parametrize("written", ["azure", "docker,azure", "official,docker"])
def test_the_choice_of_an_unknown_provider_is_refused(written: str) -> None:
    with pytest.raises(SandboxError, match=r"--providers: .* is none of stand-ins, official, aws, docker"):
        parse_choice(written)


def test_the_environment_is_the_default_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_PROVIDERS", "docker")
    monkeypatch.setenv("SANDBOX_PLUGINS", str(tmp_path))
    assert parse_choice() == PluginChoice(frozenset({"docker"}), tmp_path)
    assert parse_choice("stand-ins", tmp_path / "other") == PluginChoice(frozenset(), tmp_path / "other")


def test_each_provider_that_is_served_is_installed() -> None:
    assert {plugin.name for plugin in required_plugins()} >= set(SERVED)


@pytest.mark.parametrize(
    "name", ["pulumi-resource-docker", f"resource-docker-{DOCKER.version}/pulumi-resource-docker"]
)
def test_an_official_plugin_replaces_only_its_own_stand_in(tmp_path: Path, name: str) -> None:
    official = executable(tmp_path / "given" / name)
    home = place(tmp_path / "state", parse_choice("docker", tmp_path / "given"))
    assert plugin_path(home).resolve() == official
    others = [plugin for plugin in required_plugins() if plugin.name in {"aws", "gitlab"}]
    assert [plugin_path(home, each).read_bytes() for each in others] == [LAUNCHER.read_bytes()] * 2


def test_the_stand_ins_have_a_separate_home(tmp_path: Path) -> None:
    executable(tmp_path / "given" / "pulumi-resource-docker")
    official = place(tmp_path, parse_choice("docker", tmp_path / "given"))
    stand_ins = place(tmp_path, parse_choice())
    assert plugin_path(official).read_text() == "an official plugin"
    assert plugin_path(stand_ins).read_bytes() == LAUNCHER.read_bytes()


def test_a_plugin_that_moved_is_found(tmp_path: Path) -> None:
    for directory in ("one", "other"):
        executable(tmp_path / directory / "pulumi-resource-docker", directory)
        home = place(tmp_path, parse_choice("docker", tmp_path / directory))
        assert plugin_path(home).read_text() == directory


def test_a_plugin_that_the_user_installed_is_found(tmp_path: Path, users_home: Path) -> None:
    installed = executable(plugin_path(users_home))
    assert plugin_path(place(tmp_path, parse_choice("docker"))).resolve() == installed


def test_another_version_is_not_used(tmp_path: Path) -> None:
    executable(tmp_path / "resource-docker-v4.0.0" / "pulumi-resource-docker")
    assert find(DOCKER, [tmp_path]) is None


def test_the_launcher_of_a_stand_in_is_not_an_official_plugin(tmp_path: Path, users_home: Path) -> None:
    """As when `./dev` runs within `./dev`, whose home has launchers."""
    executable(plugin_path(users_home), LAUNCHER.read_text())
    assert find(DOCKER, [users_home / "plugins"]) is None


def test_a_file_that_is_not_executable_is_not_used(tmp_path: Path) -> None:
    executable(tmp_path / "pulumi-resource-docker").chmod(0o644)
    assert find(DOCKER, [tmp_path]) is None


def test_a_plugin_that_cannot_be_downloaded_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    choice = parse_choice("docker,docker-build")
    with pytest.raises(SandboxError) as raised:
        obtain(tmp_path / "state", choice, no_engine(tmp_path), Progress())
    assert str(raised.value) == (
        "no official plugin of docker 5.2.0, docker-build 0.0.22 is there, and none can be downloaded "
        f"({NO_ANSWER}): put pulumi-resource-docker, pulumi-resource-docker-build into a directory and name "
        "it with --plugins DIR. Nothing was changed"
    )
    assert not (tmp_path / "state").exists()


def test_an_existing_plugin_is_not_downloaded(tmp_path: Path) -> None:
    executable(tmp_path / "given" / "pulumi-resource-docker")
    choice = parse_choice("docker", tmp_path / "given")
    obtain(tmp_path / "state", choice, no_engine(tmp_path), Progress())
    obtain(tmp_path / "state", parse_choice(), no_engine(tmp_path), Progress())


ENGINE = """\
#!/bin/sh
[ "$1 $2 $3" = "plugin install resource" ] || exit 9
[ "$4" = docker-build ] && echo "error: 404" >&2 && exit 1
place="$PULUMI_HOME/plugins/resource-$4-$5/pulumi-resource-$4"
mkdir -p "${place%/*}" && echo downloaded > "$place" && chmod +x "$place"
"""


def test_the_engine_downloads_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_plugins, "explain_unreachable", lambda _url: None)
    engine = Engine(executable(tmp_path / "pulumi", ENGINE), "built")
    choice = parse_choice("docker")
    obtain(tmp_path / "state", choice, engine, Progress())
    assert plugin_path(place(tmp_path / "state", choice)).read_text() == "downloaded\n"
    with pytest.raises(SandboxError, match=r"docker-build 0\.0\.22 .*\(error: 404\)"):
        obtain(tmp_path / "state", parse_choice("docker-build"), engine, Progress())


def test_the_official_aws_plugin_calls_only_the_sandbox() -> None:
    needed = parse_choice("official").environment("http://127.0.0.1:4566")
    assert needed["AWS_SKIP_CREDENTIALS_VALIDATION"] == "true"
    assert needed["HTTP_PROXY"] == "http://127.0.0.1:4566"
    assert parse_choice("docker").environment("http://127.0.0.1:4566") == {}


def test_each_provider_that_is_served_has_a_stand_in() -> None:
    providers = Path(LAUNCHER).with_name("providers")
    found = {each.parent.name.replace("_", "-") for each in providers.glob("*/provider.py")}
    assert found == set(SERVED)
    assert os.access(LAUNCHER, os.X_OK)
