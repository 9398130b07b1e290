"""The runner and `docker pull` pull from every kind of registry, with the files of a host."""

import json
import re

import pytest
from pulumi_gitlab_runner.auth.resolution.trace import Origin

from sandbox.docker.sandbox import CREATED, DockerSandbox, Image, private
from tests.docker.images import PullError, forget_images, identity, pull
from tests.docker.runner_host import (
    BY_HOST,
    BY_PATH,
    CONFIG,
    ECR_IMAGE,
    GITLAB,
    IMAGES,
    JOB_IMAGE,
    LEGACY,
    PARAMETER_IMAGE,
    POSTGRES,
    PRIVATE,
    PUBLIC,
    REDIS,
    REFUSED,
    RunnerHost,
)

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("image", (BY_HOST | PUBLIC).values(), ids=BY_HOST | PUBLIC)
def test_docker_pull_works_with_the_configuration_of_the_host(host: RunnerHost, image: Image) -> None:
    done = host.docker_pull(image)
    assert (done.returncode, done.stderr) == (0, "")
    assert host.has(image)


@pytest.mark.parametrize("image", (PRIVATE | PUBLIC).values(), ids=PRIVATE | PUBLIC)
def test_the_runner_pulls_an_image(host: RunnerHost, image: Image) -> None:
    host.runner_pull(image)
    assert host.has(image)


@pytest.mark.parametrize("image", BY_PATH.values(), ids=BY_PATH)
def test_a_path_accepts_only_its_own_credentials(host: RunnerHost, image: Image) -> None:
    for other in (*BY_PATH.values(), JOB_IMAGE):
        if other is not image:
            with pytest.raises(PullError, match="pull access denied"):
                pull(host.docker.engine, image.name, other.credentials)


def test_the_jobs_own_credentials_are_used_beside_those_for_paths(host: RunnerHost) -> None:
    entry = host.resolve(JOB_IMAGE).entry
    assert entry
    assert (entry.origin, entry.path) == (Origin.JOB_PAYLOAD, GITLAB.host)


@pytest.mark.parametrize("image", PUBLIC.values(), ids=PUBLIC)
def test_a_public_image_is_pulled_without_credentials(host: RunnerHost, image: Image) -> None:
    assert host.resolve(image).credentials is None


@pytest.mark.parametrize("image", PRIVATE.values(), ids=PRIVATE)
def test_a_private_registry_accepts_only_its_own_credentials(host: RunnerHost, image: Image) -> None:
    wrong = LEGACY.credentials if image is not PARAMETER_IMAGE else ECR_IMAGE.credentials
    for credentials in (None, wrong):
        with pytest.raises(PullError, match=REFUSED):
            pull(host.docker.engine, image.name, credentials)
    host.docker.machine.path(CONFIG).unlink()
    assert re.search(REFUSED, host.docker_pull(image).stderr)


def test_the_seed_case_runs(host: RunnerHost) -> None:
    for image in (ECR_IMAGE, POSTGRES, REDIS):
        host.runner_pull(image)
    machine = host.docker.machine
    machine.run("docker", "network", "create", "job-1", check=True)
    for image in (ECR_IMAGE, POSTGRES, REDIS):
        done = machine.run("docker", "run", "--rm", "--network", "job-1", image.name)
        assert done.stdout.startswith("tini version"), done.stderr
    machine.run("docker", "network", "rm", "job-1", check=True)


def test_a_job_cannot_make_the_manager_answer_for_a_registry_it_does_not_use(host: RunnerHost) -> None:
    foreign = "999999999999.dkr.ecr.eu-west-1.amazonaws.com"
    image = Image(ECR_IMAGE.registry, "any/image:1", f"{foreign}/any/image:1")
    for helper in ("ecr-login", "runner", "gitlab-runner-credentials"):
        found = host.resolve(image, json.dumps({"credHelpers": {foreign: helper}}))
        assert found.credentials is None
    # The manager itself could get that account's token: only the location of the helper keeps it from a job.
    answer = host.docker.machine.run(
        "/usr/bin/docker-credential-ecr-login", "get", stdin=foreign, environment=host.process
    )
    assert json.loads(answer.stdout)["Secret"] == "999999999999-auth-token"


def test_no_password_is_in_a_file_of_the_host(host: RunnerHost) -> None:
    for image in IMAGES:
        host.runner_pull(image)
    passwords = [image.credentials.password for image in PRIVATE.values() if image.credentials]
    searched = host.docker.machine.run(
        "grep", "-rlFf", "-", "/etc", "/root/.docker", stdin="\n".join(passwords)
    )
    assert (searched.returncode, searched.stdout) == (1, "")


def test_an_image_of_the_sandbox_is_the_same_each_time(docker: DockerSandbox) -> None:
    """A mirror keeps the first digest of a tag, also after a restart of the sandbox."""
    image = private(LEGACY, "tools/same:1")
    ids = [docker.engine.publish_tiny(image.name, LEGACY.credentials, CREATED) for _ in range(2)]
    pull(docker.engine, image.name, LEGACY.credentials)
    assert set(ids) == {identity(docker.engine, image.name)}
    forget_images(docker.engine)
