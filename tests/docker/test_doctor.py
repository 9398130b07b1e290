"""`runner-doctor` on a runner host: real helpers, real registries, and each thing really broken."""

import base64
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.docker.engine import authorization
from sandbox.docker.machine import ENVIRONMENT as USER
from sandbox.docker.registry import IDENTITY_TOKEN_USER, Credentials
from sandbox.docker.sandbox import ECR_LOGIN, HUB, Image, private
from sandbox.paths import CHECKOUT
from tests.docker.runner_host import (
    BY_HOST,
    BY_PATH,
    CACHE,
    CONFIG,
    ECR_IMAGE,
    HELPER,
    LEGACY,
    OTHER_ACCOUNT_IMAGE,
    PARAMETER_IMAGE,
    PRIVATE,
    PUBLIC,
    SECRET_IMAGE,
    SHARED,
    RunnerHost,
)

pytestmark = pytest.mark.docker

DROP_IN = "/etc/systemd/system/gitlab-runner.service.d/20-sandbox.conf"
UNREAD_HOME = "/home/gitlab-runner/.docker/config.json"
PIPELINE = "/root/pipeline/.gitlab-ci.yml"
BROKEN_HELPER = "/opt/docker-credential-broken"
MIRRORED = Image(HUB, "library/redis:latest", f"{HUB.host}/library/redis:latest")
"""A public image under the name of the registry that stands for Docker Hub, which the doctor can reach."""


@dataclass
class Doctor:
    """`runner-doctor`, run by root on the host."""

    host: RunnerHost

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit status and what it prints. No password is ever in that."""
        done = self.host.docker.machine.run(
            sys.executable, "-P", "-m", "pulumi_gitlab_runner.doctor.command_line", *arguments,
            environment=USER | self.host.docker.environment | {"PYTHONPATH": f"{CHECKOUT}/components"},
        )  # fmt: skip
        printed = done.stdout + done.stderr
        assert [secret for secret in _secrets() if secret in printed] == []
        assert "Traceback" not in printed
        return done.returncode, done.stdout or done.stderr

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run a command with `--json`. Its exit status goes with its findings."""
        status, printed = self.run(*arguments, "--json")
        answer: dict[str, Any] = json.loads(printed)
        assert status == (1 if answer["findings"] else 0)
        return answer

    def findings(self, *arguments: str) -> set[str]:
        """The names of the findings."""
        return {finding["name"] for finding in self.json(*arguments)["findings"]}


def _secrets() -> Iterator[str]:
    """The passwords, and every form in which a configuration or an answer has them."""
    for image in PRIVATE.values():
        assert image.credentials
        password = image.credentials.password
        yield password
        yield json.dumps(password)[1:-1]
        yield json.dumps(password, ensure_ascii=False)[1:-1]
        yield from re.findall(r"[^\W\d]{6,}", password)
        yield _encoded(image.credentials)


def _encoded(credentials: Credentials, end: str = "") -> str:
    return base64.b64encode(f"{credentials.username}:{credentials.password}{end}".encode()).decode()


def _variable(key: str, end: str = "") -> str:
    """A `DOCKER_AUTH_CONFIG` with the right user and password of one registry."""
    assert LEGACY.credentials
    return json.dumps({"auths": {key: {"auth": _encoded(LEGACY.credentials, end)}}})


@pytest.fixture
def doctor(installed: RunnerHost) -> Iterator[Doctor]:
    """The host as it is rendered; its unit tells who it is to AWS, in place of an instance profile."""
    installed.place_files()
    settings = installed.docker.environment | {"RUNNER_CREDENTIAL_TIMEOUT": "14"}
    lines = [f"Environment={name}={value}\n" for name, value in settings.items()]
    machine = installed.docker.machine
    machine.write(DROP_IN, "".join(["[Service]\n", *lines]))
    # AWS's command line is slow to start: what it answers is kept from test to test, and asked for here.
    installed.resolve(SECRET_IMAGE)
    _forget_answers_of_ecr(installed)
    yield Doctor(installed)
    for written in (DROP_IN, UNREAD_HOME):
        machine.path(written).unlink(missing_ok=True)


def _forget(host: RunnerHost, *names: str) -> None:
    host.docker.machine.run("rm", "-rf", *(f"{CACHE}/{name}" for name in names), check=True)


def _forget_answers_of_ecr(host: RunnerHost) -> None:
    _forget(host, ECR_IMAGE.registry.host, SHARED.host)


