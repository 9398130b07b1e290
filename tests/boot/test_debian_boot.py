"""The boot of a Debian host, with the real package manager and the real commands that it installs.

Stand-ins are `systemctl`, which logs its arguments, gitlab-runner itself, and AWS.
"""

import base64
import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from subprocess import CompletedProcess

import pytest
import yaml
from jsonschema import validate
from pulumi_gitlab_runner.host.files import LINK, HostFile

from sandbox.docker import ecr_login
from sandbox.go_toolchain import GoBuildError
from sandbox.paths import sandbox_directory
from sandbox.progress import Progress
from sandbox.services.aws.server import AwsServer
from tests.boot.debian_host import REGION, TOKEN, USER_DATA, VERSION, Host, boot_seconds, furnish
from tests.boot.debian_root import DebianRoot, NoDebianRootError
from tests.host.instance_metadata import InstanceMetadata
from tests.host.sandbox_host import PARAMETERS, sandbox_files

SERVICE = "/usr/local/sbin/gitlab-runner-credentials"
CONFIG = "/etc/gitlab-runner/config.toml"
WATCHED = ("etc", "root", "usr", "var/lib/dpkg", "var/lib/gitlab-runner-host")
Tree = dict[str, tuple[int, int, bytes]]
"""Every file that a boot may change: its mode, owner and content."""


def tree_of(root: DebianRoot) -> Tree:
    """Every file that a boot may change."""
    found = {}
    for directory in WATCHED:
        for file in root.path(directory).rglob("*"):
            if file.is_symlink() or file.is_file():
                status = file.lstat()
                found[str(file.relative_to(root.directory))] = (
                    status.st_mode,
                    status.st_uid,
                    str(file.readlink()).encode() if file.is_symlink() else file.read_bytes(),
                )
    return found


@dataclass(repr=False)
class Boots:
    """A host that was booted without its token, with it, a third time, and from a machine image of it."""

    host: Host
    failed: CompletedProcess[str]
    after_failure: list[str]
    health_after_failure: str
    runner_after_failure: bool
    done: CompletedProcess[str]
    calls: list[str]
    said: list[tuple[float, str]]
    tree: Tree
    again: CompletedProcess[str]
    tree_again: Tree
    built: CompletedProcess[str]
    image: Tree
    from_image: CompletedProcess[str]
    said_from_image: list[tuple[float, str]]
    tree_from_image: Tree


@pytest.fixture(scope="module")
def boots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    directory = tmp_path_factory.mktemp("boot")
    try:
        root = DebianRoot(sandbox_directory() / "debian-12", directory / "root")
    except NoDebianRootError as reason:
        pytest.skip(f"no Debian root: {reason}")
    with AwsServer() as aws, InstanceMetadata(directory / "metadata") as metadata:
        host = Host(root, aws)
        furnish(host, metadata, directory)
        host.place()
        failed = host.boot()
        after_failure = host.systemctl_calls()
        health_after_failure = host.health()
        runner_after_failure = root.path("/usr/bin/gitlab-runner").exists()
        root.path("/var/log/systemctl").unlink()
        host.store_token()
        done = host.boot()
        calls, said, tree = host.systemctl_calls(), host.said(), tree_of(root)
        again = host.boot()
        tree_again = tree_of(root)
        host.forget_its_stack()
        built = host.build_image()
        image = tree_of(root)
        host.place()
        # A machine image has all packages: none may be fetched.
        root.write("/usr/local/bin/apt-get", "#!/bin/sh\nexit 1\n", 0o755)
        from_image = host.boot()
        root.path("/usr/local/bin/apt-get").unlink()
        yield Boots(
            host, failed, after_failure, health_after_failure, runner_after_failure,
            done, calls, said, tree, again, tree_again,
            built, image, from_image, host.said(), tree_of(root),
        )  # fmt: skip


def test_a_failed_boot_is_reported_and_makes_the_host_unhealthy(boots: Boots) -> None:
    assert boots.failed.returncode == 1
    assert f"{PARAMETERS.token('build')}, cannot be read" in boots.failed.stderr
    assert "applying this host's files: failed for good" in boots.failed.stderr
    console = boots.host.root.path("/var/log/console").read_text()
    assert console == "gitlab-runner-boot: applying this host's files: failed for good\n"
    assert boots.health_after_failure == "Unhealthy"


