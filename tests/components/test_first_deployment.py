"""The preview of a first deployment shows policies completely, except the ARNs that AWS chooses."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from pulumi_gitlab_runner import HostedRunnerAuth, PipelineRoles, RunnerCache, RunnerManagerRole, RunnerStack

from tests.components.everything import EmptyCloud, declaration
from tests.components.recording import ACCOUNT, REGION, Recording, run
from tests.spec.declaration import STACKS, stack_file

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
POLICIES = {"assumeRolePolicy", "policy", "policyArn", "permissionsBoundary", "repositoryPolicy"}
ROLES = {"customRoleArn", "iamInstanceProfile", "iamRoleArn", "role", "roleArn", "target"}
"""The properties that define permissions, and the identities that have them."""
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef"


def previewed(program: Callable[[], Any]) -> Recording:
    """Preview a program, and return the recording."""
    return run(program, preview=True, cloud=EmptyCloud)[0]


def unknown_properties(recording: Recording) -> Iterator[tuple[str, str, str]]:
    """The properties of policies and roles that a preview does not show, with their resource."""
    for (kind, name), each in recording.registered.items():
        if kind.startswith("aws:"):
            for key, value in each.inputs.items():
                if key in POLICIES | ROLES and UNKNOWN in json.dumps(value):
                    yield kind.rpartition(":")[2], name, key


def stack_named(name: str) -> Any:
    """The declaration of one of the stacks of this project."""
    if name == "everything":
        return declaration()
    (file,) = (each for each in STACKS if each.name == f"Pulumi.{name}.yaml")
    return stack_file(file)


@pytest.mark.parametrize(
    ("stack", "with_keys"),
    [
        ("sandbox", ["ci-build"]),
        ("dev", ["ci-build"]),
        ("prod", ["ci-build", "ci-burst", "ci-release"]),
        ("everything", ["ci-build", "ci-release", "ci-burst", "ci-declared", "ci-first"]),
    ],
)
def test_a_preview_shows_every_policy_except_those_for_the_key(stack: str, with_keys: list[str]) -> None:
    recording = previewed(lambda: RunnerStack("ci", stack_named(stack)))
    assert sorted(unknown_properties(recording)) == sorted(
        ("RolePolicy", f"{each}.key", "policy") for each in with_keys
    )


def test_the_component_shows_the_policy_for_the_key_except_the_arn() -> None:
    recording = previewed(lambda: RunnerStack("ci", stack_named("sandbox")))
    role = recording.registered["gitlab-runner:index:RunnerManagerRole", "ci-build"]
    parameters = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/gitlab-runner/sandbox/build/*"
    assert role.inputs["rights"] == {
        "ci-build.key": {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["kms:Decrypt"],
                    "Resource": UNKNOWN,
                    "Condition": {
                        "StringEquals": {"kms:ViaService": f"ssm.{REGION}.amazonaws.com"},
                        "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": [parameters]},
                    },
                }
            ]
        }
    }


@pytest.mark.parametrize("preview", [True, False])
def test_a_role_with_a_given_key_shows_the_arn(preview: bool) -> None:
    parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ci/token"
    recording, _ = run(
        lambda: RunnerManagerRole("puller", {"parameter_arns": [parameter], "key_arn": KEY}),
        preview=preview,
        cloud=EmptyCloud,
    )
    (decrypt,) = recording.registered["gitlab-runner:index:RunnerManagerRole", "puller"].inputs["rights"][
        "puller.key"
    ]["Statement"]
    policy = json.loads(recording.registered["aws:iam/rolePolicy:RolePolicy", "puller.key"].inputs["policy"])
    assert policy["Statement"] == [decrypt | {"Sid": "HostParametersKey", "Resource": [KEY]}]
    assert decrypt["Resource"] == KEY


def test_an_update_never_removes_the_permission_to_decrypt() -> None:
    """The policy for the key exists before the other policy loses the statement of earlier versions."""
    recording, _ = run(lambda: RunnerStack("ci", stack_named("sandbox")))
    other = recording.registered["aws:iam/rolePolicy:RolePolicy", "ci-build"].request
    assert [each for each in other.dependencies if each.endswith("::ci-build.key")]


def test_a_preview_shows_all_permissions_of_a_pipeline() -> None:
    arguments: Any = {"pipeline": {"project": "ci/runners", "stack": "prod"}, "declaration": declaration()}
    recording = previewed(lambda: PipelineRoles("roles", arguments))
    assert list(unknown_properties(recording)) == []
    attached = {
        each.inputs["policyArn"]
        for (kind, _), each in recording.registered.items()
        if kind == "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    }
    policies = {name for kind, name in recording.registered if kind == "aws:iam/policy:Policy"}
    assert attached == {f"arn:aws:iam::{ACCOUNT}:policy/{name}-0a1b2c3" for name in policies}


def test_a_new_identity_provider_is_named_by_its_url() -> None:
    declared: Any = {
        "gitlab_url": "https://git.example.com/gitlab/",
        "registries": {"team": {"ecr": {}, "repositories": ["ci/base"]}},
        "job_roles": {"publish": {"projects": ["a/b"], "branches": ["main"], "push": ["team/ci/base"]}},
    }
    recording = previewed(lambda: RunnerStack("ci", deepcopy(declared)))
    role = recording.registered["aws:iam/role:Role", "ci-publish"]
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/git.example.com/gitlab"
    assert statement["Principal"] == {"Federated": arn}
    assert any("openIdConnectProvider" in each for each in role.request.dependencies)


def test_a_preview_of_standalone_components_shows_their_policies() -> None:
    registries: Any = {"team": {"ecr": {}, "repositories": ["ci/base"]}}
    auth: Any = {"registries": ["team"], "projects": [7], "gitlab_token": {"value": "glpat-canary"}}

    def program() -> None:
        RunnerCache("cache", {})
        HostedRunnerAuth("ecr", {"auth": auth, "registries": registries, "key_arn": KEY})

    recording = previewed(program)
    assert list(unknown_properties(recording)) == []
    policy = recording.registered["aws:s3/bucketPolicy:BucketPolicy", "cache"].inputs["policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Resource"] == ["arn:aws:s3:::cache-0a1b2c3", "arn:aws:s3:::cache-0a1b2c3/*"]
