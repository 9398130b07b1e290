"""The files of hosts and workers behind a proxy, with additional authorities, and with user namespaces."""

import base64
import json
import shlex
import tomllib
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment

import boto3
import pytest
import yaml
from botocore.config import Config
from pulumi_gitlab_runner.host.docker_manager import docker_manager_files, manager_environment
from pulumi_gitlab_runner.host.files import HostFile, host_files
from pulumi_gitlab_runner.host.manager_config import manager_config
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.host.scripts import script
from pulumi_gitlab_runner.host.surroundings import ENVIRONMENT, first_boot_files, worker_files
from pulumi_gitlab_runner.host.user_data import (
    LARGEST_USER_DATA,
    encoded,
    user_data,
    worker_user_data,
)
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.operating_systems import OPERATING_SYSTEMS, UBUNTU_24_04

from tests.authorities import pem
from tests.host.aws_group import KEYS
from tests.spec.declaration import ENVIRONMENT as PLACE
from tests.spec.declaration import changed
from tests.user_data import decoded

GITLAB = "https://gitlab.example.com"
PROXY: dict[str, Any] = {"http": "http://proxy.example.com:3128", "no_proxy": ["gitlab.example.com"]}
BUNDLES = {
    "amazon-linux-2023": "/etc/pki/tls/certs/ca-bundle.crt",
    "debian-12": "/etc/ssl/certs/ca-certificates.crt",
    "ubuntu-24.04": "/etc/ssl/certs/ca-certificates.crt",
}
ANCHORS = {
    "amazon-linux-2023": "etc/pki/ca-trust/source/anchors",
    "debian-12": "usr/local/share/ca-certificates",
    "ubuntu-24.04": "usr/local/share/ca-certificates",
}
DROP_IN = "etc/systemd/system/docker.service.d/10-runner-host.conf"
JOBS = "/etc/gitlab-runner/ca-bundle.crt"
ANY_SYSTEM = pytest.mark.parametrize("os", OPERATING_SYSTEMS)


def manager(
    proxy: Any = None, authorities: Any = None, place: AwsEnvironment = PLACE, **host: Any
) -> tuple[Manager, dict[str, Any]]:
    """The manager of the whole declaration with these surroundings, and its registries."""
    declared = changed("certificate_authorities", authorities or {})
    if proxy:
        declared["proxy"] = proxy
    declared["runners"]["build"]["host"] |= host
    stack = parse_stack(declared, place)
    return stack.managers["build"], stack.registries_of(stack.managers["build"])


def rendered(
    proxy: Any = None, authorities: Any = None, place: AwsEnvironment = PLACE, **host: Any
) -> dict[str, HostFile]:
    found, registries = manager(proxy, authorities, place, **host)
    return host_files(ManagerInputs(found, registries, place, GITLAB), HostParameters("/p/s/build"))


def variables(file: HostFile | str) -> dict[str, str]:
    """The variables of a file, as a shell reads them."""
    text = file if isinstance(file, str) else file.content
    return dict(word.split("=", 1) for word in shlex.split(text))  # type: ignore[misc]


def entry(files: dict[str, HostFile]) -> dict[str, Any]:
    """The `[[runners]]` entry of a host's config.toml."""
    (found,) = tomllib.loads(files["etc/gitlab-runner/config.toml"].content)["runners"]
    return dict(found)


