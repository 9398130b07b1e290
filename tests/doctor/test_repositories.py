"""An image of an ECR repository that a stack does not declare, and its runners may not pull from."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.doctor.host_tree import Doctor

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
SHARED = "210987654321.dkr.ecr.us-east-1.amazonaws.com"
REGISTRIES = {
    "team": {"ecr": {}, "repositories": ["ci/base", "ci/node"]},
    "hub": {"pull_through": "quay"},
    "cache": {"pull_through": "ecr-public", "repositories": ["docker/library/redis"]},
    "shared": {
        "ecr": {"account": "210987654321", "region": "us-east-1", "caches": ["docker-hub"]},
        "repositories": ["platform/toolchain"],
    },
    "own": {"host": "registry.example.com", "static": {"username": "me", "password": "canary-password"}},
}


@pytest.fixture(name="found")
def _found(doctor: Doctor, tmp_path: Path) -> Any:
    """Finds what the doctor reports about an image of a stack with one runner, and another on its host."""

    def found(image: str, host: Any, *options: str) -> dict[str, Any]:
        runners = {
            "build": {"group": 42, "registries": ["team", "hub", "cache", "own"], "host": host},
            "checks": {"group": 42, "registries": ["shared"], "host_of": "build"},
        }
        stack = {"registries": REGISTRIES, "runners": runners}
        config = {"aws:region": "eu-west-1", "gitlab-runner:stack": stack}
        (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}))
        of_stack = ["--stack", "prod", "--runner", "build", "--stacks-dir", str(tmp_path)]
        return doctor.findings("image", image, *of_stack, "--account", "123456789012", "--offline", *options)

    return found


@pytest.mark.parametrize(
    ("image", "fix"),
    [
        (f"{ECR}/ci/base:1", None),
        (f"{ECR}/ci/bsae:1", "did you mean 'ci/base'? Otherwise declare it under `repositories`"),
        (f"{ECR}/CI:1", None),  # no valid name, which is another finding
        (f"{ECR}/app:1", "declare it under `repositories` of the registry in the stack"),
        (f"{ECR}/hub/any/name:1", None),
        (f"{ECR}/hubs/any/name:1", "declare it under"),
        (f"{ECR}/cache/docker/library/redis:7", None),
        (f"{ECR}/cache/docker/library/postgres:17", "did you mean 'cache/docker/library/redis'?"),
        (f"{SHARED}/platform/toolchain@sha256:{'0' * 64}", None),
        (f"{SHARED}/docker-hub/library/redis:7", None),
        (f"{SHARED}/ci/base:1", "declare it under"),
        ("registry.example.com/app:1", None),
        ("alpine:3.22", None),
    ],
)
def test_an_image_of_a_stack(found: Any, image: str, fix: str | None) -> None:
    finding = found(image, {}).get("repository-not-declared")
    assert (finding is not None) is (fix is not None)
    assert finding is None or finding["fix"].startswith(fix)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ({}, True),
        ({"policies": ["arn:aws:iam::123456789012:policy/pull"]}, False),
        ({"docker": {"image": "manager:1", "aws_credentials": {"directory": "/etc/aws"}}}, False),
    ],
    ids=["the role of the stack", "a custom policy", "custom credentials"],
)
def test_only_the_rights_of_the_stacks_own_role_are_known(found: Any, host: Any, known: bool) -> None:
    assert ("repository-not-declared" in found(f"{ECR}/app:1", host)) is known


def test_a_job_with_credentials_of_its_own_does_not_pull_with_the_role(found: Any) -> None:
    own = f'{{"auths": {{"{ECR}": {{"auth": "QVdTOnB3"}}}}}}'
    assert "repository-not-declared" not in found(f"{ECR}/app:1", {}, "--docker-auth-config", own)
