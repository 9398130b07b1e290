"""The stack `docker` on a real Docker Engine: its manager survives changes, failures and interventions."""

import base64
import json
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import yaml
from docker.models.containers import Container
from pulumi_gitlab_runner.doctor.command_line import main
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY

from sandbox.docker.prepare import prepare
from sandbox.docker.unavailable import DockerUnavailableError
from sandbox.engine.release import Engine
from sandbox.environment import DOCKER, SERVICES, Sandbox
from sandbox.go_toolchain import GoBuildError
from sandbox.paths import CHECKOUT, sandbox_directory
from sandbox.progress import Progress
from tests.engine.canaries import TOKEN, written_forms
from tests.engine.project import Project

pytestmark = [pytest.mark.engine, pytest.mark.docker]

PASSWORD = "sandbox-password"
SECRET_KEY = "sandbox-secret-access-key"
FILES = "/srv/gitlab-runner/current"


class DockerProject(Project):
    """The project with the stack `docker`, and the Docker host that it runs on."""

    def __init__(self, directory: Path, sandbox: Sandbox) -> None:
        settings = CHECKOUT / "stacks" / "Pulumi.docker.yaml"
        super().__init__(directory, sandbox, settings=settings, environment={})
        self.docker = docker.DockerClient(f"unix://{sandbox.directory}/docker/engine.sock")

    def container(self, name: str = "ci-build") -> Container:
        """The container whose resource has this name."""
        (found,) = (each for each in self.containers() if each.name.rpartition("-")[0] == name)
        return found

    def containers(self) -> list[Container]:
        return self.docker.containers.list(all=True)

    def in_manager(self, script: str) -> str:
        """Run a shell script in the manager's container; return its output."""
        done = self.container().exec_run(["/bin/sh", "-c", script], environment={"PATH": "/usr/bin:/bin"})
        return done.output.decode()


