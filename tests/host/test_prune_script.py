"""The real `gitlab-runner-prune` with a stand-in for Docker: what it removes, and when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host.credentials.service import boot_clock

from tests.host.script_host import ScriptHost

MANAGED = "--filter label=com.gitlab.gitlab-runner.managed=true"
DOCKER = """\
case "$1 $2" in
    "info --format") echo /var/lib/docker ;;
    "network ls") [ -z "$(cat {state}/networks)" ] || cat {state}/networks ;;
    "network inspect") printf '"%s"\\n' "$(cat {state}/created-network)" ;;
    "ps --all")
        case "$*" in
            *network=*) cat {state}/in-network ;;
            *) cat {state}/containers; exit "$(cat {state}/status)" ;;
        esac ;;
    "ps --quiet") cat {state}/running ;;
    "container inspect") cat {state}/created-container ;;
    "volume ls") cat {state}/volumes ;;
    "volume inspect") cat {state}/created-volume ;;
esac
"""
IMAGES = "docker image prune --all --force"
OLD_IMAGES = f"{IMAGES} --filter until=24h"


class PrunedHost(ScriptHost):
    """A host whose Docker objects a test sets: at first none, on a disk that is half full."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._state = directory / "docker"
        self._state.mkdir()
        self.commands.add("docker", DOCKER.format(state=self._state))
        self.has(networks="", containers="", volumes="", status="0", used=50)
        self.has(**{"in-network": "", "created-network": "", "created-volume": ""})
        self.has(**{"running": "", "created-container": ""})
        self.runner_started("1")

    def runner_started(self, answer: str) -> None:
        """Set the start of the runner's process as systemd reports it, in microseconds of uptime."""
        asked = "show --property=ExecMainStartTimestampMonotonic --value gitlab-runner"
        self.commands.add("systemctl", f'[ "$*" != "{asked}" ] || echo "{answer}"')

    def has(self, used: int | None = None, inodes: str = "3%", **files: str) -> None:
        for name, text in files.items():
            (self._state / name).write_text(text)
        if used is not None:
            self.commands.add("df", f"printf 'Use%% IUse%%\\n %s%%  %s\\n' {used} {inodes}")

    def removed(self, shell: list[str] | None = None) -> list[str]:
        """Run the script; return its removals after that of stopped containers, which always comes first."""
        self.run("gitlab-runner-prune.sh", shell or ["sh"])
        calls = [each for each in self.commands.calls("docker") if " rm " in each or " prune " in each]
        first, *others = calls
        assert first == f"docker container prune --force {MANAGED} --filter until=24h"
        return others


@pytest.fixture
def host(tmp_path: Path) -> PrunedHost:
    return PrunedHost(tmp_path)


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


def uptime_at(**time: float) -> str:
    """A time in the past as systemd reports it, in microseconds since the boot."""
    return str(int((boot_clock() - timedelta(**time).total_seconds()) * 1_000_000))


@pytest.mark.parametrize(
    ("hours", "containers", "removed"), [(25, "", True), (23, "", False), (25, "a-container\n", False)]
)
def test_a_network_without_a_container_is_removed_after_a_day(
    host: PrunedHost, shell: list[str], hours: int, containers: str, removed: bool
) -> None:
    host.has(**{"networks": "the-network\n", "created-network": ago(hours=hours), "in-network": containers})
    assert host.removed(shell) == (["docker network rm the-network"] if removed else [])
    assert f"docker network ls --quiet --no-trunc {MANAGED}" in host.commands.calls("docker")


LEFT = ["docker rm --force --volumes a-service"]


@pytest.mark.parametrize(
    ("created", "started", "removed"),
    [
        ({"hours": 3}, {"seconds": 9}, LEFT),
        ({"seconds": 9}, {"seconds": 20}, []),
        ({"seconds": 39}, {"seconds": 9}, []),
        ({"seconds": 99}, {"seconds": 9}, LEFT),
    ],
    ids=["before it", "its own", "within a minute", "a minute before it"],
)
def test_a_container_of_a_killed_runner_is_removed(
    host: PrunedHost,
    shell: list[str],
    created: dict[str, float],
    started: dict[str, float],
    removed: list[str],
) -> None:
    host.has(**{"running": "a-service\n", "created-container": ago(**created)})
    host.runner_started(uptime_at(**started))
    assert host.removed(shell) == removed
    assert f"docker ps --quiet --no-trunc {MANAGED}" in host.commands.calls("docker")


@pytest.mark.parametrize("answer", ["", "0", "n/a", "[not set]"])
def test_no_running_container_is_removed_when_the_start_of_the_runner_is_unknown(
    host: PrunedHost, shell: list[str], answer: str
) -> None:
    host.has(**{"running": "a-job\n", "created-container": ago(days=2)})
    host.runner_started(answer)
    assert host.removed(shell) == []


@pytest.mark.parametrize(
    ("used", "networks", "containers", "removed"),
    [
        (69, "", "", []),
        (70, "", "", [IMAGES]),
        (89, "a-network\n", "", []),
        (89, "", "a-container\n", []),
        (90, "a-network\n", "", [OLD_IMAGES]),
        (90, "", "a-container\n", [OLD_IMAGES]),
        (100, "", "", [IMAGES]),
    ],
)
def test_images_are_removed_when_the_disk_fills_up(
    host: PrunedHost, shell: list[str], used: int, networks: str, containers: str, removed: list[str]
) -> None:
    host.has(used, **{"networks": networks, "containers": containers, "created-network": ago(hours=1)})
    assert host.removed(shell) == removed
    assert host.logged() == (
        ["warning: the disk is almost full, and jobs are running: removing what no container uses"]
        if removed == [OLD_IMAGES]
        else []
    )
    assert "df --output=pcent,ipcent /var/lib/docker" in host.commands.calls("df")


@pytest.mark.parametrize(("inodes", "removed"), [("70%", [IMAGES]), ("69%", []), ("-", [])])
def test_a_disk_without_inodes_is_full_too(
    host: PrunedHost, shell: list[str], inodes: str, removed: list[str]
) -> None:
    """Ext4, as on Debian and Ubuntu, has a fixed number, one per 16 KiB. Btrfs reports no number."""
    host.has(50, inodes)
    assert host.removed(shell) == removed


@pytest.mark.parametrize(("days", "removed"), [(7.1, True), (6.9, False)])
def test_a_volume_older_than_a_week_is_removed_with_the_images(
    host: PrunedHost, days: float, removed: bool
) -> None:
    host.has(70, **{"volumes": "the-volume\n", "created-volume": ago(days=days)})
    assert host.removed() == [IMAGES, *(["docker volume rm the-volume"] if removed else [])]
    assert "docker volume ls --quiet --filter dangling=true" in host.commands.calls("docker")


@pytest.mark.parametrize(("used", "removed"), [(90, [OLD_IMAGES, "docker volume rm the-volume"]), (89, [])])
def test_a_host_that_always_has_jobs_removes_volumes_before_its_disk_is_full(
    host: PrunedHost, shell: list[str], used: int, removed: list[str]
) -> None:
    host.has(used, **{"containers": "a-job\n", "volumes": "the-volume\n", "created-volume": ago(days=7.1)})
    assert host.removed(shell) == removed


def test_nothing_but_stopped_containers_is_removed_when_docker_does_not_answer(host: PrunedHost) -> None:
    host.has(100, status="1")
    assert host.removed() == []
