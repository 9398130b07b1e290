"""The inputs of the roles of a pipeline, one by one; and the longest description of a function."""

from contextlib import nullcontext
from typing import Any
from unittest.mock import ANY

import pulumi
import pytest
from pulumi_gitlab_runner import HostedRunnerAuth, PipelineRoles
from pulumi_gitlab_runner.aws.jobs import pipeline_roles

from tests.components.recording import Recording, run

URL = "https://gitlab.example.com"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
PIPELINE = {
    "project": "platform/runners",
    "stack": "prod",
    "role_path": "/ci/",
    "permissions_boundary": BOUNDARY,
    "state": {"bucket": "my-state"},
}


@pytest.fixture(scope="module")
def recorded() -> tuple[Recording, dict[str, str]]:
    declaration = {"gitlab_url": URL, "runners": {"build": {"group": 42, "host": {}}}}
    args: Any = {"pipeline": PIPELINE, "declaration": declaration, "tags": {"team": "ci"}}

    def program() -> dict[str, Any]:
        roles = PipelineRoles("roles", args)
        return {
            "preview": roles.preview_role_arn,
            "drift": roles.drift_role_arn,
            "deploy": roles.deploy_role_arn,
            "provider": roles.identity_provider_arn,
            "snippet": roles.snippet,
        }

    return run(program)


def test_each_role_has_its_path_its_boundary_and_its_policies(recorded: tuple[Recording, Any]) -> None:
    recording, _ = recorded
    for name in ("preview", "drift", "deploy"):
        role = recording.registered["aws:iam/role:Role", f"roles-{name}"]
        assert role.inputs == {
            "path": "/ci/",
            "description": "Pipeline of gitlab-runner/prod",
            "assumeRolePolicy": ANY,
            "permissionsBoundary": BOUNDARY,
            "tags": {"team": "ci"},
        }
        state = recording.registered["aws:iam/rolePolicy:RolePolicy", f"roles-{name}-state"]
        assert state.inputs == {"role": f"roles-{name}-0a1b2c3", "policy": ANY}
        policy = recording.registered["aws:iam/policy:Policy", f"roles-{name}-1"]
        assert policy.inputs == {"path": "/ci/", "policy": ANY, "tags": {"team": "ci"}}
        assert "123456789012" in policy.inputs["policy"]
        assert "THE-ACCOUNT-" not in policy.inputs["policy"]
        attached = recording.registered[
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"roles-{name}-1"
        ]
        assert attached.inputs == {
            "role": f"roles-{name}-0a1b2c3",
            "policyArn": f"arn:aws:iam::123456789012:policy/ci/roles-{name}-1-0a1b2c3",
        }


def test_all_resources_are_children_of_the_component(recorded: tuple[Recording, Any]) -> None:
    parents = {each.parent for each in recorded[0].all_registered if each.type.startswith("aws:")}
    assert parents == {"gitlab-runner:index:PipelineRoles::roles"}


def test_the_outputs_of_the_component(recorded: tuple[Recording, dict[str, str]]) -> None:
    outputs = recorded[1]
    assert {name: outputs[name] for name in ("preview", "drift", "deploy", "provider")} == {
        **{name: f"arn:of:aws:iam/role:Role:roles-{name}" for name in ("preview", "drift", "deploy")},
        "provider": "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com",
    }
    lines = [line.strip() for line in outputs["snippet"].splitlines()]
    assert {
        'backend: "s3://my-state?region=eu-west-1"',
        *(f"{name}_role: {outputs[name]}" for name in ("preview", "drift", "deploy")),
    } <= set(lines)


def test_the_description_of_a_function_is_no_longer_than_lambda_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """256 characters: docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html."""
    monkeypatch.setattr("tests.components.recording.PROJECT", "p" * 100)
    monkeypatch.setattr("tests.components.recording.STACK", "s" * 100)
    token = {"secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/token-AbCdEf"}
    args: Any = {
        "auth": {"registries": ["team"], "projects": [7], "gitlab_token": token},
        "registries": {"team": {"ecr": {}, "repositories": ["ci/base"]}},
    }
    recording = run(lambda: HostedRunnerAuth("a-name-of-32-characters-at-most", args))[0]
    function = recording.registered["aws:lambda/function:Function", "a-name-of-32-characters-at-most"]
    assert len(function.inputs["description"]) == 256
    assert function.inputs["description"].startswith("Renews registry credentials in GitLab: ppp")


@pytest.mark.parametrize(("policies", "refused"), [(10, False), (11, True)])
def test_a_role_has_no_more_policies_than_iam_allows(
    monkeypatch: pytest.MonkeyPatch, policies: int, *, refused: bool
) -> None:
    """10: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""
    monkeypatch.setattr(pipeline_roles, "packed", lambda _: ["{}"] * policies)
    args: Any = {"pipeline": PIPELINE, "declaration": {"gitlab_url": URL}}
    seen: list[Recording] = []
    with pytest.raises(pulumi.RunError, match="11 managed policies") if refused else nullcontext():
        run(lambda: PipelineRoles("roles", args).snippet, seen=seen)
    attached = [each for each in seen[0].all_registered if each.type.endswith(":RolePolicyAttachment")]
    assert len(attached) == (0 if refused else 30)
