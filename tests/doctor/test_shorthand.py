"""A job's image that begins with a registry's name in the declaration is one of Docker Hub: a finding."""

from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor.findings.image_names import Shorthands, shorthand_findings

from tests.doctor.host_tree import Doctor, HostTree

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
STACK = """
config:
  aws:region: eu-west-1
  gitlab:baseUrl: https://gitlab.example.com/api/v4/
  gitlab-runner:stack:
    registries:
      team: {ecr: {}, repositories: {ci/base: {}}}
      legacy: {host: "registry.example.com:5000", static: {username: u, password: canary-password}}
    runners:
      build: {group: 42, image: team/ci/base:1, registries: [team, legacy], host: {}}
"""


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("team/ci/base:1", f"{ECR}/ci/base:1"),
        ("team/app", f"{ECR}/app"),
        ("legacy/app:2", "registry.example.com:5000/app:2"),
        (f"{ECR}/ci/base:1", ""),
        ("docker.io/team/app:1", ""),
        ("teams/app:1", ""),
        ("team", ""),
        ("team:1", ""),
        ("Team/App", ""),
    ],
)
def test_a_stacks_names(image: str, full: str) -> None:
    shorthands = Shorthands({"team": ECR, "legacy": "registry.example.com:5000"})
    found = list(shorthand_findings(image, shorthands))
    assert [each.fix for each in found] == ([f"write {full}"] if full else [])


@pytest.mark.parametrize(
    ("image", "found"), [("team/ci/base:1", True), ("team/base:1", False), ("base", False)]
)
def test_names_that_docker_hub_cannot_have(image: str, found: bool) -> None:
    """Docker Hub's repositories are NAMESPACE/REPOSITORY."""
    assert bool(list(shorthand_findings(image, Shorthands(hosts=("registry.example.com:5000",))))) == found
    assert not list(shorthand_findings(image, Shorthands()))


def test_a_pipeline_for_a_stack(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text(STACK)
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text("job: {script: [x], image: 'team/ci/base:2026.11'}\nwell: {image: 'alpine:3.22'}\n")
    found = doctor.findings(
        "job",
        str(file),
        "--stack",
        "prod",
        "--stacks-dir",
        str(tmp_path),
        "--account",
        "123456789012",
        "--offline",
    )
    assert found["shorthand"]["what"] == "in a job it is docker.io/team/ci/base:2026.11"
    assert found["shorthand"]["fix"] == f"write {ECR}/ci/base:2026.11"


def test_an_image_of_a_stack(doctor: Doctor, tmp_path: Path) -> None:
    """The name is read as in a job: there it is one of Docker Hub."""
    (tmp_path / "Pulumi.prod.yaml").write_text(STACK)
    of_stack = ["--stack", "prod", "--stacks-dir", str(tmp_path), "--account", "123456789012", "--offline"]
    found = doctor.findings("image", "team/ci/base:2026.11", *of_stack)
    assert found["shorthand"]["what"] == "in a job it is docker.io/team/ci/base:2026.11"
    assert found["shorthand"]["fix"] == f"write {ECR}/ci/base:2026.11"
    assert doctor.findings("image", f"{ECR}/ci/base:2026.11", *of_stack) == {}


def test_an_image_of_a_rendered_host(doctor: Doctor, host: HostTree) -> None:
    host.write("etc/gitlab-runner/registries", "registry.example.com:5000 ecr eu-west-1\n")
    found = doctor.findings("image", "team/ci/base:1", "--root", str(host.root), "--offline")
    assert found["shorthand"]["fix"] == "write registry.example.com:5000/ci/base:1"


def test_a_pipeline_for_a_rendered_host(doctor: Doctor, host: HostTree, tmp_path: Path) -> None:
    host.write("etc/gitlab-runner/registries", "registry.example.com:5000 ecr eu-west-1\n")
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text("job: {script: [x], image: 'team/ci/base:1'}\n")
    found = doctor.findings("job", str(file), "--root", str(host.root), "--offline")
    assert found["shorthand"]["fix"] == "write registry.example.com:5000/ci/base:1"


@pytest.mark.parametrize(
    ("image", "full"),
    [
        (f"{ECR}/hub/redis:7", f"{ECR}/hub/library/redis:7"),
        (f"{ECR}/hub/redis", f"{ECR}/hub/library/redis"),
        (f"{ECR}/hub/library/redis:7", ""),
        (f"{ECR}/hub/bitnami/redis:7", ""),
        (f"{ECR}/hubs/redis:7", ""),
        ("redis:7", ""),
    ],
)
def test_official_images_behind_a_cache_of_docker_hub(image: str, full: str) -> None:
    found = list(shorthand_findings(image, Shorthands(hub_caches=(f"{ECR}/hub",))))
    assert [each.fix for each in found] == ([f"write {full}"] if full else [])


@pytest.mark.parametrize(
    ("image", "found"), [(f"{ECR}/hub/redis:7", ["shorthand"]), (f"{ECR}/hub/library/redis:7", [])]
)
def test_an_image_and_a_job_of_a_stack_with_such_a_cache(
    doctor: Doctor, tmp_path: Path, image: str, found: list[str]
) -> None:
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"
    hub = f"hub: {{pull_through: docker-hub, upstream_secret: '{secret}'}}"
    stack = STACK.replace("legacy: {", f"{hub}\n      legacy: {{").replace(
        "[team, legacy]", "[team, legacy, hub]"
    )
    (tmp_path / "Pulumi.prod.yaml").write_text(stack)
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(f"job: {{script: [x], image: '{image}'}}\n")
    of_stack = ["--stack", "prod", "--stacks-dir", str(tmp_path), "--account", "123456789012", "--offline"]
    assert list(doctor.findings("job", str(file), *of_stack)) == found
    assert list(doctor.findings("image", image, *of_stack)) == found
