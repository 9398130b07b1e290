"""The real `gitlab-runner-apply`: it applies all files of a host, or none."""

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.host.files import HostFile, files_as_json

from tests.host.commands import SHELLS
from tests.host.sandbox_host import sandbox_files
from tests.host.script_host import ScriptHost

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")

TOKEN = "glrt-canary-4711"
CONFIG = "etc/gitlab-runner/config.toml"
LINK = "root/.docker/config.json"
PACKAGE = "usr/local/lib/gitlab-runner-host/gitlab_runner_credentials/"
SERVICE = f"{PACKAGE}service.py"
DAEMON = "etc/docker/daemon.json"
REFUSED = "var/lib/gitlab-runner-host/refused"
PATHS = "var/lib/gitlab-runner-host/paths"

AWS = """
read -r etag <"$S3/etag"
read -r numbers <"$S3/numbers"
case "$*" in
    *"s3api head-object --bucket the-bucket --key build/files.json "*)
        [ -n "$etag" ] && printf '%s\\t%s\\n' "$etag" "$numbers" ;;
    *"s3api get-object --bucket the-bucket --key build/files.json --if-match $etag "*)
        for last in "$@"; do :; done
        cp "$S3/files.json" "$last" && echo '{"ETag": "an answer that is not needed"}' ;;
    *"ssm get-parameter --name /the/tokens/build --with-decryption "*) cat "$S3/token" ;;
    *"ssm get-parameter --name /the/tokens/release-2 --with-decryption "*) echo glrt-of-the-other ;;
    *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"""


def some_files() -> dict[str, HostFile]:
    """The files that the script itself reads; the others take most of the time, as each needs processes.

    Of the credentials package, the script checks only that it runs.
    """
    others = ("etc/systemd/", "usr/local/sbin/", PACKAGE)
    own = ("usr/local/sbin/gitlab-runner-credentials", "usr/local/sbin/gitlab-runner-firewall")
    files = {
        path: file for path, file in sandbox_files().items() if path in own or not path.startswith(others)
    }
    return files | {f"{PACKAGE}__main__.py": HostFile("", "0644")}


class Host(ScriptHost):
    """A host in a directory, and the store from which it fetches its files."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.store = directory / "store"
        self.store.mkdir()
        self.environment["S3"] = str(self.store)
        self.commands.add("aws", AWS)
        (self.commands.directory / "jq").symlink_to(str(shutil.which("jq")))
        self.commands.add("systemctl", "")
        self.commands.add("gitlab-runner", "")
        self.commands.add("iptables", "")
        self.commands.add("dockerd", 'case "$*" in --help) echo "  --validate" ;; esac')
        (self.store / "token").write_text(TOKEN + "\n")
        self.deliver(files_as_json(some_files()), "1")

    def deliver(self, content: str, version: str, numbers: str = "11") -> None:
        """Put the host's files and the IDs of its runners into the store."""
        (self.store / "files.json").write_text(content)
        (self.store / "numbers").write_text(f"{numbers}\n")
        (self.store / "etag").write_text(f'"{version}"\n')

    def apply(self, shell: list[str]) -> subprocess.CompletedProcess[str]:
        """Run the script under a shell."""
        return self.run("gitlab-runner-apply.sh", shell)

    def tree(self) -> dict[str, tuple[str, str, int]]:
        """Every file below the root: its mode, content and modification time."""
        files = [path for path in self.root.rglob("*") if path.is_file() or path.is_symlink()]
        return {
            str(path.relative_to(self.root)): (
                "link" if path.is_symlink() else f"{path.stat().st_mode & 0o7777:04o}",
                str(path.readlink()) if path.is_symlink() else path.read_text(),
                path.lstat().st_mtime_ns,
            )
            for path in files
        }


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture(scope="module")
def _applied(tmp_path_factory: pytest.TempPathFactory) -> Host:
    host = Host(tmp_path_factory.mktemp("applied"))
    assert host.apply(SHELLS[0]).returncode == 0
    return host


@pytest.fixture
def applied(host: Host, _applied: Host) -> Host:
    """A host that has the first version of its files."""
    shutil.copytree(_applied.root, host.root, symlinks=True, dirs_exist_ok=True)
    return host