class TestProxy:
    """One declaration for all programs."""

    def test_the_environment_has_it_in_upper_and_lower_case(self) -> None:
        found = variables(rendered(PROXY)[ENVIRONMENT])
        assert sorted(found) == sorted(
            ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"]
        )
        assert {found["HTTP_PROXY"], found["https_proxy"]} == {PROXY["http"]}
        assert found["NO_PROXY"] == found["no_proxy"]

    def test_docker_the_runner_and_the_credential_service_read_it(self) -> None:
        files = rendered(PROXY)
        units = (
            DROP_IN,
            "etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf",
            "etc/systemd/system/gitlab-runner-credentials.service",
        )
        assert all(f"\nEnvironmentFile=-/{ENVIRONMENT}\n" in files[unit].content for unit in units)
        assert f'. "$root/{ENVIRONMENT}"' in script("gitlab-runner-host.sh")

    @pytest.mark.parametrize("session_manager", [True, False])
    def test_an_installed_systems_manager_agent_reads_it(self, session_manager: bool) -> None:
        files = rendered(PROXY, session_manager=session_manager)
        assert any("amazon-ssm-agent" in path for path in files) is session_manager

    def test_there_are_no_files_without_a_proxy(self) -> None:
        assert not {ENVIRONMENT, DROP_IN} & rendered().keys()

    @pytest.mark.parametrize(
        "host",
        ["169.254.169.254", "fd00:ec2::254", "localhost", "127.0.0.1", "::1", "gitlab.example.com"],
    )
    def test_hosts_that_are_reached_without_it(self, host: str) -> None:
        """As Python reads the list; curl and Go read domains in the same way."""
        no_proxy = variables(rendered(PROXY)[ENVIRONMENT])["no_proxy"]
        assert proxy_bypass_environment(host, {"no": no_proxy})

    def test_job_networks_are_reached_without_it(self) -> None:
        no_proxy = variables(rendered(PROXY)[ENVIRONMENT])["no_proxy"].split(",")
        assert {"192.168.0.0/16", "172.17.0.0/16", "127.0.0.0/8"} <= set(no_proxy)

    @pytest.mark.parametrize(
        ("place", "host", "by_endpoint"),
        [
            (PLACE, "s3.eu-west-1.amazonaws.com", True),
            (PLACE, "layers.s3.eu-west-1.amazonaws.com", True),
            (PLACE, "cache.s3.dualstack.eu-west-1.amazonaws.com", True),
            (PLACE, "123456789012.dkr.ecr.eu-west-1.amazonaws.com", True),
            (PLACE, "123456789012.dkr.ecr.us-east-1.amazonaws.com", False),
            (PLACE, "api.ecr.eu-west-1.amazonaws.com", False),
            (PLACE, "ssm.eu-west-1.amazonaws.com", True),
            (PLACE, "ssmmessages.eu-west-1.amazonaws.com", False),
            (AwsEnvironment("123456789012", "cn-north-1", "aws-cn"), "ssm.cn-north-1.amazonaws.com.cn", True),
        ],
    )
    def test_endpoints_of_the_network(self, place: AwsEnvironment, host: str, by_endpoint: bool) -> None:
        declared = changed("proxy", PROXY) | {"network": {"endpoints": ["ecr.dkr", "ssm"]}}
        found = parse_stack(declared, place).managers["build"]
        files = first_boot_files(found.proxy, (), place, found.host.os)
        no_proxy = variables(files[ENVIRONMENT])["no_proxy"]
        assert proxy_bypass_environment(host, {"no": no_proxy}) is by_endpoint

    def test_jobs_get_it_only_on_request(self) -> None:
        assert "environment" not in entry(rendered(PROXY))
        given = dict(each.split("=", 1) for each in entry(rendered(PROXY | {"jobs": True}))["environment"])
        assert given["https_proxy"] == given["HTTP_PROXY"] == PROXY["http"]
        for host in ("cache", "redis", "docker", "build", "gitlab.example.com"):
            assert proxy_bypass_environment(host, {"no": given["no_proxy"]}), host

    def test_jobs_reach_a_cache_through_the_endpoint_of_s3(self) -> None:
        """At the address that the runner signs for them: dual-stack, unless `config` says otherwise."""
        signing = Config(s3={"use_dualstack_endpoint": True, "addressing_style": "virtual"})
        s3 = boto3.client("s3", region_name=PLACE.region, config=signing, **KEYS)
        signed = s3.generate_presigned_url("get_object", Params={"Bucket": "cache", "Key": "archive"})
        declared = changed("proxy", PROXY | {"jobs": True}) | {"network": {}, "cache": {}}
        stack = parse_stack(declared)
        config = manager_config(ManagerInputs(stack.managers["build"], stack.registries, PLACE, GITLAB))
        (runner,) = config["runners"]
        assert "dual_stack" not in runner["cache"]["s3"]
        given = dict(each.split("=", 1) for each in runner["environment"])
        assert proxy_bypass_environment(str(urlsplit(signed).hostname), {"no": given["no_proxy"]})

    def test_it_is_added_to_the_declared_environment(self) -> None:
        declared = changed("proxy", PROXY | {"jobs": True})
        declared["runners"]["build"]["config"] = {"environment": ["A=1"]}
        stack = parse_stack(declared)
        config = manager_config(ManagerInputs(stack.managers["build"], stack.registries, PLACE, GITLAB))
        assert config["runners"][0]["environment"][-1] == "A=1"
        assert len(config["runners"][0]["environment"]) == 7

    def test_a_manager_on_a_docker_host(self) -> None:
        declared = changed("proxy", PROXY)
        declared["registries"] = {}
        declared["variables"] = []
        declared["runners"] = {"build": {"group": 1, "host": {"docker": {}}}}
        found = parse_stack(declared).managers["build"]
        assert found.host.docker is not None
        environment = manager_environment(found.host.docker, PLACE, found.proxy)
        assert f"HTTPS_PROXY={PROXY['http']}" in environment


