"""The boot of a Debian host that reaches other networks only through an HTTP proxy.

Its network has only loopback; the proxy, which listens there, connects from outside of it.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from subprocess import CompletedProcess

import pytest
from pulumi_gitlab_runner.host.files import files_as_json, host_files, runner_numbers
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.host.surroundings import first_boot_files
from pulumi_gitlab_runner.host.user_data import user_data
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.operating_systems import DEBIAN_12

from sandbox.paths import sandbox_directory
from sandbox.services.aws.server import AwsServer
from tests.authorities import pem
from tests.boot.debian_host import AWS, KEYS, REGION, SYSTEMCTL, TOKEN, VERSION, Host
from tests.boot.debian_root import DebianRoot, NoDebianRootError
from tests.boot.packages import publish
from tests.boot.test_debian_boot import SERVICE
from tests.host.aws_group import make_group
from tests.proxied_network import PORT, ProxiedNetwork
from tests.spec.declaration import ENVIRONMENT

URL = f"http://127.0.0.1:{PORT}"

AWS_ADDRESS, PACKAGES_ADDRESS = "198.51.100.7", "198.51.100.8"
PARAMETERS = HostParameters("/gitlab-runner/sandbox/build")
DECLARATION = {
    "gitlab_url": "https://gitlab.example.com",
    "registries": {
        "legacy": {
            "host": "registry.example.com:5000",
            "static": {"username": "me", "password": "canary-of-the-password"},
        }
    },
    "runners": {"build": {"group": 42, "registries": ["legacy"], "host": {"os": "debian-12"}}},
    "proxy": {"http": URL, "no_proxy": ["gitlab.example.com"]},
    "certificate_authorities": {"corporate": {"pem": pem()}},
}
# The instance metadata, which is not requested from the proxy; this network does not have its address.
METADATA = """#!/bin/sh
case "$*" in
    */latest/api/token) echo session ;;
    */latest/meta-data/instance-id) echo {instance} ;;
    */latest/meta-data/tags/instance/aws:autoscaling:groupName) echo the-group ;;
    *) exec /usr/bin/curl "$@" ;;