@pytest.fixture(scope="module")
def project(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerProject]:
    fresh = Sandbox(tmp_path_factory.mktemp("docker"), engine, (*SERVICES, DOCKER))
    try:
        helper = prepare(sandbox_directory(), Progress())
    except (DockerUnavailableError, GoBuildError) as reason:
        pytest.skip(f"no Docker Engine: {reason}")
    (fresh.directory / "ecr-login").symlink_to(helper.parents[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_RUNNER_TOKEN", TOKEN)
        try:
            fresh.start()
            project = DockerProject(tmp_path_factory.mktemp("project") / "it", fresh)
            settings = yaml.safe_load(project.settings.read_text())
            settings["config"]["gitlab-runner:stack"]["cache"] = {}
            project.settings.write_text(yaml.safe_dump(settings))
            project.up("--diff")
            yield project
            project.docker.close()
        finally:
            fresh.stop()


def test_the_manager_is_healthy_and_its_images_are_pinned(project: DockerProject) -> None:
    manager = project.container()
    assert (manager.status, manager.health) == ("running", "healthy")
    assert "@sha256:" in manager.attrs["Config"]["Image"]
    assert project.in_manager(f"cat {FILES}/config.toml").count("@sha256:") == 3


def test_public_images_are_mirrored_and_pulled_from_the_mirror(project: DockerProject) -> None:
    mirrored = json.loads(project.pulumi("stack", "output", "mirrors", "--json").stdout)["public"]
    services = tomllib.loads(project.in_manager(f"cat {FILES}/config.toml"))["runners"][0]["docker"][
        "services"
    ]
    assert [each["name"] for each in services] == [mirrored["postgres"], mirrored["redis"]]
    login = {"username": "AWS", "password": "123456789012-auth-token"}
    for image in mirrored.values():
        assert image.startswith("123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/")
        project.docker.api.pull(image, auth_config=login)
        assert image.replace(":latest@", "@") in project.docker.images.get(image).attrs["RepoDigests"]


def test_the_manager_has_the_credentials_of_its_registries_only(project: DockerProject) -> None:
    auths = json.loads(project.in_manager(f"cat {FILES}/home/.docker/config.json"))["auths"]
    assert {registry: base64.b64decode(entry["auth"]).decode() for registry, entry in auths.items()} == {
        "registry.example.com:5000": f"my_username:{PASSWORD}",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com": "AWS:123456789012-auth-token",
    }
    # In the container's memory, readable by root only.
    shown = project.in_manager(
        f"stat -c '%a %u' {DIRECTORY} {DIRECTORY}/config.json; mount | grep {DIRECTORY}"
    )
    assert shown.splitlines()[:2] == ["700 0", "600 0"]
    assert f"tmpfs on {DIRECTORY} " in shown


def test_the_credential_service_restarts_after_it_is_killed(project: DockerProject) -> None:
    def service() -> str:
        return project.in_manager(
            "ps -o pid,args | grep '[g]itlab_runner_credentials serve' | awk '{print $1}'"
        )

    first = service()
    project.in_manager(f"kill -9 {first}")
    deadline = time.monotonic() + 30
    while not service():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert service() != first
    auths = json.loads(project.in_manager(f"cat {FILES}/home/.docker/config.json"))["auths"]
    assert len(auths) == 2


def test_no_secret_is_visible(project: DockerProject) -> None:
    """The manager has each in a file. The AWS key is also that of the cache, but not in config.toml."""
    state = project.pulumi("stack", "export").stdout
    shown = [json.dumps(each.attrs) + each.logs().decode() for each in project.containers()]
    processes = project.in_manager("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>&1 | tr '\\0' '\\n'")
    assert "gitlab-runner" in processes
    config = project.in_manager(f"cat {FILES}/config.toml")
    assert "BucketName" in config
    assert SECRET_KEY not in config
    logs = [file.read_text(errors="replace") for file in (project.sandbox.directory / "logs").iterdir()]
    for secret in (TOKEN, PASSWORD, SECRET_KEY):
        assert secret in project.in_manager(f"cd {FILES}; cat config.toml passwords/* aws/*")
        for text in (state, project.printed, processes, *shown, *logs):
            assert not any(form in text for form in written_forms(secret))


def test_the_doctor_examines_the_manager_from_another_machine(
    project: DockerProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{project.sandbox.directory}/docker/engine.sock")
    stacks = str(CHECKOUT / "stacks")
    status = main(
        ["host", "--stack", "docker", "--live", "--account", "123456789012", "--stacks-dir", stacks]
    )
    shown = " ".join(capsys.readouterr().out.split())
    assert status == 0, shown
    assert f"in the container {project.container().name}" in shown
    assert "registry.example.com:5000" in shown
    assert shown.count(" ago, valid for 11 h ") == 2
    for secret in (TOKEN, PASSWORD, SECRET_KEY):
        assert secret not in shown


def test_a_change_reaches_the_manager_while_a_job_runs(project: DockerProject) -> None:
    before = project.container().id
    project.in_manager("touch /run/jobs/1")
    with project.declaring("runners/build/host/concurrent", 7):
        assert {each[1:] for each in project.up()} == {("Container", "ci-build-files")}
    manager = project.container()
    assert manager.id == before
    assert "Configuration loaded: concurrent = 7" in manager.logs().decode()
    assert "Stopping" not in manager.logs().decode()
    project.in_manager("rm /run/jobs/1")


def test_an_image_that_does_not_exist_leaves_the_manager_unchanged(project: DockerProject) -> None:
    before = project.container().id
    with project.declaring("runners/build/host/docker/image", "nobody/has:1"):
        failed = project.pulumi("up", "--yes", "--skip-preview", check=False)
    assert failed.returncode != 0
    assert "unable to pull image nobody/has:1" in failed.stdout
    # Pulumi's SDK may print a traceback of its hook server when it ends (grpc.aio, `Server.__del__`).
    assert "pulumi_gitlab_runner/" not in failed.stdout + failed.stderr
    assert (project.container().id, project.container().health) == (before, "healthy")


def test_a_change_by_hand_is_found_and_reverted(project: DockerProject) -> None:
    before = project.container()
    before.remove(force=True)
    (network,) = _networks(project)
    project.docker.networks.get(network).remove()
    project.up("--refresh")
    assert project.container().health == "healthy"
    assert project.container().id != before.id
    assert len(_networks(project)) == 1


def test_a_destroy_leaves_nothing(project: DockerProject) -> None:
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert project.containers() == []
    assert project.docker.volumes.list() == []
    assert _networks(project) == set()


def _networks(project: DockerProject) -> set[str]:
    return {each.name for each in project.docker.networks.list()} - {"bridge", "host", "none"}
