"""The rules of `gitlab-runner-firewall`; `tests/docker/test_metrics_reach.py` tests their effect."""

from pathlib import Path

import pytest

from tests.host.script_host import ScriptHost

REJECT = "-j REJECT --reject-with tcp-reset"
# Keeps the rules in a file; -C fails for a missing rule.
IPTABLES = """
shift 2
case $1 in
    -n | -N) exit 0 ;;
    -C) shift; grep -qxF -e "$0 $*" "$RULES" ;;
    -I) shift; echo "$0 $*" >>"$RULES" ;;
esac
"""


class Host(ScriptHost):
    """A host whose packet filter is a file."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._rules = directory / "rules"
        self._rules.touch()
        self.environment["RULES"] = str(self._rules)
        for name in ("iptables", "ip6tables"):
            self.commands.add(name, IPTABLES)

    def rules(self) -> list[str]:
        prefix = f"{self.commands.directory}/"
        return [each.removeprefix(prefix) for each in self._rules.read_text().splitlines()]

    def serve(self, port: str) -> None:
        """Set the port at which others reach the metrics."""
        reporting = self.root / "etc/gitlab-runner/reporting"
        reporting.write_text(f"LOG_GROUP=\nHEALTH_OF=\nMETRICS_PORT={port}\n")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def refused(command: str, chain: str, port: str) -> list[str]:
    return [f"{command} {chain} -i {bridge} -p tcp --dport {port} {REJECT}" for bridge in ("docker0", "br-+")]


def test_jobs_reach_the_metrics_of_no_other_host(host: Host, shell: list[str]) -> None:
    assert host.run("gitlab-runner-firewall.sh", shell).returncode == 0
    assert host.rules() == refused("iptables", "DOCKER-USER", "9252")


def test_jobs_do_not_reach_the_metrics_of_their_own_host(host: Host, shell: list[str]) -> None:
    host.serve("9999")
    assert host.run("gitlab-runner-firewall.sh", shell).returncode == 0
    assert host.rules() == [
        *refused("iptables", "INPUT", "9999"),
        *refused("ip6tables", "INPUT", "9999"),
        *refused("iptables", "DOCKER-USER", "9252"),
        *refused("iptables", "DOCKER-USER", "9999"),
    ]


def test_a_second_run_changes_nothing(host: Host, shell: list[str]) -> None:
    host.serve("9252")
    host.run("gitlab-runner-firewall.sh", shell)
    before = host.rules()
    assert host.run("gitlab-runner-firewall.sh", shell).returncode == 0
    assert host.rules() == before


@pytest.mark.parametrize(("command", "over"), [("iptables", ""), ("ip6tables", " over IPv6")])
def test_a_runner_with_metrics_does_not_start_without_the_rules(
    host: Host, shell: list[str], command: str, over: str
) -> None:
    host.serve("9252")
    host.commands.add(command, "exit 4")
    assert host.run("gitlab-runner-firewall.sh", shell).returncode == 1
    assert host.logged() == [
        f"err: jobs cannot be kept from this host's metrics{over}; gitlab-runner does not start"
    ]


def test_a_runner_without_metrics_starts_without_the_rules(host: Host, shell: list[str]) -> None:
    host.commands.add("iptables", "exit 4")
    assert host.run("gitlab-runner-firewall.sh", shell).returncode == 0
    assert host.logged()[-1].startswith("warning: jobs cannot be kept from the metrics of other hosts")


def test_the_chain_is_created_before_docker_starts(host: Host) -> None:
    host.commands.add("iptables", 'case "$*" in *-L*) exit 1 ;; esac')
    assert host.run("gitlab-runner-firewall.sh", ["sh"]).returncode == 0
    assert "iptables -w 30 -N DOCKER-USER" in host.commands.calls("iptables")
