"""The boot of a Debian host, with the real package manager and the real commands that it installs.

Stand-ins are `systemctl`, which writes down what it is asked, gitlab-runner itself, and AWS.
"""

import base64
import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import boto3
import pytest
import yaml
from jsonschema import validate
from pulumi_gitlab_runner.host.files import LINK, HostFile, files_as_json
from pulumi_gitlab_runner.host.user_data import user_data
from pulumi_gitlab_runner.spec.operating_systems import DEBIAN_12

from sandbox.docker import ecr_login
from sandbox.go_toolchain import GoBuildError
from sandbox.paths import sandbox_directory
from sandbox.progress import Progress
from sandbox.services.aws.server import AwsServer
from tests.boot.debian_root import DebianRoot, NoDebianRootError
from tests.boot.packages import publish
from tests.host.aws_group import make_group
from tests.host.instance_metadata import InstanceMetadata
from tests.host.sandbox_host import PARAMETERS, sandbox_files

TOKEN = "glrt-canary-4711"
VERSION = "19.3.0"
KEYS = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
REGION = "eu-west-1"
SERVICE = "/usr/local/sbin/gitlab-runner-credentials"
CONFIG = "/etc/gitlab-runner/config.toml"
SYSTEMCTL = r"""#!/bin/sh
if [ -e /etc/gitlab-runner/config.toml ]; then there=with; else there=without; fi
echo "$* $there config.toml" >>/var/log/systemctl
case "$*" in
*is-active\ gitlab-runner) test -e /usr/bin/gitlab-runner ;;
*is-active*) exit 3 ;;
esac
"""
# Debian's is too old for AWS_ENDPOINT_URL.
AWS = '#!/bin/sh\nexec /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n'
WATCHED = ("etc", "root", "usr", "var/lib/dpkg", "var/lib/gitlab-runner-host")


@dataclass(repr=False)
class Host:
    """A host that boots, in AWS on loopback."""

    root: DebianRoot
    aws: AwsServer
    environment: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """AWS, as an administrator sees it."""
        return boto3.client(service, region_name=REGION, endpoint_url=self.aws.endpoint, **KEYS)  # type: ignore[call-overload]

    def place(self, text: str) -> None:
        """Write the files of user data, as cloud-init does."""
        for file in yaml.safe_load(text)["write_files"]:
            self.root.write(file["path"], file["content"], int(file["permissions"], 8))

    def boot(self, text: str) -> CompletedProcess[str]:
        """Run the commands of user data."""
        (command,) = yaml.safe_load(text)["runcmd"]
        return self.root.run(*command, env=self.environment)

    def store_token(self) -> None:
        """Put the runner's token where the host reads it."""
        self.client("ssm").put_parameter(Name=PARAMETERS.token("build"), Value=TOKEN, Type="SecureString")

    def asked_of_systemd(self) -> list[str]:
        """What `systemctl` was called with so far."""
        log = self.root.path("/var/log/systemctl")
        return log.read_text().splitlines() if log.exists() else []

    def health(self) -> str:
        """How the Auto Scaling group takes the host to be."""
        (group,) = self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        status: str = group["Instances"][0]["HealthStatus"]
        return status

    def tree(self) -> dict[str, tuple[int, int, bytes]]:
        """Every file that a boot may change: its mode, owner and content."""
        found = {}
        for directory in WATCHED:
            for file in self.root.path(directory).rglob("*"):
                if file.is_symlink() or file.is_file():
                    status = file.lstat()
                    found[str(file.relative_to(self.root.directory))] = (
                        status.st_mode,
                        status.st_uid,
                        str(file.readlink()).encode() if file.is_symlink() else file.read_bytes(),
                    )
        return found


