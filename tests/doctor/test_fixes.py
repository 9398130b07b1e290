"""Each finding about a Docker configuration, and the doctor run again after its fix was applied."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor, HostTree
from tests.registry.double import PASSWORD, USERNAME, RegistryDouble

HOME = "root/.docker/config.json"
KEY = "registry.example.com:5000"
IMAGE = f"{KEY}/team/app:1"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DUAL_STACK = "123456789012.dkr-ecr.eu-west-1.on.aws"
GOOD = {"auth": encoded(USERNAME, PASSWORD)}
HELPERS = {"credHelpers": {KEY: "runner"}}


def auths(entry: Any, **other: Any) -> dict[str, Any]:
    return {"auths": {KEY: entry}, **other}


def names(doctor: Doctor, host: HostTree, command: str, image: str = IMAGE, *more: str) -> set[str]:
    """The findings of `image` or `host`."""
    asked = [image, "--offline"] if command == "image" else []
    return {
        each["name"] for each in doctor.json(command, *asked, "--root", str(host.root), *more)["findings"]
    }


@pytest.mark.parametrize("command", ["image", "host"])
@pytest.mark.parametrize(
    ("before", "finding", "after"),
    [
        (auths(GOOD, proxies={"httpProxy": "http://p"}), "docker-config", auths(GOOD)),
        (
            auths(GOOD, proxies={"a": 1}),
            "docker-config",
            auths(GOOD, proxies={"default": {"httpProxy": "b"}}),
        ),
        (
            auths(GOOD, features={"buildkit": True}),
            "docker-config",
            auths(GOOD, features={"buildkit": "true"}),
        ),
        (auths(GOOD, detachKeys=5), "docker-config", auths(GOOD, detachKeys="ctrl-a")),
        (auths({"auth": "x"}), "docker-config", auths(GOOD)),
        (auths({}), "credentials-empty", auths(GOOD)),
        (auths({}), "credentials-empty", HELPERS),
        (auths({}, credsStore="desktop"), "credentials-store", HELPERS),
        (auths({"user": "a", "pass": "b"}), "docker-config-unread", auths(GOOD)),
        ({KEY: GOOD, **HELPERS}, "docker-config-unread", HELPERS),
        ({"auth": {KEY: GOOD}}, "docker-config-unread", auths(GOOD)),
        (auths({"auth": encoded(USERNAME, PASSWORD + "\n")}), "white-space", auths(GOOD)),
        ({"auths": {f"https://{KEY}": GOOD}}, "registry-key", auths(GOOD)),
    ],
)
def test_a_fix_leaves_nothing_to_find(
    doctor: Doctor, host: HostTree, command: str, before: Any, finding: str, after: Any
) -> None:
    host.helper("runner", {KEY: PASSWORD})
    host.write(HOME, json.dumps(before))
    assert finding in names(doctor, host, command)
    host.write(HOME, json.dumps(after))
    assert names(doctor, host, command) == set()
    (image,) = doctor.json("image", IMAGE, "--offline", "--root", str(host.root))["images"]
    assert image["runner"]["user"] == USERNAME


def test_half_of_a_fix_leaves_a_finding(doctor: Doctor, host: HostTree) -> None:
    """The credsStore of a Mac is removed, but the empty entry that it served remains."""
    host.write(HOME, json.dumps(auths({}, credsStore="desktop")))
    found = doctor.json("image", IMAGE, "--offline", "--root", str(host.root))["findings"]
    (store,) = (each for each in found if each["name"] == "credentials-store")
    assert f"also remove the empty entries of auths: {KEY}" in store["fix"]
    host.write(HOME, json.dumps(auths({})))
    assert names(doctor, host, "image") == {"credentials-empty"}


def test_an_empty_entry_that_comes_before_good_credentials(doctor: Doctor, host: HostTree) -> None:
    host.write(HOME, json.dumps(auths(GOOD)))
    empty = ("--docker-auth-config", json.dumps(auths({})))
    assert names(doctor, host, "image", IMAGE, *empty) == {"credentials-empty", "credentials-shadowed"}
    other = ("--docker-auth-config", json.dumps({"auths": {"other.example.com": GOOD}}))
    assert names(doctor, host, "image", IMAGE, *other) == set()


def test_refused_credentials_that_come_before_others(
    doctor: Doctor, host: HostTree, registry: RegistryDouble
) -> None:
    def config(password: str) -> str:
        return json.dumps({"auths": {registry.host: {"auth": encoded(USERNAME, password)}}})

    def asked(password: str) -> dict[str, Mapping[str, str]]:
        given = ("--root", str(host.root), "--docker-auth-config", config(password))
        found = doctor.json("image", f"{registry.host}/team/app:1", *given)["findings"]
        return {each["name"]: each for each in found}

    host.write(HOME, config(PASSWORD))
    found = asked("canary-wrong")
    assert found.keys() == {"credentials-refused", "credentials-shadowed"}
    assert "from $DOCKER_AUTH_CONFIG" in found["credentials-shadowed"]["fix"]
    assert doctor.json("image", f"{registry.host}/team/app:1", "--root", str(host.root))["findings"] == []


@pytest.mark.parametrize("version", ["18.2.0", "19.3.0"])
def test_a_helper_without_credentials_is_found_for_each_version(
    doctor: Doctor, host: HostTree, version: str
) -> None:
    host.write(HOME, json.dumps(HELPERS))
    host.helper("runner", {})
    assert names(doctor, host, "image", IMAGE, "--runner-version", version) == {"helper-silent"}


@pytest.mark.parametrize(
    ("registry_host", "advice"), [(ECR, "declare"), (DUAL_STACK, f"classic host, {ECR}")]
)
def test_ecr_requires_credentials(doctor: Doctor, host: HostTree, registry_host: str, advice: str) -> None:
    found = doctor.json("image", f"{registry_host}/app:1", "--offline", "--root", str(host.root))["findings"]
    assert [each["name"] for each in found] == ["no-credentials"]
    assert 'account: "123456789012", region: eu-west-1' in found[0]["fix"]
    assert advice in found[0]["fix"]
    host.helper("runner", {ECR: PASSWORD})
    host.write(HOME, json.dumps({"credHelpers": {ECR: "runner"}}))
    assert names(doctor, host, "image", f"{ECR}/app:1") == set()


def test_public_ecr_requires_no_credentials(doctor: Doctor, host: HostTree) -> None:
    for image in ("public.ecr.aws/docker/library/redis:7", "ecr-public.aws.com/nginx/nginx:1"):
        assert names(doctor, host, "image", image) == set()


@pytest.mark.parametrize(
    "given",
    [
        {"CI_DEPENDENCY_PROXY_SERVER": "gitlab.example.com:443"},
        {"CI_SERVER_HOST": "gitlab.example.com", "CI_SERVER_PORT": "443"},
    ],
)
def test_the_dependency_proxy_uses_the_jobs_token(
    doctor: Doctor, host: HostTree, given: dict[str, str]
) -> None:
    variables = [f"--variable={key}={value}" for key, value in {"CI_JOB_TOKEN": "canary", **given}.items()]
    proxied = "group/dependency_proxy/containers/alpine:3"

    def asked(registry_host: str) -> dict[str, Any]:
        found: dict[str, Any] = doctor.json(
            "image", f"{registry_host}/{proxied}", "--offline", "--root", str(host.root), *variables
        )
        return found

    (image,) = asked("gitlab.example.com:443")["images"]
    assert image["runner"]["user"] == "gitlab-ci-token"
    assert [each["name"] for each in asked("gitlab.example.com")["findings"]] == ["port"]
