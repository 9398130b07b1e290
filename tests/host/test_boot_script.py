"""`gitlab-runner-boot` with stand-ins for packages: the order of its steps, and what it does when one fails.

`tests/boot/` runs it in a Debian root with the real package manager.
"""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.host.instance_metadata import InstanceMetadata, Metadata
from tests.host.script_host import SCRIPTS, ScriptHost

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

UNITS = (
    "gitlab-runner gitlab-runner-apply.timer gitlab-runner-health.timer gitlab-runner-prune.timer "
    "gitlab-runner-renew.timer"
)
ORDER = [
    "dnf install -y -q awscli-2 jq amazon-ecr-credential-helper",
    "gitlab-runner-apply ",
    "systemctl enable --now --no-block gitlab-runner-credentials.service",
    "systemctl enable --now gitlab-runner-logs.timer",
    "systemctl enable --now gitlab-runner-drain.service",
    "dnf install -y -q docker",
    "systemctl enable --now docker",
    "dnf install -y -q gitlab-runner-19.3.0-1 gitlab-runner-helper-images-19.3.0-1",
    f"systemctl enable --now --no-block {UNITS}",
]
CHECKED = ["sleep 10", "systemctl --quiet is-active gitlab-runner", "docker version"]
HOOK = (
    "--instance-id i-0123456789abcdef0 --lifecycle-hook-name the-launch-hook "
    "--auto-scaling-group-name the-group"
)
HEARTBEAT = f"aws --region eu-west-1 autoscaling record-lifecycle-action-heartbeat {HOOK}"
COMPLETE = f"aws --region eu-west-1 autoscaling complete-lifecycle-action {HOOK} --lifecycle-action-result"
READY = ["gitlab-runner-health ", f"{COMPLETE} CONTINUE"]
STOPPED = "systemctl disable --now gitlab-runner gitlab-runner-apply.timer"
UNHEALTHY = "aws --region eu-west-1 autoscaling set-instance-health"


