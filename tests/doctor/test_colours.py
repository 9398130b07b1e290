"""The styled parts of a report on a terminal with colours."""

import json
from pathlib import Path

import pytest
from rich.text import Text

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor, HostTree
from tests.registry.double import DIGEST, PASSWORD, USERNAME, RegistryDouble

HOME = "/root/.docker/config.json"
KEY = "registry.example.com:5000"
NOT_FOUND = (
    'error getting credentials - err: exec: "docker-credential-{}": executable file not found in $PATH, '
    "out: ``"
)
COLOURS = {"color(1)": "red", "color(2)": "green", "color(3)": "yellow"}


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("NO_COLOR", raising=False)


def styled(doctor: Doctor) -> list[tuple[str, str]]:
    """The parts of a report that have a style, in their order."""
    found = []
    for line in doctor.output.splitlines():
        text = Text.from_ansi(line)
        for span in text.spans:
            style = str(span.style)
            for number, name in COLOURS.items():
                style = style.replace(number, name)
            found.append((style, text.plain[span.start : span.end].strip()))
    return found


def finding(name: str, where: str) -> list[tuple[str, str]]:
    return [("bold red", name), ("bold", where), ("dim", "found"), ("dim", "impact"), ("green", "fix")]


def test_an_image_with_each_verdict_on_an_entry(doctor: Doctor, host: HostTree) -> None:
    auths = {
        KEY: {"auth": encoded(USERNAME, PASSWORD)},
        f"{KEY}/team": {"auth": encoded("x", "y")},
        "other.example.com": {},
    }
    config = {"auths": auths, "credHelpers": {"helper.example.com": "runner"}}
    host.write(HOME[1:], json.dumps(config))
    host.helper("runner", {})
    assert doctor.run("image", f"{KEY}/team/app:1", "--root", str(host.root), "--offline") == 1
    assert styled(doctor) == [
        ("dim", "Runner:"),
        ("yellow", "!"),
        ("bold", f"{KEY}/team/app:1"),
        ("dim", "runner"),
        ("bold", HOME),
        ("dim", "docker pull"),
        ("yellow", "differs:"),
        ("dim", "registry"),
        ("dim", "not asked: --offline"),
        ("dim", "job log"),
        ("dim", "sources"),
        ("dim", "the variable is not set"),
        ("green", "✔"),
        ("dim", f"the most specific entry with credentials for {KEY}/team/app"),
        ("yellow", "↷"),
        ("dim", f"the entry for {KEY}/team is more specific"),
        ("yellow", "∅"),
        ("dim", "its helper has no credentials for it"),
        ("dim", "·"),
        ("dim", f"the image is on {KEY}"),
        ("dim", "GitLab sent no registry with the job"),
        *finding("credentials-empty", f"{HOME}, other.example.com"),
        ("bold red", "1 finding"),
    ]


def test_an_image_whose_source_is_dropped(doctor: Doctor, host: HostTree) -> None:
    config = {"auths": {KEY: {"auth": encoded(USERNAME, PASSWORD)}}, "credHelpers": {"a.example": "gone"}}
    host.write(HOME[1:], json.dumps(config))
    assert doctor.run("image", f"{KEY}/team/app:1", "--root", str(host.root), "--offline") == 1
    assert [each for each in styled(doctor) if "red" in each[0]][:3] == [
        ("red", "✘"),
        ("red", f"dropped: {NOT_FOUND.format('gone')}"),
        ("red", "✘"),
    ]


def test_an_image_that_is_refused_and_one_that_is_found(
    doctor: Doctor, host: HostTree, registry: RegistryDouble
) -> None:
    image = f"{registry.host}/team/app:1"
    for password, mark, message, style in (
        ("canary-wrong", "✘", f"{registry.host} refuses these credentials (401)", "red"),
        (PASSWORD, "✔", f"{registry.host} has it, as {DIGEST}", "green"),
    ):
        config = {"auths": {registry.host: {"auth": encoded(USERNAME, password)}}}
        host.write(HOME[1:], json.dumps(config))
        doctor.run("image", image, "--root", str(host.root))
        shown = styled(doctor)
        assert (style, mark) in shown
        assert (style, message) in shown
    assert shown[-1] == ("bold green", "No findings.")