@pytest.mark.parametrize("image", BY_HOST.values(), ids=BY_HOST)
def test_the_registry_accepts_what_the_host_has(doctor: Doctor, image: Image) -> None:
    (seen,) = doctor.json("image", image.name)["images"]
    assert (seen["runner"]["source"], seen["difference"], seen["findings"]) == (CONFIG, "", [])
    assert image.credentials
    assert seen["runner"]["user"] == image.credentials.username.removeprefix(IDENTITY_TOKEN_USER)
    assert (seen["registry"]["outcome"], seen["registry"]["digest"]) == ("found", _digest(doctor, image))


@pytest.mark.parametrize("image", PUBLIC.values(), ids=PUBLIC)
def test_a_public_image_has_no_credentials(doctor: Doctor, image: Image) -> None:
    (seen,) = doctor.json("image", image.name, "--offline")["images"]
    assert (seen["runner"]["source"], seen["runner"]["user"], seen["findings"]) == (None, "", [])


@pytest.mark.parametrize("image", BY_PATH.values(), ids=BY_PATH)
def test_docker_knows_no_paths(doctor: Doctor, image: Image) -> None:
    (seen,) = doctor.json("image", image.name)["images"]
    assert image.credentials
    assert (seen["runner"]["user"], seen["registry"]["outcome"]) == (image.credentials.username, "found")
    assert seen["docker"]["source"] is None
    assert seen["difference"]


def test_a_public_registry_accepts_that(doctor: Doctor) -> None:
    (seen,) = doctor.json("image", MIRRORED.name)["images"]
    assert (seen["runner"]["source"], seen["registry"]["outcome"]) == (None, "found")


def _source(text: str) -> Callable[[RunnerHost], None]:
    def damage(host: RunnerHost) -> None:
        _forget(host, LEGACY.host)
        host.replace_source(LEGACY, text)

    return damage


def _wrong_password(host: RunnerHost) -> None:
    answer = json.dumps({"ServerURL": SHARED.host, "Username": "AWS", "Secret": "expired"})
    host.docker.machine.write(BROKEN_HELPER, f"#!/bin/sh\necho '{answer}'\n", 0o755)
    host.replace_source(SHARED, f"helper {BROKEN_HELPER}")


def _failing_helper(host: RunnerHost) -> None:
    host.docker.machine.write(HELPER, "#!/bin/sh\nexit 3\n", 0o755)


def _configuration(change: Callable[[dict[str, Any]], None]) -> Callable[[RunnerHost], None]:
    def damage(host: RunnerHost) -> None:
        configuration = json.loads(host.docker.machine.path(CONFIG).read_text())
        change(configuration)
        host.docker.machine.write(CONFIG, json.dumps(configuration), 0o600)

    return damage


def _helper(name: str) -> Callable[[RunnerHost], None]:
    return _configuration(lambda configuration: configuration["credHelpers"].update({SHARED.host: name}))


def _home_that_nobody_reads(host: RunnerHost) -> None:
    machine = host.docker.machine
    machine.write(UNREAD_HOME, machine.path(CONFIG).read_text(), 0o600)
    machine.path(CONFIG).unlink()


DAMAGES: dict[str, tuple[Callable[[RunnerHost], None], Image, set[str]]] = {
    "a parameter is not there": (
        _source("parameter eu-west-1 /no/such/parameter"),
        PARAMETER_IMAGE,
        {"helper-silent", "no-credentials"},
    ),
    "a wrong password": (_wrong_password, OTHER_ACCOUNT_IMAGE, {"credentials-refused"}),
    "a failing helper": (_failing_helper, ECR_IMAGE, {"helper-fails", "no-credentials"}),
    "a credentials store": (
        _configuration(lambda configuration: configuration.update(credsStore="runner")),
        ECR_IMAGE,
        {"credentials-store"},
    ),
    "a helper off the PATH": (_helper("ecr-login"), SECRET_IMAGE, {"helper-off-path", "no-credentials"}),
    "a missing helper": (_helper("nowhere"), SECRET_IMAGE, {"helper-missing", "no-credentials"}),
    "a home that nobody reads": (_home_that_nobody_reads, ECR_IMAGE, {"home", "no-credentials"}),
    "a tag that is not there": (
        lambda host: None,
        private(LEGACY, "tools/linter:gone"),
        {"image-missing"},
    ),
}