class TestAuthorities:
    """Where each program reads certificate authorities."""

    @ANY_SYSTEM
    def test_one_for_all_hosts_is_trusted_by_the_operating_system(self, os: str) -> None:
        files = rendered(authorities={"own": {"pem": pem() + pem("two")}}, os=os)
        assert files[f"{ANCHORS[os]}/gitlab-runner-own-1.crt"] == HostFile(pem(), "0644")
        assert files[f"{ANCHORS[os]}/gitlab-runner-own-2.crt"] == HostFile(pem("two"), "0644")
        assert variables(files[ENVIRONMENT]) == {"AWS_CA_BUNDLE": BUNDLES[os]}
        assert "tls-ca-file" not in entry(files)
        assert not any("certs.d" in path for path in files)

    def test_one_for_some_hosts_is_trusted_by_the_runner_and_docker_for_these(self) -> None:
        hosts = ["gitlab.example.com", "registry.example.com", "elsewhere.example.com:5000"]
        files = rendered(authorities={"own": {"pem": pem(), "hosts": hosts}})
        assert entry(files)["tls-ca-file"] == "/etc/gitlab-runner/certs/gitlab.example.com.crt"
        assert files["etc/gitlab-runner/certs/gitlab.example.com.crt"] == HostFile(pem(), "0644")
        found = {path: file.content for path, file in files.items() if "certs.d" in path}
        # The declared registry is at port 5000.
        assert found == {
            f"etc/docker/certs.d/{host}/own.crt": pem() for host in (*hosts, "registry.example.com:5000")
        }
        assert ENVIRONMENT not in files
        assert not any(path.startswith(tuple(ANCHORS.values())) for path in files)

    def test_several_for_one_host(self) -> None:
        authorities = {each: {"pem": pem(each), "hosts": ["gitlab.example.com"]} for each in ("a", "b")}
        files = rendered(authorities=authorities)
        assert files["etc/gitlab-runner/certs/gitlab.example.com.crt"].content == pem("a") + pem("b")

    def test_a_declared_path_for_gitlab_is_kept(self) -> None:
        declared = changed(
            "certificate_authorities", {"own": {"pem": pem(), "hosts": ["gitlab.example.com"]}}
        )
        declared["runners"]["build"]["config"] = {"tls_ca_file": "/mine.crt"}
        stack = parse_stack(declared)
        config = manager_config(ManagerInputs(stack.managers["build"], stack.registries, PLACE, GITLAB))
        assert config["runners"][0]["tls_ca_file"] == "/mine.crt"

    @ANY_SYSTEM
    def test_jobs_get_the_authorities_of_the_host_only_on_request(self, os: str) -> None:
        assert "environment" not in entry(rendered(authorities={"own": {"pem": pem()}}, os=os))
        found = entry(rendered(authorities={"own": {"pem": pem(), "jobs": True}}, os=os))
        assert found["docker"]["volumes"] == ["/cache", f"{BUNDLES[os]}:{JOBS}:ro"]
        given = dict(each.split("=", 1) for each in found["environment"])
        assert set(given.values()) == {JOBS}
        assert {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"} <= given.keys()
        # It would override the runner's configuration for GitLab.
        assert "GIT_SSL_CAINFO" not in given

    def test_a_manager_on_a_docker_host(self) -> None:
        authorities = {
            "all": {"pem": pem()},
            "some": {"pem": pem("two"), "hosts": ["gitlab.example.com"]},
        }
        declared = {"runners": {"build": {"group": 1, "host": {"docker": {}}}}, "gitlab_url": GITLAB}
        stack = parse_stack(declared | {"certificate_authorities": authorities})
        found = stack.managers["build"]
        inputs = ManagerInputs(found, {}, PLACE, GITLAB)
        config = manager_config(inputs)
        assert (
            config["runners"][0]["tls_ca_file"] == "/srv/gitlab-runner/current/certs/gitlab.example.com.crt"
        )
        files = docker_manager_files(inputs)
        assert files["certs/gitlab.example.com.crt"].content == pem("two")
        assert files["certificate-authorities/all.crt"].content == pem()
        assert "certificate-authorities" in script("gitlab-runner-manager.sh")
        assert found.host.docker is not None
        one = manager_environment(found.host.docker, PLACE, None, found.authorities)
        other = manager_environment(found.host.docker, PLACE, None, found.authorities[1:])
        # Only a new manager reads another list.
        assert one != other == manager_environment(found.host.docker, PLACE)


class TestUserNamespaces:
    """A setting of Docker."""

    @pytest.mark.parametrize("wanted", [True, False])
    def test_a_host_enables_them_on_request(self, wanted: bool) -> None:
        files = rendered(user_namespaces=wanted)
        settings = json.loads(files["etc/docker/daemon.json"].content)
        assert settings.get("userns-remap") == ("default" if wanted else None)

    def test_a_change_needs_a_new_host(self) -> None:
        def text(*, wanted: bool) -> str:
            return user_data(
                bucket="b", key="k", region="r", tokens="t", runner_version="19.3.0", user_namespaces=wanted
            )

        assert text(wanted=True) != text(wanted=False)


class TestUserData:
    """The files that a machine needs from its first boot."""

    @ANY_SYSTEM
    def test_a_host_has_the_files_that_it_needs_to_fetch_the_rest(self, os: str) -> None:
        found, _ = manager(PROXY, {"all": {"pem": pem()}, "some": {"pem": pem("b"), "hosts": ["x"]}}, os=os)
        further = first_boot_files(found.proxy, found.authorities, PLACE, found.host.os)
        assert set(further) == {ENVIRONMENT, DROP_IN, f"{ANCHORS[os]}/gitlab-runner-all-1.crt"}
        text = user_data(
            bucket="b", key="k", region="r", tokens="t", runner_version="19.3.0",
            operating_system=found.host.os, further=further,
        )  # fmt: skip
        written = {each["path"]: each for each in yaml.safe_load(text)["write_files"]}
        for path, text in further.items():
            assert (written[f"/{path}"]["content"], written[f"/{path}"]["permissions"]) == (text, "0644")

    def test_long_user_data_are_compressed(self) -> None:
        short, long = "x" * LARGEST_USER_DATA, "x" * (LARGEST_USER_DATA + 1)
        assert base64.b64decode(encoded(short)) == short.encode()
        assert decoded(encoded(long)) == long
        assert encoded(long) == encoded(long)

    def test_three_authorities_and_a_proxy_fit(self) -> None:
        authorities = {each: {"pem": pem(each)} for each in ("a", "b", "c")}
        found, _ = manager(PROXY, authorities, os="ubuntu-24.04")
        text = user_data(
            bucket="b" * 60, key="k" * 60, region="eu-west-1", tokens="t" * 100, runner_version="19.3.0",
            operating_system=UBUNTU_24_04,
            further=first_boot_files(found.proxy, found.authorities, PLACE, found.host.os),
        )  # fmt: skip
        assert len(base64.b64decode(encoded(text))) < LARGEST_USER_DATA

    def fleet(self, **declared: Any) -> dict[str, str]:
        """The files of a fleet's workers."""
        stack = parse_stack(
            {
                "registries": {"own": {"host": "registry.example.com:5000", "gitlab": {}}},
                "runners": {
                    "burst": {
                        "group": 1,
                        "registries": ["own"],
                        "fleet": {"instance_types": ["c7i.large"], "max_instances": 1}
                        | declared.pop("fleet", {}),
                    }
                },
            }
            | declared
        )
        return worker_files(stack.managers["burst"], stack.registries.values(), PLACE)

    def test_a_worker_of_a_plain_stack_needs_nothing(self) -> None:
        assert self.fleet() == {}

    def test_a_worker_has_all_that_its_docker_needs(self) -> None:
        files = self.fleet(
            proxy=PROXY,
            certificate_authorities={
                "all": {"pem": pem()},
                "some": {"pem": pem("b"), "hosts": ["registry.example.com"]},
            },
        )
        assert set(files) == {
            ENVIRONMENT,
            DROP_IN,
            "etc/pki/ca-trust/source/anchors/gitlab-runner-all-1.crt",
            "etc/docker/certs.d/registry.example.com/some.crt",
            "etc/docker/certs.d/registry.example.com:5000/some.crt",
        }
        written = yaml.safe_load(worker_user_data("{}", files))["write_files"]
        assert {each["path"]: each["content"] for each in written}.items() >= {
            f"/{path}": content for path, content in files.items()
        }.items()
