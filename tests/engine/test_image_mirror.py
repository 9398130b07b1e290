"""Mirrored images by the real engine, between real registries."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from sandbox.environment import Sandbox
from tests.engine.project import REGION, Project
from tests.registry import loopback_registry as registry

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not shutil.which("docker-registry"), reason="docker-registry is not there"),
]

PASSWORD = "canary-of-the-mirror"
MIRRORED = "MirroredImage", "ci-public-app"


@dataclass
class Mirroring:
    """A stack with one mirrored image, and the two registries."""

    project: Project
    source: str
    target: str
    client: httpx.Client

    def push(self) -> str:
        """Push another image to the source's tag; return its digest."""
        images = {"linux/amd64": [os.urandom(1000)], "linux/arm64": [os.urandom(1000)]}
        with httpx.Client(base_url=f"http://{self.source}", verify=registry.WITHOUT_TLS) as client:
            digest: str = registry.push_index(client, "library/app", "1", images)["digest"]
        return digest

    def mirrored(self, repository: str = "mirror/app") -> str | None:
        """The digest that the tag has at the target."""
        answer = self.client.head(
            f"http://{self.target}/v2/{repository}/manifests/1", headers={"Accept": registry.INDEX}
        )
        return answer.headers.get("docker-content-digest")


@pytest.fixture(scope="module")
def mirroring(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirroring]:
    directory: Path = tmp_path_factory.mktemp("mirror")
    with (
        registry.serving(directory / "source") as source,
        registry.serving(directory / "target") as target,
        httpx.Client(verify=registry.WITHOUT_TLS) as client,
    ):
        stack = {
            "registries": {"own": {"host": target, "static": {"username": "me", "password": PASSWORD}}},
            "mirrors": {
                "public": {
                    "registry": "own",
                    "images": {"app": f"{source}/library/app:1"},
                    "variables": {"group": 42},
                },
                "borrowed": {
                    "registry": "own",
                    "images": {"tool": f"{source}/library/app:1"},
                    "delete": True,
                },
            },
        }
        settings = directory / "settings.yaml"
        settings.write_text(yaml.safe_dump({"config": {"aws:region": REGION, "gitlab-runner:stack": stack}}))
        project = Project(directory / "it", sandbox, settings=settings, stack="mirror")
        yield Mirroring(project, source, target, client)
        assert PASSWORD not in project.printed


def test_life_cycle_of_mirrored_images(mirroring: Mirroring) -> None:
    """One test, since each step takes seconds and depends on the previous ones."""
    project = mirroring.project
    shown = mirroring.push()
    plan = str(project.directory / "plan.json")
    assert shown in project.pulumi("preview", "--diff", "--save-plan", plan).stdout
    assert mirroring.mirrored() is None

    moved = mirroring.push()
    refused = project.pulumi("up", "--yes", "--skip-preview", "--plan", plan, check=False)
    assert "violates plan" in refused.stdout + refused.stderr
    assert mirroring.mirrored() is None

    project.up()
    assert mirroring.mirrored() == mirroring.mirrored("mirror/tool") == moved
    reference = f"{mirroring.target}/mirror/app:1@{moved}"
    assert project.outputs()["mirrors"]["public"] == {"app": reference}
    assert project.gitlab("GET", "groups/42/variables/IMAGE_APP")["value"] == reference

    later = mirroring.push()
    preview = project.pulumi("preview").stdout
    assert f"has moved: it is {later} now, and the mirror keeps {moved}" in preview
    assert "to create" not in preview
    assert "to update" not in preview

    mirroring.client.delete(f"http://{mirroring.target}/v2/mirror/app/manifests/{moved}").raise_for_status()
    assert project.up("--refresh") == {("refresh", *MIRRORED), ("update", *MIRRORED)}
    assert mirroring.mirrored() == moved

    project.pulumi("destroy", "--yes", "--skip-preview")
    assert mirroring.mirrored() == moved
    assert mirroring.mirrored("mirror/tool") is None