def test_no_runner_starts_without_its_configuration(boots: Boots) -> None:
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


def test_the_token_is_only_in_config_toml(boots: Boots) -> None:
    assert [path for path, (_, _, content) in boots.tree.items() if TOKEN.encode() in content] == [CONFIG[1:]]
    assert TOKEN not in boots.done.stdout + boots.done.stderr


def test_the_runner_starts_when_it_is_configured(boots: Boots) -> None:
    starts = [call for call in boots.calls if call.startswith(("start gitlab-runner ", "enable"))]
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


def test_the_packages_are_installed_at_their_version(boots: Boots) -> None:
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


def test_automatic_upgrades_are_disabled(boots: Boots) -> None:
    shown = boots.host.root.run("apt-config", "dump", "APT::Periodic::Enable").stdout
    assert shown == 'APT::Periodic::Enable "0";\n'


def test_a_second_boot_changes_nothing(boots: Boots) -> None:
    assert boots.again.returncode == 0
    changed = {path for path in boots.tree.keys() | boots.tree_again.keys()
               if boots.tree.get(path) != boots.tree_again.get(path)}  # fmt: skip
    assert changed == set()


def test_an_image_has_packages_and_no_configuration(boots: Boots) -> None:
    assert (boots.built.returncode, boots.built.stderr) == (0, "")
    assert "usr/bin/gitlab-runner" in boots.image
    assert boots.image.keys() & sandbox_files().keys() == set()


def test_a_host_from_the_image_has_the_same_files(boots: Boots) -> None:
    assert (boots.from_image.returncode, boots.from_image.stderr.splitlines()[-1]) == (
        0,
        "gitlab-runner-boot: ready",
    )
    of_the_image = {"etc/gitlab-runner-image", "usr/local/sbin/gitlab-runner-image", "usr/local/bin/apt-get"}
    differing = {
        path
        for path in boots.tree.keys() | boots.tree_from_image.keys()
        if boots.tree.get(path) != boots.tree_from_image.get(path)
    }
    assert differing - of_the_image == set()


def test_a_host_from_the_image_boots_three_times_as_fast(boots: Boots) -> None:
    """A fresh machine installs the tools in the first boot, which fails, and the rest in the second one."""
    (tools, _), (applying, _) = boots.said[:2]
    without = applying - tools + boot_seconds(boots.said, "applying this host's files")
    with_image = boot_seconds(boots.said_from_image)
    print(f"boot_with_image_ratio: {without:.1f} s / {with_image:.1f} s = {without / with_image:.1f}")
    assert without / with_image >= 3


def test_the_installed_service_has_the_credentials_of_ecr(boots: Boots) -> None:
    try:
        helper = ecr_login.obtain(sandbox_directory() / "ecr-login", Progress())
    except GoBuildError as reason:
        pytest.skip(f"no credential helper of ECR: {reason}")
    installed = boots.host.root.path("/usr/bin/docker-credential-ecr-login")
    assert installed.exists()
    installed.write_bytes(helper.read_bytes())  # Debian's version is too old for AWS_ENDPOINT_URL
    boots.host.root.run(SERVICE, "once", env=boots.host.environment)
    host = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
    config = json.loads(boots.host.root.path("/run/gitlab-runner-credentials/config.json").read_text())
    assert base64.b64decode(config["auths"][host]["auth"]).decode() == "AWS:123456789012-auth-token"


def test_the_user_data_matches_the_schema_of_cloud_init(boots: Boots) -> None:
    root = boots.host.root
    root.run(
        "sh",
        "-ec",
        "cd /tmp; apt-get download -qq cloud-init; dpkg-deb -x cloud-init_*.deb cloud-init",
        check=True,
    )
    (schema,) = root.path("/tmp/cloud-init").rglob("schema-cloud-config-v1.json")
    validate(yaml.safe_load(USER_DATA), json.loads(schema.read_text()))
    with pytest.raises(Exception, match="is not of type"):
        validate({"runcmd": "no list"}, json.loads(schema.read_text()))