@pytest.mark.parametrize(("damage", "image", "names"), DAMAGES.values(), ids=DAMAGES)
def test_what_is_really_broken_is_found(
    doctor: Doctor, damage: Callable[[RunnerHost], None], image: Image, names: set[str]
) -> None:
    damage(doctor.host)
    try:
        assert doctor.findings("image", image.name) == names
    finally:
        _forget_answers_of_ecr(doctor.host)


def test_without_the_real_helper(doctor: Doctor) -> None:
    helper = doctor.host.docker.machine.path(ECR_LOGIN)
    away = helper.rename(helper.with_name("moved-away"))
    try:
        assert doctor.findings("image", ECR_IMAGE.name) == {"helper-silent", "no-credentials"}
        assert doctor.findings("image", SECRET_IMAGE.name) == set()
    finally:
        away.rename(helper)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (_variable(LEGACY.host, "\n"), {"white-space", "credentials-refused"}),
        ("my_username:password", {"docker-config"}),
        (_variable(f"https://{LEGACY.host}"), {"registry-key"}),
    ],
    ids=["a trailing newline", "not JSON", "a key with a scheme"],
)
def test_a_broken_variable(doctor: Doctor, value: str, names: set[str]) -> None:
    assert doctor.findings("image", PARAMETER_IMAGE.name, "--docker-auth-config", value) == names


def test_a_port_is_missing(doctor: Doctor) -> None:
    image = f"{LEGACY.name}/tools/linter:1"
    found = doctor.findings("image", image, "--docker-auth-config", _variable(LEGACY.host))
    assert found == {"port", "registry-unreachable"}


def test_what_a_person_reads(doctor: Doctor) -> None:
    doctor.host.docker.machine.path(CONFIG).unlink()
    status, printed = doctor.run("image", PARAMETER_IMAGE.name)
    assert status == 1
    assert "1 finding" in printed


def test_the_host(doctor: Doctor) -> None:
    answer = doctor.json("host")
    facts = {fact["name"]: fact["value"] for fact in answer["facts"]}
    version = doctor.host.docker.engine.api.version()["Version"]
    assert re.fullmatch(rf"{re.escape(version)}, room for \d+ of \d+ networks", facts["docker"])
    named = json.loads(doctor.host.docker.machine.path(CONFIG).read_text())["credHelpers"]
    assert {facts[host] for host in named} == {"docker-credential-runner answers"}
    assert facts["helpers"] == HELPER
    assert answer["findings"] == []


def test_a_job_network_takes_one_of_the_address_pools(doctor: Doctor) -> None:
    def room() -> int:
        (docker,) = (fact for fact in doctor.json("host")["facts"] if fact["name"] == "docker")
        found = re.search(r"room for (\d+) of", docker["value"])
        assert found
        return int(found[1])

    before = room()
    machine = doctor.host.docker.machine
    machine.run("docker", "network", "create", "job-of-the-doctor", check=True)
    try:
        assert room() == before - 1
    finally:
        machine.run("docker", "network", "rm", "job-of-the-doctor", check=True)


def test_pins_are_what_the_registries_give(doctor: Doctor) -> None:
    engine, machine = doctor.host.docker.engine, doctor.host.docker.machine
    moving = private(LEGACY, "tools/moving:1")
    engine.publish(moving.name, LEGACY.credentials)
    images = (ECR_IMAGE, moving, MIRRORED)
    machine.write(PIPELINE, "".join(f"job{n}: {{image: {image.name}}}\n" for n, image in enumerate(images)))
    assert doctor.findings("pin", PIPELINE, "--check") == {"not-pinned"}
    assert doctor.run("pin", PIPELINE)[0] == 0
    pinned = "".join(
        f"job{n}: {{image: {image.name}@{_digest(doctor, image)}}}\n" for n, image in enumerate(images)
    )
    assert machine.path(PIPELINE).read_text() == pinned
    assert doctor.findings("pin", PIPELINE, "--check") == set()

    before = _digest(doctor, moving)
    engine.publish(moving.name, LEGACY.credentials)
    assert _digest(doctor, moving) != before
    answer = doctor.json("pin", PIPELINE, "--check")
    assert [(each["name"], each["where"]) for each in answer["findings"]] == [
        ("tag-moved", f"{PIPELINE}, line 2")
    ]
    assert machine.path(PIPELINE).read_text() == pinned


def _digest(doctor: Doctor, image: Image) -> str:
    """The digest of an image, as the Docker Engine is told by the registry."""
    answer = doctor.host.docker.engine.api.inspect_distribution(image.name, authorization(image.credentials))
    digest: str = answer["Descriptor"]["digest"]
    return digest
