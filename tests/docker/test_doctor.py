"""`runner-doctor` on a runner host, with real helpers and real registries."""

import json
import re

import pytest

from sandbox.docker.registry import IDENTITY_TOKEN_USER
from sandbox.docker.sandbox import HUB, Image, private
from sandbox.paths import CHECKOUT
from tests.docker.doctor import Doctor
from tests.docker.runner_host import (
    BY_HOST,
    BY_PATH,
    CONFIG,
    ECR_IMAGE,
    LEGACY,
    PUBLIC,
)

pytestmark = pytest.mark.docker

PIPELINE = "/root/pipeline/.gitlab-ci.yml"
MIRRORED = Image(HUB, "library/redis:latest", f"{HUB.host}/library/redis:latest")
"""A public image under the name of the stand-in for Docker Hub."""


@pytest.mark.parametrize("image", BY_HOST.values(), ids=BY_HOST)
def test_the_registry_accepts_what_the_host_has(doctor: Doctor, image: Image) -> None:
    (seen,) = doctor.json("image", image.name)["images"]
    assert (seen["runner"]["source"], seen["difference"], seen["findings"]) == (CONFIG, "", [])
    assert image.credentials
    assert seen["runner"]["user"] == image.credentials.username.removeprefix(IDENTITY_TOKEN_USER)
    assert (seen["registry"]["outcome"], seen["registry"]["digest"]) == ("found", doctor.digest(image))


@pytest.mark.parametrize("image", PUBLIC.values(), ids=PUBLIC)
def test_a_public_image_has_no_credentials(doctor: Doctor, image: Image) -> None:
    (seen,) = doctor.json("image", image.name, "--offline")["images"]
    assert (seen["runner"]["source"], seen["runner"]["user"], seen["findings"]) == (None, "", [])


@pytest.mark.parametrize("image", BY_PATH.values(), ids=BY_PATH)
def test_docker_ignores_credentials_for_paths(doctor: Doctor, image: Image) -> None:
    (seen,) = doctor.json("image", image.name)["images"]
    assert image.credentials
    assert (seen["runner"]["user"], seen["registry"]["outcome"]) == (image.credentials.username, "found")
    # By chance the same credentials, or those for the other path.
    assert seen["docker"]["source"] == CONFIG


def test_a_public_registry_needs_no_credentials(doctor: Doctor) -> None:
    (seen,) = doctor.json("image", MIRRORED.name)["images"]
    assert (seen["runner"]["source"], seen["registry"]["outcome"]) == (None, "found")


@pytest.mark.parametrize("name", ["redis", "redis:latest", "library/redis", "docker.io/library/redis:latest"])
def test_docker_hub_has_the_image_by_every_form_of_its_name(doctor: Doctor, name: str) -> None:
    (seen,) = doctor.json("image", name)["images"]
    assert (seen["runner"]["source"], seen["registry"]["outcome"]) == (None, "found")
    assert seen["registry"]["digest"] == doctor.digest(MIRRORED)


def test_every_image_of_a_pipeline_is_examined(doctor: Doctor) -> None:
    doctor.host.docker.machine.write(PIPELINE, (CHECKOUT / "examples/ci/.gitlab-ci.yml").read_text())
    answer = doctor.json("job", PIPELINE)
    assert {seen["image"]: seen["registry"]["outcome"] for seen in answer["images"]} == dict.fromkeys(
        [ECR_IMAGE.name, *(image.name for image in PUBLIC.values())], "found"
    )
    assert answer["findings"] == []


def test_a_host_has_its_facts_and_no_findings(doctor: Doctor) -> None:
    answer = doctor.json("host")
    facts = {fact["name"]: fact["value"] for fact in answer["facts"]}
    version = doctor.host.docker.engine.api.version()["Version"]
    assert re.fullmatch(rf"{re.escape(version)}, \d+ of \d+ networks available", facts["docker"])
    named = json.loads(doctor.host.docker.machine.path(CONFIG).read_text())["auths"]
    assert len(named) == 9
    assert all(
        re.search(r": renewed less than a minute ago, valid for 11 h 59 min$", facts[host]) for host in named
    )
    assert facts["helpers"] == "none on this PATH"
    assert facts["AWS identity"] == "arn:aws:sts::123456789012:user/moto"
    assert facts["region"] == "eu-west-1"
    assert answer["findings"] == []


def test_a_job_network_takes_one_of_the_address_pools(doctor: Doctor) -> None:
    def available_networks() -> int:
        (docker,) = (fact for fact in doctor.json("host")["facts"] if fact["name"] == "docker")
        found = re.search(r", (\d+) of \d+ networks", docker["value"])
        assert found
        return int(found[1])

    before = available_networks()
    machine = doctor.host.docker.machine
    machine.run("docker", "network", "create", "job-of-the-doctor", check=True)
    try:
        assert available_networks() == before - 1
    finally:
        machine.run("docker", "network", "rm", "job-of-the-doctor", check=True)


def test_pins_are_the_digests_of_the_registries(doctor: Doctor) -> None:
    engine, machine = doctor.host.docker.engine, doctor.host.docker.machine
    moving = private(LEGACY, "tools/moving:1")
    engine.publish_tiny(moving.name, LEGACY.credentials)
    images = (ECR_IMAGE, moving, MIRRORED)
    machine.write(PIPELINE, "".join(f"job{n}: {{image: {image.name}}}\n" for n, image in enumerate(images)))
    assert doctor.findings("pin", PIPELINE, "--check") == {"not-pinned"}
    assert doctor.run("pin", PIPELINE)[0] == 0
    pinned = "".join(
        f"job{n}: {{image: {image.name}@{doctor.digest(image)}}}\n" for n, image in enumerate(images)
    )
    assert machine.path(PIPELINE).read_text() == pinned
    assert doctor.findings("pin", PIPELINE, "--check") == set()

    before = doctor.digest(moving)
    engine.publish_tiny(moving.name, LEGACY.credentials)
    assert doctor.digest(moving) != before
    answer = doctor.json("pin", PIPELINE, "--check")
    assert [(each["name"], each["where"]) for each in answer["findings"]] == [
        ("tag-moved", f"{PIPELINE}, line 2")
    ]
    assert machine.path(PIPELINE).read_text() == pinned