class BootingHost(ScriptHost):
    """An Amazon Linux host."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        values = Metadata(directory / "values").of_the_group()
        self.console = directory / "console"
        self.environment |= {
            "RUNNER_HOST_IMDS": values.endpoint,
            "RUNNER_HOST_CONSOLE": str(self.console),
            "RUNNER_HOST_INSTALLER": str(SCRIPTS / "gitlab-runner-packages-dnf.sh"),
        }
        ours = ("gitlab-runner-apply", "gitlab-runner-health")
        for command in (*ours, "aws", "dnf", "docker", "shutdown", "sleep", "systemctl"):
            self.commands.add(command, "")
        self.commands.add("rpm", "exit 1")
        self.commands.add("curl", values.curl, recorded=False)

    def boot(self, shell: list[str]) -> tuple[int, list[str]]:
        """Run the script; return its exit status and its calls, without the journal and the heartbeats."""
        status = self.run("gitlab-runner-boot.sh", shell).returncode
        besides = ("logger ", "rpm ", HEARTBEAT)
        return status, [call for call in self.commands.calls() if not call.startswith(besides)]


@pytest.fixture
def host(tmp_path: Path) -> BootingHost:
    return BootingHost(tmp_path)


def test_gitlab_runner_starts_last(host: BootingHost, metadata: InstanceMetadata, shell: list[str]) -> None:
    host.commands.remove("curl")
    host.environment["RUNNER_HOST_IMDS"] = metadata.endpoint
    assert host.boot(shell) == (0, [*ORDER, *CHECKED, *READY])
    assert host.logged()[-1] == "info: ready"


def test_each_attempt_sends_a_heartbeat(host: BootingHost, shell: list[str]) -> None:
    mark = host.root / "tried"
    host.commands.add("gitlab-runner-apply", f'[ -e "{mark}" ] || {{ touch "{mark}"; exit 1; }}')
    host.boot(shell)
    assert host.commands.calls("aws").count(HEARTBEAT) == len(ORDER) + 2


@pytest.mark.parametrize(
    ("command", "body"), [("systemctl", 'case "$*" in *is-active*) exit 3 ;; esac'), ("docker", "exit 1")]
)
def test_a_host_is_not_ready_before_its_runner_and_docker_run(
    host: BootingHost, shell: list[str], command: str, body: str
) -> None:
    host.commands.add(command, body)
    status, calls = host.boot(shell)
    assert (status, calls[-1]) == (1, f"{COMPLETE} ABANDON")
    assert f"{COMPLETE} CONTINUE" not in calls


def test_a_manager_that_waits_for_its_turn_is_ready(host: BootingHost, shell: list[str]) -> None:
    """The previous manager ends its jobs only when this one is in service."""
    host.commands.add("systemctl", 'case "$*" in *is-active*) exit 3 ;; esac')
    (host.root / "run/gitlab-runner-waiting").touch()
    status, calls = host.boot(shell)
    assert (status, calls[-2:]) == (0, READY)


def test_a_call_to_a_group_that_does_not_answer_is_retried(host: BootingHost, shell: list[str]) -> None:
    """The group ends a host that does not report; the journal of the host does not say that it is ready."""
    host.commands.add("aws", 'echo "aws: no connection" >&2; exit 254')
    status, calls = host.boot(shell)
    tried = [(f"{COMPLETE} CONTINUE", f"sleep {pause}") for pause in (5, 15, 45, 0)]
    assert (status, calls[-8:]) == (1, [call for attempt in tried for call in attempt])
    assert "info: ready" not in host.logged()
    assert host.logged()[-1].startswith("err: ")
    assert host.logged()[-1].endswith(", and replaces this host: aws: no connection")


def test_a_retried_call_completes_the_launch(host: BootingHost, shell: list[str]) -> None:
    mark = host.root / "tried"
    once = f'[ -e "{mark}" ] || {{ touch "{mark}"; exit 254; }}'
    host.commands.add("aws", f'case "$*" in *complete-lifecycle-action*) {once} ;; esac')
    status, calls = host.boot(shell)
    assert (status, calls.count(f"{COMPLETE} CONTINUE")) == (0, 2)
    assert host.logged()[-1] == "info: ready"


def test_a_host_that_is_in_service_already_is_ready(host: BootingHost, shell: list[str]) -> None:
    """At a second run, there is no lifecycle action to complete."""
    host.commands.add(
        "aws",
        'echo "An error occurred (ValidationError) when calling the CompleteLifecycleAction operation: '
        'No active Lifecycle Action found with instance ID i-0123456789abcdef0" >&2; exit 254',
    )
    status, calls = host.boot(shell)
    assert (status, calls.count(f"{COMPLETE} CONTINUE")) == (0, 1)
    assert host.logged()[-1] == "info: ready"


def test_authorities_and_the_proxy_are_configured_before_any_download(
    host: BootingHost, shell: list[str]
) -> None:
    environment = host.root / "etc/gitlab-runner/environment"
    environment.write_text("HTTPS_PROXY=http://proxy:3128\nAWS_CA_BUNDLE=/bundle\n")
    host.commands.add("update-ca-trust", "")
    host.commands.add("dnf", 'test "$HTTPS_PROXY" = http://proxy:3128')
    agents = "amazon-ssm-agent snap.amazon-ssm-agent.amazon-ssm-agent"
    restart = f"systemctl --no-block try-restart {agents}"
    assert host.boot(shell) == (
        0,
        ["update-ca-trust ", *ORDER[:2], restart, *ORDER[2:], *CHECKED, *READY],
    )


def test_packages_of_the_machine_image_are_not_installed_again(host: BootingHost, shell: list[str]) -> None:
    host.commands.add("rpm", "")
    configured = [call for call in ORDER if not call.startswith("dnf ")]
    assert host.boot(shell) == (0, [*configured, *CHECKED, *READY])
    assert host.commands.calls("rpm") == [
        "rpm --quiet -q awscli-2 jq amazon-ecr-credential-helper",
        "rpm --quiet -q docker",
        "rpm --quiet -q gitlab-runner-19.3.0-1 gitlab-runner-helper-images-19.3.0-1",
    ]


def test_another_version_of_the_runner_is_installed(host: BootingHost, shell: list[str]) -> None:
    host.commands.add("rpm", 'case "$*" in *gitlab-runner*) exit 1 ;; esac')
    status, calls = host.boot(shell)
    assert (status, [call for call in calls if call.startswith("dnf ")]) == (0, [ORDER[7]])


def test_a_failed_step_is_retried(host: BootingHost, shell: list[str]) -> None:
    mark = host.root / "tried"
    host.commands.add("gitlab-runner-apply", f'[ -e "{mark}" ] || {{ touch "{mark}"; exit 1; }}')
    status, calls = host.boot(shell)
    assert (status, [call for call in calls if call != "sleep 5"]) == (
        0,
        [*ORDER[:2], *ORDER[1:], *CHECKED, *READY],
    )
    assert "warning: applying this host's files: failed with exit status 1" in host.logged()


@pytest.mark.parametrize("failing", range(len(ORDER)))
def test_a_step_that_keeps_failing_ends_the_boot(host: BootingHost, failing: int) -> None:
    command, _, arguments = ORDER[failing].partition(" ")
    host.commands.add(command, f'[ "$*" != "{arguments}" ]')
    status, calls = host.boot(["sh"])
    assert status == 1
    assert calls[:failing] == ORDER[:failing]
    tried = [(ORDER[failing], f"sleep {pause}") for pause in (5, 15, 45, 0)]
    assert calls[failing:-3] == [call for attempt in tried for call in attempt]
    assert calls[-3:] == [STOPPED, "sleep 300", f"{COMPLETE} ABANDON"]
    assert host.console.read_text().endswith(": failed for good\n")
    assert any(line.startswith("err: ") and "gitlab-runner is not started" in line for line in host.logged())


def test_a_host_in_service_requests_its_replacement(host: BootingHost, shell: list[str]) -> None:
    host.commands.add("dnf", "exit 1")
    host.commands.add("aws", 'case "$*" in *complete-lifecycle-action*) exit 254 ;; esac')
    status, calls = host.boot(shell)
    assert status == 1
    assert calls[-1].startswith(UNHEALTHY)


def test_a_host_that_cannot_request_its_replacement_shuts_down(host: BootingHost, shell: list[str]) -> None:
    host.commands.add("dnf", "exit 1")
    host.commands.remove("aws")
    host.environment["PATH"] = str(host.commands.directory)
    status, calls = host.boot(shell)
    assert status == 1
    assert calls[-1] == "shutdown -h now"


def installing(function: str, host: BootingHost, shell: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a function of the installer for Debian and Ubuntu."""
    program = f'root="{host.root}"; . "{SCRIPTS}/gitlab-runner-packages-apt.sh"; {function}'
    return subprocess.run(
        [*shell, "-c", program], env=host.environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_apts_daily_work_ends_before_packages_are_installed(host: BootingHost, shell: list[str]) -> None:
    """It holds the locks of the lists and of the archives, for which apt-get does not wait (apt 2.6)."""
    (host.root / "etc/apt/apt.conf.d").mkdir(parents=True)
    working = host.root / "working"
    working.touch()
    host.commands.add("systemctl", f'[ "$*" != "stop apt-daily.service" ] || rm -f "{working}"')
    host.commands.add("apt-get", f'[ ! -e "{working}" ] || {{ echo "E: Could not get lock" >&2; exit 100; }}')
    host.commands.add("aws", "echo aws-cli/2.36.40")
    host.commands.add("dpkg-query", "exit 1")
    done = installing("install_tools", host, shell)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("function", ["install_aws", "fetch_key"])
def test_a_stalled_download_times_out(host: BootingHost, shell: list[str], function: str) -> None:
    for command in ("apt-get", "gpg", "gpgv", "unzip"):
        host.commands.add(command, "")
    host.commands.add("curl", "exit 28")
    assert installing(f"keyring={host.root}/keys/key; {function}", host, shell).returncode != 0
    assert host.commands.calls("curl")
    assert all(" --connect-timeout 20 --speed-time 30 " in call for call in host.commands.calls("curl"))


APT = "apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends --allow-downgrades"


@pytest.mark.skipif(not Path("/etc/os-release").exists(), reason="there is no /etc/os-release")
@pytest.mark.parametrize(
    ("status", "wanted", "installed"),
    [
        ("install ok installed=19.3.0-1", "gitlab-runner=19.3.0-1", False),
        ("install ok installed=19.3.0-1", "gitlab-runner=19.3.0-10", True),
        ("install ok installed=19.4.0-1", "gitlab-runner=19.3.0-1", True),
        ("install ok installed=1.7.1-2", "jq", False),
        ("deinstall ok config-files=1.7.1-2", "jq", True),
        ("", "jq", True),
    ],
)
def test_installed_debian_packages_are_not_installed_again(
    host: BootingHost, shell: list[str], status: str, wanted: str, installed: bool
) -> None:
    host.commands.add("apt-get", "")
    host.commands.add("dpkg-query", f"printf '%s' '{status}'" if status else "exit 1")
    assert installing(f"install_packages {wanted}", host, shell).returncode == 0
    asked = f"dpkg-query --show --showformat=${{Status}}=${{Version}} {wanted.partition('=')[0]}"
    assert host.commands.calls() == [asked, *([f"{APT} {wanted}"] if installed else [])]


GPG = ("gpg", "gpgv", "unzip")
AWS_INSTALLER = '#!/bin/sh\necho "$*" >"$INSTALLED"\n'


@pytest.mark.skipif(not all(map(shutil.which, GPG)), reason=f"not installed: one of {', '.join(GPG)}")
class TestAwsCli:
    """Ubuntu has no package of the AWS CLI: the archive is AWS's own, and its signature is checked."""

    @pytest.fixture
    def served(self, tmp_path: Path) -> Path:
        """The archive, signed by a key of the test, and that key."""
        served = tmp_path / "served"
        served.mkdir()
        archive = served / f"aws-{os.uname().machine}-2.36.40.zip"
        with zipfile.ZipFile(archive, "w") as content:
            installer = zipfile.ZipInfo("aws/install")
            installer.external_attr = 0o755 << 16
            content.writestr(installer, AWS_INSTALLER)
        home = tmp_path / "gnupg"
        home.mkdir(mode=0o700)

        def gpg(*arguments: str) -> None:
            command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", "", *arguments]
            subprocess.run(command, check=True, capture_output=True, timeout=60)

        try:
            gpg("--quick-generate-key", "test@example.com", "ed25519", "sign")
            gpg("--armor", "--output", str(served / "key.asc"), "--export")
            gpg("--output", f"{archive}.sig", "--detach-sign", str(archive))
        finally:
            subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, timeout=60)
        return served

    def _install(self, host: BootingHost, served: Path, shell: list[str]) -> str | None:
        """Install the AWS CLI; return the arguments of its installer, if it was called."""
        installed = host.root / "installed"
        host.commands.add("apt-get", "")
        host.commands.remove("curl")
        host.environment |= {
            "RUNNER_HOST_AWS_CLI_URL": f"file://{served}/aws",
            "RUNNER_HOST_AWS_CLI_KEY": str(served / "key.asc"),
            "INSTALLED": str(installed),
            "HOME": str(host.root),
        }
        done = installing("install_aws", host, shell)
        assert (done.returncode == 0) == installed.exists()
        return installed.read_text() if installed.exists() else None

    def test_it_is_installed_where_the_credential_helper_finds_it(
        self, host: BootingHost, served: Path, shell: list[str]
    ) -> None:
        assert self._install(host, served, shell) == "--update --bin-dir /usr/bin\n"

    def test_an_archive_that_does_not_match_its_signature_is_refused(
        self, host: BootingHost, served: Path, shell: list[str]
    ) -> None:
        (archive,) = served.glob("*.zip")
        with zipfile.ZipFile(archive, "a") as content:
            content.writestr("aws/more", "")
        assert self._install(host, served, shell) is None


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
def test_the_key_has_the_fingerprint_that_aws_documents(tmp_path: Path) -> None:
    """docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"""
    shown = subprocess.run(
        ["gpg", "--homedir", str(tmp_path), "--show-keys", "--with-colons", str(SCRIPTS / "aws-cli.asc")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    fingerprints = [line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr:")]
    assert fingerprints == ["FB5DB77FD5C118B80511ADA8A6310ACC4672475C"]
