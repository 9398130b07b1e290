"""A broken registry affects only its own images, whatever the fault: on a real Docker Engine."""

import json
import re
from collections.abc import Callable

import pytest

from sandbox.docker.sandbox import ECR_LOGIN, Image
from tests.docker.images import PullError, forget_images
from tests.docker.runner_host import (
    CONFIG,
    ECR_IMAGE,
    OTHER_ACCOUNT_IMAGE,
    PARAMETER_IMAGE,
    POSTGRES,
    REDIS,
    REFUSED,
    SECRET_IMAGE,
    SHARED,
    RunnerHost,
)

pytestmark = pytest.mark.docker

BROKEN_HELPER = "/opt/docker-credential-broken"


def _helper(script: str) -> Callable[[RunnerHost], None]:
    def damage(host: RunnerHost) -> None:
        host.docker.machine.write(BROKEN_HELPER, f"#!/bin/sh\n{script}\n", 0o755)
        host.replace_source(SHARED, f"helper {BROKEN_HELPER}")

    return damage


def _source(text: str) -> Callable[[RunnerHost], None]:
    return lambda host: host.replace_source(SHARED, text)


DAMAGES: dict[str, Callable[[RunnerHost], None]] = {
    "its helper is missing": _source("helper /opt/docker-credential-nowhere"),
    "its helper fails": _helper("echo AccessDeniedException; exit 3"),
    "its helper hangs": _helper("exec sleep 60"),
    "its helper answers rubbish": _helper("echo '<html>502 Bad Gateway</html>'"),
    "its helper answers a wrong password": _helper(
        """echo '{"ServerURL": "", "Username": "AWS", "Secret": "expired"}'"""
    ),
    "its parameter is not there": _source("parameter eu-west-1 /no/such/parameter"),
}

OTHERS = (ECR_IMAGE, PARAMETER_IMAGE, SECRET_IMAGE, POSTGRES, REDIS)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_broken_registry_affects_only_its_own_images(
    host: RunnerHost, damage: Callable[[RunnerHost], None]
) -> None:
    damage(host)
    for image in OTHERS:
        host.runner_pull(image)
        assert host.has(image)
    with pytest.raises(PullError, match=REFUSED):
        host.runner_pull(OTHER_ACCOUNT_IMAGE)
    forget_images(host.docker.engine)
    for image in OTHERS:
        done = host.docker_pull(image)
        assert (done.returncode, done.stderr) == (0, "")
        assert host.has(image)
    assert re.search(REFUSED, host.docker_pull(OTHER_ACCOUNT_IMAGE).stderr)


def test_a_registry_that_is_down_affects_only_its_own_images(host: RunnerHost) -> None:
    SHARED.stop(host.docker.machine)
    try:
        for image in OTHERS:
            host.runner_pull(image)
            assert host.has(image)
        with pytest.raises(PullError, match="connection refused"):
            host.runner_pull(OTHER_ACCOUNT_IMAGE)
    finally:
        host.docker.start_registry(SHARED)
    host.runner_pull(OTHER_ACCOUNT_IMAGE)
    assert host.has(OTHER_ACCOUNT_IMAGE)


def test_a_missing_ecr_helper_affects_only_ecr(host: RunnerHost) -> None:
    helper = host.docker.machine.path(ECR_LOGIN)
    away = helper.rename(helper.with_name("moved-away"))
    try:
        host.fetch_credentials(reset=True)
        for image in (PARAMETER_IMAGE, SECRET_IMAGE, POSTGRES, REDIS):
            host.runner_pull(image)
            assert host.has(image)
        for image in (ECR_IMAGE, OTHER_ACCOUNT_IMAGE):
            with pytest.raises(PullError, match="no basic auth credentials"):
                host.runner_pull(image)
    finally:
        away.rename(helper)
        host.fetch_credentials(reset=True)


@pytest.mark.parametrize("lost", [PARAMETER_IMAGE, SECRET_IMAGE], ids=["parameter", "secret"])
def test_the_usual_configuration_loses_credentials_of_other_registries(host: RunnerHost, lost: Image) -> None:
    """A missing helper of another registry makes the credentials of this one unavailable."""
    configuration = json.loads(host.docker.machine.path(CONFIG).read_text())
    host.docker.machine.path(CONFIG).unlink()
    configuration["credHelpers"] = {SHARED.host: "ecr-login"}  # not on the PATH of the manager's process
    host.docker.machine.write(CONFIG, json.dumps(configuration), 0o600)
    with pytest.raises(PullError, match="no basic auth credentials"):
        host.runner_pull(lost)