def test_a_pull_that_fails(doctor: Doctor, host: HostTree) -> None:
    config = json.dumps({"credHelpers": {KEY: "a/b"}})
    host.write(HOME[1:], config)
    asked = ("--root", str(host.root), "--offline", "--docker-auth-config", config)
    assert doctor.run("image", f"{KEY}/app:1", *asked) == 1
    refused = f"credHelpers of '{KEY}' names the helper 'a/b': path traversal is not allowed"
    highlighted = [each for each in styled(doctor) if each[0] in ("red", "yellow")]
    assert highlighted == [
        ("red", "✘"),
        ("red", f"the pull fails: $DOCKER_AUTH_CONFIG: {refused}"),
        ("yellow", f"fails: {HOME}: {NOT_FOUND.format('a/b')}"),
        ("red", f"dropped: {refused}"),
    ]


def test_a_pipeline(doctor: Doctor, host: HostTree, tmp_path: Path) -> None:
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text("a:\n  image: a:1\n  services: ['Bad/Name']\n")
    assert doctor.run("job", str(file), "--root", str(host.root), "--offline") == 1
    rows = [("dim", "for"), ("dim", "runner"), ("dim", "registry"), ("dim", "not asked: --offline")]
    assert styled(doctor) == [
        ("dim", "Runner:"),
        *[("green", "✔"), ("bold", "a:1"), *rows],
        *[("red", "✘"), ("bold", "Bad/Name"), *rows],
        *[("bold", "uses"), ("bold", "credentials"), ("bold", "registry"), ("bold", "image")],
        ("green", "✔"),
        ("red", "✘"),
        *finding("image-name", "Bad/Name"),
        ("bold red", "1 finding"),
    ]


def test_the_pins_of_a_pipeline(
    doctor: Doctor, tmp_path: Path, registry: RegistryDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.scheme = ""
    monkeypatch.chdir(tmp_path)
    name = f"{registry.host}/team/app"
    old = "sha256:" + "0" * 64
    Path("more.yml").write_text(f"c: {{image: '{name}:1@{old}'}}\n")
    Path(".gitlab-ci.yml").write_text(
        f"include: more.yml\na: {{image: '{name}:1'}}\nb: {{image: $GONE}}\nd: {{image: '{name}@{old}'}}\n"
    )

    def places(first: str, second: str) -> list[tuple[str, str]]:
        style = "green" if first == "pinned now" else "yellow"
        return [
            *[("dim", ".gitlab-ci.yml, line 2"), ("bold", f"{name}:1"), (style, first)],
            ("dim", f"the tag 1 has the digest {DIGEST}"),
            *[("dim", ".gitlab-ci.yml, line 3"), ("bold", "$GONE"), ("yellow", "unknown")],
            ("dim", "the value of GONE is not known here"),
            *[("dim", ".gitlab-ci.yml, line 4"), ("bold", f"{name}@{old}"), ("green", "digest alone")],
            ("dim", "it has a digest and no tag"),
            *[("dim", "more.yml, line 1"), ("bold", f"{name}:1@{old}"), (style, second)],
        ]

    assert doctor.run("pin", "--check", ".gitlab-ci.yml") == 1
    expected = places("not pinned", "moved")
    assert styled(doctor)[: len(expected)] == expected
    assert doctor.run("pin", ".gitlab-ci.yml") == 1
    expected = places("pinned now", "pinned now")
    assert styled(doctor)[: len(expected)] == expected


def test_a_host(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME[1:], json.dumps({"auths": {KEY: {"auth": encoded(USERNAME, PASSWORD)}}}))
    assert doctor.run("host", "--root", str(host.root)) == 0
    assert styled(doctor) == [
        ("dim", "Runner:"),
        *[("dim", name) for name in ("unit", "process", "PATH", "region", "credentials")],
        ("dim", "a user and password"),
        *[("dim", name) for name in ("helpers", "config", "docker")],
        ("bold green", "No findings."),
    ]
