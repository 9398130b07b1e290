"""A team's own images, built by a real BuildKit and pushed to real registries."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.docker import ecr_login
from sandbox.docker.engine import SOCKET
from sandbox.docker.sandbox import DockerSandbox
from sandbox.environment import Sandbox
from sandbox.paths import sandbox_directory
from sandbox.progress import Progress
from sandbox.providers.docker_build.provider import DockerBuild
from sandbox.standin.provider import Refused
from sandbox.standin.values import Properties
from tests.docker.images import PullError, forget_images, pull
from tests.docker.runner_host import LEGACY, TEAM
from tests.engine.project import Project

pytestmark = [pytest.mark.docker, pytest.mark.engine]

IMAGE = "docker-build:index:Image"
REPOSITORY = f"{TEAM.host}/ci/built"
DOCKERFILE = """\
FROM scratch
ARG GREETING
LABEL greeting=$GREETING
COPY app /app
"""
SECRET = "canary-of-the-build"
SECRET_PATH = "gitlab-runner:stack.builds.base.secrets.npm"
DECLARED: dict[str, Any] = {
    "registries": {
        "team": {"ecr": {}, "repositories": {"ci/built": {"mutable_tags": ["latest"], "delete_images": True}}}
    },
    "builds": {
        "base": {
            "repository": "team/ci/built",
            "context": "images/base",
            "args": {"GREETING": "hello"},
            "tags": ["latest"],
        }
    },
}


@pytest.fixture(scope="module")
def _docker_of_the_user(docker: DockerSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user of Pulumi has the engine and ECR's credential helper, and is logged in to one registry."""
    home = tmp_path_factory.mktemp("home")
    helper = ecr_login.obtain(sandbox_directory() / "ecr-login", Progress())
    assert LEGACY.credentials is not None
    login = f"{LEGACY.credentials.username}:{LEGACY.credentials.password}".encode()
    config = {
        "credHelpers": {TEAM.host: "ecr-login"},
        "auths": {LEGACY.host: {"auth": base64.b64encode(login).decode()}},
    }
    (home / "config.json").write_text(json.dumps(config))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("DOCKER_CONFIG", str(home))
        patch.setenv("DOCKER_HOST", f"unix://{docker.machine.path(SOCKET)}")
        patch.setenv("PATH", str(helper.parent), prepend=":")
        yield


