"""The real `gitlab-runner-deliver`: it puts all files of a manager into its volume, or none."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.host.commands import Commands
from tests.host.script_host import SCRIPTS

CONFIG = "concurrent = {}\n"


class Volume:
    """A volume, deliveries to it, and a gitlab-runner that checks the delivered files."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "volume"
        self.path.mkdir()
        self.delivery = directory / "delivery"
        self.commands = Commands(directory)
        self.lint("exit 0")
        self.commands.add("sync", "")  # it would sync the whole machine

    def lint(self, body: str) -> None:
        """Set the command that checks a configuration."""
        self.commands.add("gitlab-runner", f'[ "$1 $2" = "lint --help" ] && exit\n{body}')

    def deliver(
        self, shell: list[str], concurrent: int, *, service: str = "", extra: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Deliver a configuration and, optionally, a credential service and an extra file."""
        files = {"config.toml": CONFIG.format(concurrent)}
        if service:
            files["sbin/gitlab-runner-credentials"] = service
        if extra:
            files[extra] = "a password"
        for path, content in files.items():
            file = self.delivery / "files" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
            file.chmod(0o600)
            os.utime(file, (0, 0))
        (self.delivery / "links").write_text("home/.docker/config.json /run/credentials/config.json\n")
        environment = {
            "PATH": f"{self.commands.directory}:/usr/bin:/bin",
            "RUNNER_DELIVERY": str(self.delivery),
            "RUNNER_VOLUME": str(self.path),
        }
        return subprocess.run(
            [*shell, str(SCRIPTS / "gitlab-runner-deliver.sh")],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def current(self) -> Path:
        """The current files."""
        return self.path / "current"

    def concurrent(self) -> str:
        """The content of the current configuration."""
        return (self.current / "config.toml").read_text()


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path)


def test_only_root_has_access_to_delivered_files(volume: Volume, shell: list[str]) -> None:
    done = volume.deliver(shell, 4, extra="passwords/legacy")
    assert (done.returncode, done.stdout) == (0, "gitlab-runner-deliver: delivered\n")
    assert volume.concurrent() == CONFIG.format(4)
    assert (volume.current / "passwords/legacy").read_text() == "a password"
    assert str((volume.current / "home/.docker/config.json").readlink()) == "/run/credentials/config.json"
    assert (volume.current / "config.toml").stat().st_mode & 0o777 == 0o600
    for directory in (volume.current, volume.current / "home/.docker"):
        assert directory.stat().st_mode & 0o777 == 0o700


def test_the_configuration_is_newer_than_the_previous_one(volume: Volume, shell: list[str]) -> None:
    volume.deliver(shell, 4)
    before = (volume.current / "config.toml").stat().st_mtime_ns
    volume.deliver(shell, 5)
    assert (volume.current / "config.toml").stat().st_mtime_ns > before > 0


def test_files_are_synced_before_they_become_current(volume: Volume, shell: list[str]) -> None:
    seen = volume.path.parent / "seen"
    volume.commands.add(
        "sync", f"cat {volume.current}/config.toml {volume.path}/version.*/config.toml >{seen}"
    )
    volume.deliver(shell, 4)
    assert seen.read_text() == CONFIG.format(4)


def test_authorities_are_newer_than_the_previous_ones(volume: Volume, shell: list[str]) -> None:
    """The runner reads authorities again only if they are newer: gitlab-runner, network/client.go."""
    volume.deliver(shell, 4, extra="certs/gitlab.example.com.crt")
    assert (volume.current / "certs/gitlab.example.com.crt").stat().st_mtime_ns > 0


def test_files_of_an_interrupted_delivery_are_replaced(volume: Volume, shell: list[str]) -> None:
    (volume.path / "version.of-before").mkdir()
    (volume.path / "current.new").symlink_to("version.of-before")
    assert volume.deliver(shell, 4).returncode == 0
    assert volume.concurrent() == CONFIG.format(4)
    assert sorted(each.name.partition(".")[0] for each in volume.path.iterdir()) == ["current", "version"]


def test_a_delivery_replaces_all_previous_files(volume: Volume, shell: list[str]) -> None:
    volume.deliver(shell, 4, extra="passwords/legacy")
    volume.deliver(shell, 5)
    assert volume.concurrent() == CONFIG.format(5)
    assert not (volume.current / "passwords").exists()
    assert len(list(volume.path.glob("version.*"))) == 1


@pytest.mark.parametrize(
    ("service", "lint", "message"),
    [
        ("exit 0", "exit 1", "gitlab-runner refuses config.toml"),
        (
            "exit 127",
            "exit 0",
            "gitlab-runner-credentials does not run: the manager's image needs python3",
        ),
    ],
)
def test_a_refused_delivery_changes_nothing(
    volume: Volume, shell: list[str], service: str, lint: str, message: str
) -> None:
    volume.deliver(shell, 4)
    volume.lint(lint)
    done = volume.deliver(shell, 5, service=service)
    assert done.returncode == 1
    assert f"gitlab-runner-deliver: {message}; the files of before stay" in done.stderr
    assert "delivered\n" not in done.stdout
    assert volume.concurrent() == CONFIG.format(4)


@pytest.mark.parametrize(
    ("command", "message"),
    [("mktemp", "the volume cannot be written"), ("cp", "the files cannot be written")],
)
def test_a_full_volume_keeps_the_previous_files(
    volume: Volume, shell: list[str], command: str, message: str
) -> None:
    volume.deliver(shell, 4)
    volume.commands.add(command, f'echo "{command}: No space left on device" >&2; exit 1')
    done = volume.deliver(shell, 5)
    assert done.returncode == 1
    assert f"{command}: No space left on device\ngitlab-runner-deliver: {message}; " in done.stderr
    assert volume.concurrent() == CONFIG.format(4)
    assert len(list(volume.path.glob("version.*"))) == 1


@pytest.mark.parametrize("lint", ["exit 0", "exit 1"], ids=["delivered", "refused"])
def test_no_secret_stays_beside_the_volume(volume: Volume, shell: list[str], lint: str) -> None:
    volume.lint(lint)
    volume.deliver(shell, 4, extra="passwords/legacy")
    assert not volume.delivery.exists()


@pytest.mark.parametrize("reads", [True, False])
def test_a_runner_without_lint_reads_the_file(volume: Volume, shell: list[str], reads: bool) -> None:
    says = "Listing configured runners" if reads else "WARNING: decoding configuration file: toml"
    listing = f'echo "{says}" >&2; echo s_1 >"$(dirname "$3")/.runner_system_id"'
    volume.commands.add("gitlab-runner", f"case $1 in lint) exit 1 ;; list) {listing} ;; esac")
    done = volume.deliver(shell, 4)
    assert (done.returncode == 0) is reads
    if reads:
        assert not (volume.current / ".runner_system_id").exists()
    else:
        assert "gitlab-runner refuses config.toml" in done.stderr
