"""An image of an ECR repository that a stack does not declare, and its runners may not pull from."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.doctor.credential_helpers import no_helper
from pulumi_gitlab_runner.doctor.credentials_report import declared_config
from pulumi_gitlab_runner.doctor.findings.repositories import repository_findings
from pulumi_gitlab_runner.doctor.pull_rights import EcrRepository, PullRights
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.images.reference import parse

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
    ("image", "allowed", "why"),
    [
        (f"{ECR}/app:1", None, "ECR denies the pull, unless the policy of the repository allows the role"),
        (f"{ECR}/app:1", False, "ECR denies the pull"),
        (f"{ECR}/app:1", True, None),
        (f"{SHARED}/app:1", None, "ECR denies the pull"),
        (f"{SHARED}/app:1", True, None),
        (f"{ECR}/ci/base:1", False, None),
    ],
)
def test_the_policy_of_a_repository_and_the_answer_of_ecr(
    image: str, allowed: bool | None, why: str | None
) -> None:
    asked: list[EcrRepository] = []

    def ask(repository: EcrRepository) -> bool | None:
        asked.append(repository)
        return allowed

    home = ConfigFile("/root/.docker/config.json", declared_config(f"{ECR} helper x\n{SHARED} helper x\n"))
    arns = ("arn:aws:ecr:eu-west-1:123456789012:repository/ci/base",)
    host = RunnerHost(
        *("build", "19.3.0", (home,), no_helper), pull_rights=PullRights("123456789012", arns, ask)
    )
    resolution = resolve_as_runner(image, runner_version="19.3.0", run_helper=no_helper, home=(home,))
    assert [each.why for each in repository_findings(resolution, parse(image), host)] == (
        [why] if why else []
    )
    name, region = image.rpartition(":")[0].partition("/")[2], image.split(".")[3]
    assert asked == ([] if name == "ci/base" else [EcrRepository(image[:12], region, name)])


def test_ecr_is_not_asked_offline(
    monkeypatch: pytest.MonkeyPatch, doctor: Doctor, tmp_path: Path, found: Any
) -> None:
    def ask(_: EcrRepository) -> bool | None:
        raise AssertionError

    monkeypatch.setattr(
        "pulumi_gitlab_runner.doctor.stack_file.PullRights",
        lambda account, arns, _: PullRights(account, arns, ask),
    )
    assert "repository-not-declared" in found(f"{ECR}/app:1", {})


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