@pytest.fixture(scope="module")
def project(_docker_of_the_user: None, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A deployed project with one image."""
    directory = tmp_path_factory.mktemp("project")
    settings = directory / "settings.yaml"
    settings.write_text(
        yaml.safe_dump({"config": {"aws:region": "eu-west-1", "gitlab-runner:stack": DECLARED}})
    )
    project = Project(directory / "it", sandbox, settings=settings)
    write(project, "Dockerfile", DOCKERFILE)
    write(project, "app", "1")
    project.pulumi("config", "set", "--secret", "--path", SECRET_PATH, SECRET)
    project.up()
    return project


def write(project: Project, name: str, content: str) -> None:
    """Write a file of the image."""
    file = project.directory / "images" / "base" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def image(project: Project) -> str:
    """The image in the stack's outputs."""
    reference: str = project.outputs()["builds"]["base"]
    assert re.fullmatch(re.escape(REPOSITORY) + ":content-[0-9a-f]{16}@sha256:[0-9a-f]{64}", reference)
    return reference


def tag_of(reference: str) -> str:
    """Repository and tag of an image."""
    return reference.partition("@")[0]


def digest_of(reference: str) -> str:
    return reference.partition("@")[2]


def pulled(docker: DockerSandbox, reference: str) -> Any:
    """Pull an image from its registry again; return its properties."""
    forget_images(docker.engine)
    pull(docker.engine, tag_of(reference), TEAM.credentials)
    found = docker.engine.api.inspect_image(tag_of(reference))
    assert digest_of(reference) in found["RepoDigests"][0]
    return found


def test_an_image_is_built_and_pushed_again_when_its_files_change(
    docker: DockerSandbox, project: Project
) -> None:
    first = image(project)
    assert pulled(docker, first)["Config"]["Labels"] == {"greeting": "hello"}
    project.pulumi("config", "set", "--secret", "--path", SECRET_PATH, f"another {SECRET}")
    assert project.changes() == set()

    write(project, "app", "2")
    preview, _, _ = project.pulumi("up", "--yes", "--diff").stdout.partition("Updating (")
    (tag,) = re.findall(rf'~ \[0\]: "{re.escape(tag_of(first))}" => "(.*)"', preview)
    second = image(project)
    assert tag_of(second) == tag
    assert digest_of(second) != digest_of(first)
    assert pulled(docker, f"{REPOSITORY}:latest")["RepoDigests"] == [f"{REPOSITORY}@{digest_of(second)}"]

    project.pulumi("destroy", "--yes", "--skip-preview")
    pulled(docker, first)
    pulled(docker, second)
    assert SECRET not in project.printed


def inputs(tmp_path: Path, tag: str, **others: Any) -> Properties:
    """The inputs of an image, as the engine passes them to the provider."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "app").write_text("1")
    given = {
        "push": True,
        "buildOnPreview": False,
        "context": {"location": str(tmp_path)},
        "dockerfile": {"location": str(tmp_path / "Dockerfile")},
        "tags": [tag],
    }
    checked, failures = DockerBuild().check(IMAGE, "image", {}, given | others, b"")
    assert failures == []
    return checked


@pytest.fixture
def provider(_docker_of_the_user: None) -> DockerBuild:
    return DockerBuild()


def test_a_build_reads_its_secrets_and_does_not_keep_them(
    docker: DockerSandbox, provider: DockerBuild, tmp_path: Path
) -> None:
    docker.engine.publish_tiny(f"{LEGACY.host}/tools/init:1", LEGACY.credentials)
    given = inputs(tmp_path, f"{LEGACY.host}/tools/built:1", secrets={"npm": SECRET})
    (tmp_path / "Dockerfile").write_text(
        f'FROM {LEGACY.host}/tools/init:1\nRUN --mount=type=secret,id=npm,required ["/init", "--version"]\n'
    )
    with pytest.raises(Refused, match="secret npm not found"):
        provider.create(IMAGE, given | {"secrets": {}}, preview=False)
    resource_id, outputs = provider.create(IMAGE, given, preview=False)
    assert outputs["ref"] == f"{LEGACY.host}/tools/built:1@{resource_id}"
    assert SECRET not in json.dumps(docker.engine.api.inspect_image(f"{LEGACY.host}/tools/built:1"))


def test_an_image_exists_until_its_registry_loses_it(provider: DockerBuild, tmp_path: Path) -> None:
    given = inputs(tmp_path, f"{LEGACY.host}/tools/read:1")
    resource_id, outputs = provider.create(IMAGE, given, preview=False)
    found = provider.read(IMAGE, resource_id, given, outputs)
    assert found is not None
    assert found.outputs == outputs
    assert provider.read(IMAGE, resource_id, given, outputs | {"digest": "sha256:" + "0" * 64}) is None


def test_a_refused_push_is_reported_and_nothing_is_tagged(
    docker: DockerSandbox, provider: DockerBuild, tmp_path: Path
) -> None:
    tag = f"{LEGACY.host}/tools/refused:1"
    given = inputs(tmp_path, tag)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(tmp_path))
        with pytest.raises(Refused, match=f"{tag} cannot be pushed: .*no basic auth credentials"):
            provider.create(IMAGE, given, preview=False)
    with pytest.raises(PullError):
        pull(docker.engine, tag, LEGACY.credentials)
    provider.create(IMAGE, given, preview=False)
    pull(docker.engine, tag, LEGACY.credentials)


def test_a_failed_build_is_reported_and_nothing_is_pushed(
    docker: DockerSandbox, provider: DockerBuild, tmp_path: Path
) -> None:
    tag = f"{LEGACY.host}/tools/failing:1"
    given = inputs(tmp_path, tag)
    (tmp_path / "Dockerfile").write_text(f"{DOCKERFILE}COPY none /none\n")
    with pytest.raises(Refused, match=r'the image cannot be built:\n(.|\n)*"/none" not found'):
        provider.create(IMAGE, given, preview=False)
    with pytest.raises(PullError):
        pull(docker.engine, tag, LEGACY.credentials)


def test_an_unreachable_engine_is_reported(provider: DockerBuild, tmp_path: Path) -> None:
    given = inputs(tmp_path, f"{LEGACY.host}/tools/away:1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
        with pytest.raises(Refused, match=r"(?i)cannot connect to the Docker daemon"):
            provider.create(IMAGE, given, preview=False)