def test_a_fresh_host_gets_every_file(host: Host, shell: list[str]) -> None:
    host.deliver(files_as_json(sandbox_files()), "1")
    done = host.apply(shell)
    assert (done.returncode, done.stderr) == (0, "")
    expected = {path: (file.mode, file.content) for path, file in sandbox_files(token=TOKEN).items()}
    expected["var/lib/gitlab-runner-host/applied"] = ("0600", '"1"\t11\n')
    expected[PATHS] = ("0600", "".join(f"{path}\n" for path in sorted(sandbox_files())))
    assert {path: (mode, content) for path, (mode, content, _) in host.tree().items()} == expected
    assert tomllib.loads((host.root / CONFIG).read_text())["runners"][0]["token"] == TOKEN
    assert host.logged() == ['info: applied version "1" of s3://the-bucket/build/files.json']


def test_an_existing_docker_configuration_becomes_the_link(host: Host, shell: list[str]) -> None:
    """It may be a file, or a link to a file elsewhere, which stays unchanged."""
    elsewhere = host.root / "elsewhere"
    elsewhere.write_text("{}")
    path = host.root / LINK
    for version, before in enumerate((path.write_text, lambda text: path.symlink_to(elsewhere))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        before("{}")
        host.deliver(files_as_json(some_files()), str(version))
        assert host.apply(shell).returncode == 0
        assert str(path.readlink()) == "../../run/gitlab-runner-credentials/config.json"
    assert elsewhere.read_text() == "{}"


def test_the_delivered_credential_service_is_restarted_without_waiting(host: Host) -> None:
    host.apply(SHELLS[0])
    restart = "systemctl --no-block try-restart gitlab-runner-credentials.service"
    assert restart in host.commands.calls("systemctl")


def test_each_runner_gets_its_own_token(host: Host, shell: list[str]) -> None:
    files = json.loads(files_as_json(some_files()))
    files[CONFIG]["content"] += '# „Zweite“ \n[[runners]]\nname = "ü"\ntoken = "@RUNNER_TOKEN_release-2@"\n'
    host.deliver(json.dumps(files), "1")
    assert host.apply(shell).returncode == 0
    runners = tomllib.loads((host.root / CONFIG).read_text())["runners"]
    assert [(each["name"], each["token"]) for each in runners] == [
        ("build", TOKEN),
        ("ü", "glrt-of-the-other"),
    ]
    assert not any("glrt-" in call for call in host.commands.calls())


def test_each_runner_gets_its_own_id(host: Host) -> None:
    """IDs are in the order of the runners' names, not of config.toml; a fleet's settings have them too."""
    files = json.loads(files_as_json(some_files()))
    second = '[[runners]]\nname = "a-second"\nid = "@RUNNER_ID_a-second@"\ntoken = "of-its-own"\n'
    files[CONFIG]["content"] += second
    files["etc/gitlab-runner/fleet.json"] = {"mode": "0600", "content": '[{"id": "@RUNNER_ID_build@"}]'}
    host.deliver(json.dumps(files), "1", "7,11")
    assert host.apply(SHELLS[0]).returncode == 0
    runners = tomllib.loads((host.root / CONFIG).read_text())["runners"]
    assert [(each["name"], each["id"]) for each in runners] == [("build", 11), ("a-second", 7)]
    assert json.loads((host.root / "etc/gitlab-runner/fleet.json").read_text()) == [{"id": 11}]


def test_a_new_registration_of_a_runner_reaches_a_running_host(applied: Host) -> None:
    """The files of the host are the same, and so is their ETag."""
    (applied.store / "numbers").write_text("12\n")
    (applied.store / "token").write_text("glrt-canary-of-the-next")
    assert applied.apply(SHELLS[0]).returncode == 0
    (runner,) = tomllib.loads((applied.root / CONFIG).read_text())["runners"]
    assert (runner["id"], runner["token"]) == (12, "glrt-canary-of-the-next")


def test_files_are_applied_before_gitlab_runner_is_installed(host: Host, shell: list[str]) -> None:
    host.commands.remove("gitlab-runner")
    assert host.apply(shell).returncode == 0
    assert (host.root / CONFIG).exists()


def test_a_second_run_changes_nothing(applied: Host, shell: list[str]) -> None:
    before = applied.tree()
    assert applied.apply(shell).returncode == 0
    assert applied.tree() == before
    (only,) = applied.commands.calls()
    assert "head-object" in only


def test_a_new_version_replaces_the_old_one(applied: Host, shell: list[str]) -> None:
    files = json.loads(files_as_json(some_files()))
    files[CONFIG]["content"] = files[CONFIG]["content"].replace("2026.11", "2026.12")
    applied.deliver(json.dumps(files), "2")
    assert applied.apply(shell).returncode == 0
    text = (applied.root / CONFIG).read_text()
    assert "ci/base:2026.12" in text
    assert TOKEN in text


def test_files_of_an_interrupted_run_are_replaced(applied: Host, tmp_path: Path, shell: list[str]) -> None:
    before = {path: entry[:2] for path, entry in applied.tree().items()}
    other = tmp_path / "other"
    other.write_text("it stays")
    (applied.root / f"{CONFIG}.new").symlink_to(other)
    (applied.root / f"{LINK}.new").write_text("half of")
    applied.deliver(files_as_json(some_files()), "2")
    assert applied.apply(shell).returncode == 0
    state = "var/lib/gitlab-runner-host/applied"
    after = {path: entry[:2] for path, entry in applied.tree().items()}
    assert after == before | {state: ("0600", '"2"\t11\n')}
    assert other.read_text() == "it stays"


@pytest.mark.parametrize(
    ("runs", "changed", "restarted"),
    [(True, "fleet.json", True), (True, "config.toml", False), (False, "fleet.json", False)],
    ids=["another fleet", "another schedule", "another fleet, with no runner"],
)
def test_a_runner_restarts_only_for_changed_fleet_settings(
    host: Host, shell: list[str], runs: bool, changed: str, restarted: bool
) -> None:
    files = json.loads(files_as_json(some_files()))
    files["etc/gitlab-runner/fleet.json"] = {"mode": "0600", "content": "[]"}
    host.deliver(json.dumps(files), "1")
    host.commands.add("systemctl", 'case "$*" in *"is-active gitlab-runner") exit 3 ;; esac')
    assert host.apply(shell).returncode == 0
    if runs:
        host.commands.add("systemctl", "")
    files[f"etc/gitlab-runner/{changed}"]["content"] += "\n"
    host.deliver(json.dumps(files), "2")
    assert host.apply(shell).returncode == 0
    restarts = [call for call in host.commands.calls("systemctl") if call.endswith(" restart gitlab-runner")]
    assert restarts == (["systemctl --no-block restart gitlab-runner"] if restarted else [])


def test_the_next_run_completes_the_reloads_that_a_run_could_not(host: Host, shell: list[str]) -> None:
    """systemd fails to reload when it runs out of memory or time; the files are in place by then."""
    fleet = "etc/gitlab-runner/fleet.json"
    files = json.loads(files_as_json(some_files())) | {fleet: {"mode": "0600", "content": "[]"}}
    host.deliver(json.dumps(files), "1")
    assert host.apply(shell).returncode == 0
    files[fleet]["content"] = "[1]"
    files[DAEMON]["content"] = json.dumps(json.loads(files[DAEMON]["content"]) | {"debug": True})
    host.deliver(json.dumps(files), "2")
    host.commands.add("systemctl", "[ $1 != daemon-reload ]")
    assert host.apply(shell).returncode != 0
    assert json.loads((host.root / fleet).read_text()) == [1]
    host.commands.add("systemctl", "")
    host.commands.forget()
    assert host.apply(shell).returncode == 0
    reloads = {"systemctl reload docker", "systemctl --no-block restart gitlab-runner"}
    assert reloads <= set(host.commands.calls("systemctl"))
    host.deliver(json.dumps(files), "3")
    host.commands.forget()
    assert host.apply(shell).returncode == 0
    assert not reloads & set(host.commands.calls("systemctl"))


def test_files_are_synced_before_they_are_renamed(host: Host, shell: list[str]) -> None:
    synced = host.store / "synced"
    host.commands.add("sync", f'[ ! -e "{host.root}/{CONFIG}" ] && printf "%s\\n" "$@" >>"{synced}"')
    host.deliver(files_as_json(sandbox_files()), "1")
    assert host.apply(shell).returncode == 0
    written = {path for path, file in sandbox_files().items() if file.mode != "link"}
    assert set(synced.read_text().splitlines()) == {f"{host.root}/{path}.new" for path in written}


def test_only_config_toml_has_the_token(host: Host, shell: list[str]) -> None:
    done = host.apply(shell)
    assert TOKEN not in done.stdout + done.stderr
    assert not any(TOKEN in call for call in host.commands.calls())
    assert [path for path, (_, content, _) in host.tree().items() if TOKEN in content] == [CONFIG]
    assert host.tree()[CONFIG][0] == "0600"


def _damage(path: str, **change: Any) -> Callable[[Host], None]:
    def damage(host: Host) -> None:
        files = json.loads(files_as_json(some_files() if path in some_files() else sandbox_files()))
        files[path] |= change
        files[CONFIG]["content"] += "# the second version\n" if path != CONFIG else ""
        host.deliver(json.dumps(files), "2")

    return damage


def _token(text: str | None) -> Callable[[Host], None]:
    def damage(host: Host) -> None:
        host.deliver((host.store / "files.json").read_text(), "2")
        (host.store / "token").unlink()
        if text is not None:
            (host.store / "token").write_text(text)

    return damage


def _lint(host: Host) -> None:
    host.deliver((host.store / "files.json").read_text(), "2")
    host.commands.add("gitlab-runner", 'case "$*" in *--config*) exit 1 ;; esac')


LISTS = """
case "$*" in
    lint*) echo "FATAL: Command lint not found." >&2; exit 1 ;;
    list*)
        if grep -q broken "$3"; then echo "WARNING: decoding configuration file: toml: line 3" >&2
        else echo "Listing configured runners" >&2; echo "build Token=$(grep token "$3")" >&2; fi ;;
esac
"""


def _list(host: Host) -> None:
    """A runner older than 19.3, which has no `lint`."""
    host.commands.add("gitlab-runner", LISTS)
    _damage(CONFIG, content="concurrent = broken\n[[runners\n")(host)


def _changed_while_read(host: Host) -> None:
    host.deliver((host.store / "files.json").read_text(), "2")
    host.commands.add("aws", AWS.replace("--if-match ", "--if-match another"))


def _docker(host: Host) -> None:
    host.deliver((host.store / "files.json").read_text(), "2")
    host.commands.add("dockerd", 'case "$*" in --help) echo "  --validate" ;; --validate*) exit 1 ;; esac')


BAD: dict[str, tuple[Callable[[Host], None], str]] = {
    "not JSON": (lambda host: host.deliver("{", "2"), "the files are not JSON"),
    "no files": (lambda host: host.deliver("{}", "2"), "there are no files"),
    "content that is no text": (
        _damage("etc/gitlab-runner/registries", content=5),
        "the files cannot be unpacked",
    ),
    "a mode that is none": (
        _damage("etc/gitlab-runner/registries", mode="rw"),
        "etc/gitlab-runner/registries cannot have the mode rw",
    ),
    "a service of credentials that does not run": (
        _damage(SERVICE, content="def\n"),
        "gitlab-runner-credentials does not run",
    ),
    "settings of the daemon that are no object": (
        _damage(DAEMON, content="[]"),
        "daemon.json is not a JSON object",
    ),
    "settings of the daemon that it refuses": (_docker, "Docker refuses daemon.json"),
    "a config.toml that the runner refuses": (_lint, "gitlab-runner refuses config.toml"),
    "a config.toml that an older runner cannot read": (_list, "gitlab-runner refuses config.toml"),
}
PASSING: dict[str, tuple[Callable[[Host], None], str]] = {
    "no token": (_token(None), "the token of the runner build, /the/tokens/build, cannot be read"),
    "an empty token": (_token(""), "the token of the runner build, /the/tokens/build, is empty"),
    "no object": (
        lambda host: (host.store / "etag").unlink(),
        "s3://the-bucket/build/files.json cannot be read",
    ),
    "no numbers": (
        lambda host: host.deliver((host.store / "files.json").read_text(), "2", "None"),
        "the numbers of the runners cannot be read",
    ),
    "another version by now": (_changed_while_read, "s3://the-bucket/build/files.json cannot be read"),
}


@pytest.mark.parametrize(
    ("damage", "reason", "refused"),
    [
        *((damage, reason, True) for damage, reason in BAD.values()),
        *((damage, reason, False) for damage, reason in PASSING.values()),
    ],
    ids=[*BAD, *PASSING],
)
def test_an_error_keeps_the_last_good_files(
    applied: Host, damage: Callable[[Host], None], reason: str, refused: bool
) -> None:
    """A bad version is refused once; a failure that may pass is retried."""
    before = applied.tree()
    damage(applied)
    done = applied.apply(SHELLS[0])
    assert done.returncode != 0
    assert {path: file for path, file in applied.tree().items() if path != REFUSED} == before
    assert list((applied.root / "run").iterdir()) == []
    assert applied.logged() == [f"err: {reason}; the last good files stay"]
    assert TOKEN not in done.stdout + done.stderr
    applied.commands.forget()
    again = applied.apply(SHELLS[0])
    assert (again.returncode == 0, len(applied.logged())) == (refused, 0 if refused else 1)


def test_a_host_without_good_files_reports_bad_ones_each_time(host: Host) -> None:
    host.deliver("{", "1")
    for _ in range(2):
        host.commands.forget()
        assert host.apply(SHELLS[0]).returncode == 1
        assert "not JSON" in "".join(host.logged())


def test_settings_of_a_docker_without_validate_are_not_checked(host: Host) -> None:
    host.commands.add("dockerd", 'case "$*" in *--validate*) exit 1 ;; esac')
    assert host.apply(SHELLS[0]).returncode == 0


def test_an_older_runner_reads_a_good_config_toml_without_printing_its_token(
    host: Host, shell: list[str]
) -> None:
    host.commands.add("gitlab-runner", LISTS)
    done = host.apply(shell)
    assert done.returncode == 0
    assert TOKEN not in done.stdout + done.stderr
    assert host.commands.calls("gitlab-runner")[-1].startswith("gitlab-runner list --config ")


def test_firewall_rules_are_added_on_a_running_host(host: Host, shell: list[str]) -> None:
    host.apply(shell)
    assert any(call.startswith("iptables -w 30 -C DOCKER-USER") for call in host.commands.calls())
    host.commands.forget()
    host.commands.add("systemctl", '[ "$2" != is-active ] || exit 3')
    host.deliver((host.store / "files.json").read_text(), "2")
    assert host.apply(shell).returncode == 0
    assert host.commands.calls("iptables") == []


def test_config_toml_is_not_checked_without_a_runner(host: Host, shell: list[str]) -> None:
    host.commands.remove("gitlab-runner")
    assert host.apply(shell).returncode == 0


def test_docker_reloads_new_settings_and_is_never_restarted(applied: Host) -> None:
    files = json.loads(files_as_json(some_files()))
    settings = json.loads(files[DAEMON]["content"]) | {"debug": True}
    files[DAEMON]["content"] = json.dumps(settings)
    applied.deliver(json.dumps(files), "2")
    assert applied.apply(SHELLS[0]).returncode == 0
    calls = applied.commands.calls("systemctl")
    assert "systemctl reload docker" in calls
    assert not any(" restart" in call and "docker" in call for call in calls)


def test_a_failure_of_docker_to_reload_is_logged(applied: Host) -> None:
    applied.commands.add("systemctl", '[ "$1" != reload ]')
    _damage(DAEMON, content="{}")(applied)
    assert applied.apply(SHELLS[0]).returncode == 0
    assert "warning: Docker does not reload its settings" in applied.logged()


def test_calls_to_systemd_after_new_files(applied: Host) -> None:
    """A stopped Docker reads its settings at its start; gitlab-runner without a fleet is not restarted.

    The script continues when it cannot keep jobs from the metrics.
    """
    applied.commands.add("systemctl", 'case "$*" in *"is-active docker") exit 3 ;; esac')
    files = json.loads(files_as_json(some_files()))
    files[DAEMON]["content"] = "{}"
    files["usr/local/sbin/gitlab-runner-firewall"]["content"] = "exit 1\n"
    applied.deliver(json.dumps(files), "2")
    assert applied.apply(SHELLS[0]).returncode == 0
    assert applied.commands.calls("systemctl") == [
        "systemctl daemon-reload",
        "systemctl --quiet is-active docker",
        "systemctl try-restart gitlab-runner-drain.service",
        "systemctl --quiet is-active gitlab-runner",
        "systemctl --no-block try-restart gitlab-runner-credentials.service",
    ]


def test_docker_is_not_reloaded_without_new_settings(applied: Host) -> None:
    _damage("etc/gitlab-runner/registries", content="")(applied)
    assert applied.apply(SHELLS[0]).returncode == 0
    assert not any("docker" in call for call in applied.commands.calls("systemctl"))


def test_after_a_bad_version_the_next_good_one_is_applied(applied: Host) -> None:
    applied.deliver("{", "2")
    assert applied.apply(SHELLS[0]).returncode != 0
    applied.deliver(files_as_json(some_files()), "3")
    assert applied.apply(SHELLS[0]).returncode == 0
    assert applied.tree()["var/lib/gitlab-runner-host/applied"][1].startswith('"3"\t')
    assert not (applied.root / REFUSED).exists()


ANCHOR = "usr/local/share/ca-certificates/gitlab-runner-own-1.crt"


def with_files(**files: str) -> str:
    """The sandbox's files, and additional ones."""
    rendered = json.loads(files_as_json(some_files()))
    for path, content in files.items():
        rendered[path.replace("__", "/")] = {"mode": "0644", "content": content}
    return json.dumps(rendered)


def test_files_that_are_no_longer_declared_are_removed(host: Host, shell: list[str]) -> None:
    trusted = "etc/docker/certs.d/registry.example.com:5000/own.crt"
    # Paths that contain, or resemble, the path of a file that stays.
    alike = ("etc/gitlab-runner/registries-of-before", "etc/gitlab-runner/config-toml")
    host.deliver(with_files(**dict.fromkeys((trusted, *alike), "one")), "1")
    assert host.apply(shell).returncode == 0
    other = host.root / "etc/docker/certs.d/registry.example.com:5000/mine.crt"
    other.write_text("of somebody else")
    host.deliver(files_as_json(some_files()), "2")
    assert host.apply(shell).returncode == 0
    assert not any((host.root / gone).exists() for gone in (trusted, *alike))
    assert other.exists()
    assert {path for path in some_files() if not (host.root / path).exists()} <= {LINK}


def test_changed_authorities_update_the_trust_store(host: Host, shell: list[str]) -> None:
    seen = host.root / "seen"
    host.commands.add("update-ca-certificates", f"cat {host.root}/{ANCHOR} >>{seen} 2>&1; umask >>{seen}")
    host.deliver(with_files(**{ANCHOR: "one;"}), "1")
    assert host.apply(shell).returncode == 0
    host.deliver(with_files(**{ANCHOR: "one;", "etc/other": "x"}), "2")
    assert host.apply(shell).returncode == 0
    host.deliver(with_files(**{ANCHOR: "two;"}), "3")
    assert host.apply(shell).returncode == 0
    # All users can read its files.
    assert re.fullmatch("one;0?022\ntwo;0?022\n", seen.read_text().replace("0022", "022"))
    host.deliver(files_as_json(some_files()), "4")
    assert host.apply(shell).returncode == 0
    assert len(host.commands.calls("update-ca-certificates")) == 3
    assert not (host.root / ANCHOR).exists()


@pytest.mark.parametrize(
    ("command", "anchor"),
    [
        ("update-ca-certificates", ANCHOR),
        ("update-ca-trust", "etc/pki/ca-trust/source/anchors/gitlab-runner-own-1.crt"),
    ],
)
def test_a_failure_to_update_the_trust_store_is_logged(host: Host, command: str, anchor: str) -> None:
    host.commands.add(command, "exit 1")
    host.deliver(with_files(**{anchor: "one"}), "1")
    assert host.apply(SHELLS[0]).returncode == 0
    assert "warning: the operating system does not take up the certificate authorities" in host.logged()


def test_aws_is_called_through_the_proxy(host: Host, shell: list[str]) -> None:
    environment = host.root / "etc/gitlab-runner/environment"
    environment.write_text("https_proxy='http://proxy:3128'\nAWS_CA_BUNDLE=/bundle\n")
    seen = host.root / "seen"
    host.commands.add("aws", f'echo "$https_proxy $AWS_CA_BUNDLE" >>{seen}\n{AWS}')
    assert host.apply(shell).returncode == 0
    assert set(seen.read_text().splitlines()) == {"http://proxy:3128 /bundle"}