@dataclass(repr=False)
class Boots:
    """A host that was booted three times: without its token, with it, and once more."""

    host: Host
    user_data: str
    failed: CompletedProcess[str]
    after_failure: list[str]
    health_after_failure: str
    runner_after_failure: bool
    done: CompletedProcess[str]
    asked: list[str]
    tree: dict[str, tuple[int, int, bytes]]
    again: CompletedProcess[str]
    tree_again: dict[str, tuple[int, int, bytes]]


@pytest.fixture(scope="module")
def boots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    directory = tmp_path_factory.mktemp("boot")
    try:
        root = DebianRoot(sandbox_directory() / "debian-12", directory / "root")
    except NoDebianRootError as reason:
        pytest.skip(f"no Debian root: {reason}")
    with AwsServer() as aws, InstanceMetadata(directory / "metadata") as metadata:
        host = Host(root, aws)
        _furnish(host, metadata, directory)
        text = user_data(
            bucket="the-bucket",
            key="build/files.json",
            region=REGION,
            tokens=PARAMETERS.tokens,
            runner_version=VERSION,
            operating_system=DEBIAN_12,
        )
        host.place(text)
        failed = host.boot(text)
        after_failure = host.asked_of_systemd()
        health_after_failure = host.health()
        runner_after_failure = root.path("/usr/bin/gitlab-runner").exists()
        root.path("/var/log/systemctl").unlink()
        host.store_token()
        done = host.boot(text)
        asked, tree = host.asked_of_systemd(), host.tree()
        again = host.boot(text)
        yield Boots(
            host, text, failed, after_failure, health_after_failure, runner_after_failure,
            done, asked, tree, again, host.tree(),
        )  # fmt: skip