esac
"""


@dataclass(repr=False)
class Booted:
    """A host that has booted, the requests to its proxy, and the output of its credential service."""

    host: Host
    done: CompletedProcess[str]
    asked: list[str]
    credentials: CompletedProcess[str]
    without_proxy: CompletedProcess[str]


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    directory = tmp_path_factory.mktemp("behind")
    try:
        root = DebianRoot(sandbox_directory() / "debian-12", directory / "root")
    except NoDebianRootError as reason:
        pytest.skip(f"no Debian root: {reason}")
    fingerprint = publish(directory / "packages", VERSION, directory / "gnupg")
    serve = partial(SimpleHTTPRequestHandler, directory=str(directory / "packages"))
    with AwsServer() as aws, ThreadingHTTPServer(("127.0.0.1", 0), serve) as packages:
        threading.Thread(target=packages.serve_forever, daemon=True).start()
        aws_port = int(aws.endpoint.rpartition(":")[2])
        places = {
            AWS_ADDRESS: ("127.0.0.1", aws_port),
            PACKAGES_ADDRESS: ("127.0.0.1", packages.server_port),
        }
        with ProxiedNetwork(directory / "network", places) as network:
            host = Host(root, aws)
            _furnish(host, fingerprint)
            text = _deliver(host)
            host.place(text)
            root.network = network.path
            done = host.boot(text)
            asked = list(network.asked)
            credentials = root.run(SERVICE, "once", env=host.environment | _hosts_environment(root))
            without_proxy = root.run("curl", "--noproxy", "*", "-m", "5", f"http://{PACKAGES_ADDRESS}/")
            yield Booted(host, done, asked, credentials, without_proxy)
        packages.shutdown()


def _furnish(host: Host, fingerprint: str) -> None:
    (instance,) = make_group(host.client("autoscaling"), 1)
    host.root.write("/usr/local/bin/curl", METADATA.format(instance=instance), 0o755)
    host.root.write("/usr/bin/systemctl", SYSTEMCTL, 0o755)
    host.root.write("/usr/local/bin/aws", AWS, 0o755)
    host.root.write("/usr/local/bin/docker", "#!/bin/sh\n", 0o755)  # its daemon does not run here
    host.root.write("/usr/local/bin/sleep", "#!/bin/sh\n", 0o755)
    host.environment = {
        **{name.upper(): value for name, value in KEYS.items()},
        "AWS_ENDPOINT_URL": f"http://{AWS_ADDRESS}",
        "RUNNER_HOST_CONSOLE": "/var/log/console",
        "RUNNER_HOST_PACKAGES_URL": f"http://{PACKAGES_ADDRESS}",
        "RUNNER_HOST_PACKAGES_KEY": fingerprint,
    }


def _deliver(host: Host) -> str:
    """Put into AWS what the host fetches; return its user data."""
    stack = parse_stack(DECLARATION, ENVIRONMENT)
    manager = stack.managers["build"]
    inputs = ManagerInputs(manager, stack.registries, ENVIRONMENT, "https://gitlab.example.com")
    files = host_files(inputs, PARAMETERS)
    host.client("s3").create_bucket(
        Bucket="the-bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    host.client("s3").put_object(
        Bucket="the-bucket",
        Key="build/files.json",
        Body=files_as_json(files).encode(),
        Metadata=runner_numbers({"build": "11"}),
    )
    host.store_token()
    host.client("ssm").put_parameter(
        Name=PARAMETERS.registry("legacy"), Value='{"username": "me", "password": "x"}', Type="SecureString"
    )
    return user_data(
        bucket="the-bucket",
        key="build/files.json",
        region=REGION,
        tokens=PARAMETERS.tokens,
        runner_version=VERSION,
        operating_system=DEBIAN_12,
        further=first_boot_files(manager.proxy, manager.authorities, ENVIRONMENT, DEBIAN_12),
    )


def _hosts_environment(root: DebianRoot) -> dict[str, str]:
    """The environment that systemd gives the host's services."""
    shown = root.run("sh", "-c", "set -a; . /etc/gitlab-runner/environment; env").stdout
    found = dict(line.split("=", 1) for line in shown.splitlines())
    return {
        name: value
        for name, value in found.items()
        if name.lower().endswith("proxy") or name == "AWS_CA_BUNDLE"
    }


def test_the_host_boots(booted: Booted) -> None:
    assert (booted.done.returncode, booted.done.stderr.splitlines()[-1]) == (0, "gitlab-runner-boot: ready")


def test_the_host_reaches_nothing_without_the_proxy(booted: Booted) -> None:
    assert booted.without_proxy.returncode == 7  # curl: failed to connect


def test_packages_files_and_secrets_come_through_the_proxy(booted: Booted) -> None:
    hosts = {each.split()[1] for each in booted.asked}
    assert {AWS_ADDRESS, PACKAGES_ADDRESS} < hosts  # and the mirror of Debian


def test_credentials_are_fetched_through_the_proxy(booted: Booted) -> None:
    assert "1 of 1 registries have their credentials" in booted.credentials.stderr


def test_the_operating_system_trusts_the_authorities_of_the_stack(booted: Booted) -> None:
    bundle = booted.host.root.path(DEBIAN_12.ca_bundle)
    assert pem() in bundle.read_text()
    assert bundle.stat().st_mode & 0o777 == 0o644
    listed = booted.host.root.run("sh", "-c", "ls /etc/ssl/certs | grep -c gitlab-runner-corporate-1")
    assert listed.stdout == "1\n"


def test_gitlab_runner_and_docker_start_with_the_proxy(booted: Booted) -> None:
    shown = booted.host.root.path("/etc/gitlab-runner/environment").read_text()
    assert f"HTTPS_PROXY={URL}\n" in shown
    for unit in ("docker", "gitlab-runner"):
        settings = booted.host.root.path(
            f"/etc/systemd/system/{unit}.service.d/10-runner-host.conf"
        ).read_text()
        assert "EnvironmentFile=-/etc/gitlab-runner/environment\n" in settings
    assert TOKEN in booted.host.root.path("/etc/gitlab-runner/config.toml").read_text()