def _furnish(host: Host, metadata: InstanceMetadata, directory: Path) -> None:
    host.root.write("/usr/bin/systemctl", SYSTEMCTL, 0o755)
    host.root.write("/usr/local/bin/aws", AWS, 0o755)
    host.root.write("/usr/local/bin/docker", "#!/bin/sh\n", 0o755)  # its daemon does not run here
    host.root.write("/usr/local/bin/sleep", "#!/bin/sh\n", 0o755)  # time passes quickly here
    fingerprint = publish(host.root.path("/srv/packages"), VERSION, directory / "gnupg")
    host.client("s3").create_bucket(
        Bucket="the-bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    files = files_as_json(sandbox_files())
    host.client("s3").put_object(Bucket="the-bucket", Key="build/files.json", Body=files.encode())
    (instance,) = make_group(host.client("autoscaling"), 1)
    metadata.set("instance-id", instance)
    host.environment = {
        **{name.upper(): value for name, value in KEYS.items()},
        "AWS_ENDPOINT_URL": host.aws.endpoint,
        "RUNNER_HOST_IMDS": metadata.endpoint,
        "RUNNER_HOST_CONSOLE": "/var/log/console",
        "RUNNER_HOST_PACKAGES_URL": "file:///srv/packages",
        "RUNNER_HOST_PACKAGES_KEY": fingerprint,
    }


def test_a_boot_that_fails_says_so_and_has_the_host_replaced(boots: Boots) -> None:
    assert boots.failed.returncode == 1
    assert f"{PARAMETERS.token('build')}, cannot be read" in boots.failed.stderr
    assert "applying this host's files: failed for good" in boots.failed.stderr
    console = boots.host.root.path("/var/log/console").read_text()
    assert console == "gitlab-runner-boot: applying this host's files: failed for good\n"
    assert boots.health_after_failure == "Unhealthy"


def test_no_runner_starts_half_configured(boots: Boots) -> None:
    assert not boots.runner_after_failure
    assert [call for call in boots.after_failure if "gitlab-runner" in call and "disable" not in call] == []


def test_a_boot_succeeds(boots: Boots) -> None:
    assert (boots.done.returncode, boots.done.stderr.splitlines()[-1]) == (0, "gitlab-runner-boot: ready")


def test_every_file_is_as_rendered(boots: Boots) -> None:
    rendered = sandbox_files(token=TOKEN)
    assert {path: boots.tree[path] for path in rendered} == {
        path: (_mode(file), 0, file.content.encode()) for path, file in rendered.items()
    }


def _mode(file: HostFile) -> int:
    return stat.S_IFLNK | 0o777 if file.mode == LINK else stat.S_IFREG | int(file.mode, 8)


def test_the_token_is_nowhere_else(boots: Boots) -> None:
    assert [path for path, (_, _, content) in boots.tree.items() if TOKEN.encode() in content] == [CONFIG[1:]]
    assert TOKEN not in boots.done.stdout + boots.done.stderr


def test_the_runner_starts_when_it_is_configured(boots: Boots) -> None:
    starts = [call for call in boots.asked if call.startswith(("start gitlab-runner ", "enable"))]
    assert starts == [
        "enable --now --no-block gitlab-runner-credentials.service with config.toml",
        "enable --now gitlab-runner-logs.timer with config.toml",
        "enable --now gitlab-runner-drain.service with config.toml",
        "enable --now docker with config.toml",
        "start gitlab-runner with config.toml",
        (
            "enable --now --no-block gitlab-runner gitlab-runner-apply.timer gitlab-runner-health.timer "
            "gitlab-runner-prune.timer gitlab-runner-renew.timer with config.toml"
        ),
    ]


def test_the_packages_are_there_at_their_version(boots: Boots) -> None:
    names = [
        "gitlab-runner",
        "gitlab-runner-helper-images",
        "docker.io",
        "jq",
        "amazon-ecr-credential-helper",
    ]
    shown = boots.host.root.run(
        "dpkg-query", "--show", "--showformat=${Package} ${Version} ${Status}\n", *names
    )
    lines = shown.stdout.splitlines()
    assert len(lines) == len(names)
    assert all(line.endswith("install ok installed") for line in lines)
    assert {line.split()[1] for line in lines if line.startswith("gitlab-runner")} == {f"{VERSION}-1"}


def test_no_upgrade_comes_by_itself(boots: Boots) -> None:
    shown = boots.host.root.run("apt-config", "dump", "APT::Periodic::Enable").stdout
    assert shown == 'APT::Periodic::Enable "0";\n'


def test_a_second_boot_changes_nothing(boots: Boots) -> None:
    assert boots.again.returncode == 0
    changed = {path for path in boots.tree.keys() | boots.tree_again.keys()
               if boots.tree.get(path) != boots.tree_again.get(path)}  # fmt: skip
    assert changed == set()


def test_what_is_installed_has_the_credentials_of_ecr(boots: Boots) -> None:
    try:
        helper = ecr_login.obtain(sandbox_directory() / "ecr-login", Progress())
    except GoBuildError as reason:
        pytest.skip(f"no credential helper of ECR: {reason}")
    installed = boots.host.root.path("/usr/bin/docker-credential-ecr-login")
    assert installed.exists()
    installed.write_bytes(helper.read_bytes())  # Debian's is too old for AWS_ENDPOINT_URL
    boots.host.root.run(SERVICE, "once", env=boots.host.environment)
    host = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
    config = json.loads(boots.host.root.path("/run/gitlab-runner-credentials/config.json").read_text())
    assert base64.b64decode(config["auths"][host]["auth"]).decode() == "AWS:123456789012-auth-token"


def test_cloud_inits_own_schema_takes_the_user_data(boots: Boots) -> None:
    root = boots.host.root
    root.run(
        "sh",
        "-ec",
        "cd /tmp; apt-get download -qq cloud-init; dpkg-deb -x cloud-init_*.deb cloud-init",
        check=True,
    )
    (schema,) = root.path("/tmp/cloud-init").rglob("schema-cloud-config-v1.json")
    validate(yaml.safe_load(boots.user_data), json.loads(schema.read_text()))
    with pytest.raises(Exception, match="is not of type"):
        validate({"runcmd": "no list"}, json.loads(schema.read_text()))
