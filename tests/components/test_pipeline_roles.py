"""The roles of a pipeline: their permissions for the resources of a stack, and their component."""

import json
import re
from copy import deepcopy
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_gitlab_runner import PipelineRoles, RunnerStack
from pulumi_gitlab_runner.iam.pipeline_roles import StackNames, pipeline_statements, registered_types
from pulumi_gitlab_runner.iam.provider_actions import PROVIDER_ACTIONS
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack

from tests.components.recording import ACCOUNT, PROJECT, REGION, STACK, Recording, run
from tests.spec.declaration import stack_file

CHECKOUT = Path(__file__).parents[2]
EVERYTHING = CHECKOUT / "tests" / "engine" / "upgrade" / "af27e12" / "Pulumi.everything.yaml"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ci/token-AbCdEf"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
URL = "https://gitlab.example.com"

IN_AWS = {
    "image": "registry.example.com/manager:1",
    "aws_credentials": {"access_key": {"id": "AKIAEXAMPLE", "secret": "canary"}},
}


def with_host(**host: Any) -> dict[str, Any]:
    return {"runners": {"build": {"group": 42, "host": host}}}


def with_fleet(**fleet: Any) -> dict[str, Any]:
    return {"runners": {"burst": {"group": 42, "fleet": {"instance_types": ["c7i.large"], **fleet}}}}


def with_registry(**registry: Any) -> dict[str, Any]:
    return {"registries": {"team": registry}}


TEAM: Any = {"ecr": {}, "repositories": {"ci/base": {}}}
AUTH: dict[str, Any] = {"registries": ["team"], "projects": [8]}
ROLE = {"projects": ["team/app"], "branches": ["main"], "push": ["team/ci/base"]}
DECLARATIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a machine image": {"machine_images": {"docker": {}}},
    "everything": stack_file(EVERYTHING),
    "a host": with_host(),
    "a host with more": with_host(
        logs={}, alarms={"topic": TOPIC}, policies=[f"arn:aws:iam::{ACCOUNT}:policy/more"]
    ),
    "a host that is read from its VPC": with_host(metrics="vpc"),
    "a host in a VPC of the account": with_host(vpc="vpc-0a1b2c3d", subnets=["subnet-0a1b2c3d"]),
    "a host in a VPC that it is read from": with_host(
        vpc="vpc-0a1b2c3d", subnets=["subnet-0a1b2c3d"], metrics="vpc"
    ),
    "a host with a cache": with_host() | {"cache": {}},
    "a cache without a host": {"cache": {}},
    "a host in a network": with_host() | {"network": {}},
    "a network with endpoints": {"network": {"endpoints": ["ssm"]}},
    "a network that records connections": {"network": {"flow_logs": {}}},
    "a fleet": with_fleet(max_instances=2),
    "a Docker host": with_host(docker={}),
    "a Docker host with a cache": with_host(docker=IN_AWS) | {"cache": {}},
    "repositories": with_registry(**TEAM),
    "a host with many repositories": {
        "registries": {"team": {"ecr": {}, "repositories": {f"team/service-{n}": {} for n in range(400)}}},
        "runners": {"build": {"group": 42, "registries": ["team"], "host": {}}},
    },
    "repositories that are adopted": with_registry(ecr={}, repositories={"ci/base": {"adopt": True}}),
    "repositories that others pull": with_registry(**TEAM, allow_pull=["210987654321"]),
    "repositories of another account": with_registry(ecr={"account": "210987654321"}, repositories=["a/b"]),
    "a cache of a registry": with_registry(pull_through="quay"),
    "a cache with credentials": with_registry(
        pull_through="ghcr", upstream_credentials={"username": "me", "access_token": "token"}
    ),
    "settings of ECR": {
        "ecr_settings": {
            "eu-west-1": {
                "replicate_from": [{"account": "210987654321", "prefixes": ["team/"]}],
                "creation_templates": {"hub": {"tags": {"a": "b"}}},
            }
        }
    },
    "replication": {"ecr_settings": {"eu-west-1": {"replicate_to": [{"region": "eu-central-1"}]}}},
    "credentials for hosted runners": with_registry(**TEAM)
    | {"hosted_auth": {"ecr": {**AUTH, "gitlab_token": {"secret": SECRET}}}},
    "credentials with a token": with_registry(**TEAM)
    | {"hosted_auth": {"ecr": {**AUTH, "gitlab_token": {"value": "token"}, "alarms": {"topic": TOPIC}}}},
    "roles for jobs": with_registry(**TEAM) | {"job_roles": {"publish": ROLE}},
    "roles for jobs with a provider": with_registry(**TEAM)
    | {
        "job_roles": {
            "publish": {
                **ROLE,
                "identity_provider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.example.com",
            }
        }
    },
}


VPC = {"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeRouteTables"}
CALLS_OF: dict[str, set[str]] = {
    "aws:ec2/getSubnets:getSubnets": {"ec2:DescribeSubnets"},
    "aws:ec2/getVpc:getVpc": VPC,
    "aws:ec2/getVpcs:getVpcs": {"ec2:DescribeVpcs"},
    "aws:ssm/getParameter:getParameter": {"ssm:GetParameter"},
    "aws:ecr/getImage:getImage": {"ecr:DescribeImages", "ecr:DescribeRepositories"},
    "aws:index/getAvailabilityZones:getAvailabilityZones": {"ec2:DescribeAvailabilityZones"},
    "aws:index/getCallerIdentity:getCallerIdentity": set(),
    "aws:index/getPartition:getPartition": set(),
    "aws:index/getRegion:getRegion": set(),
}
"""The calls of the official provider for each function that the library uses."""


@pytest.mark.parametrize("declaration", DECLARATIONS.values(), ids=DECLARATIONS)
def test_the_permissions_are_those_for_the_resources_of_the_stack(declaration: dict[str, Any]) -> None:
    declaration = {"gitlab_url": URL, **declaration}
    recording, _ = run(lambda: RunnerStack("ci", deepcopy(declaration)))  # type: ignore[arg-type]
    registered = {kind for kind, _ in recording.registered if kind.startswith("aws:")}
    stack = parse_stack(declaration)
    assert registered_types(stack) == registered
    statements = pipeline_statements(stack, StackNames("ci", "prod", "ci", AwsEnvironment(ACCOUNT, REGION)))
    by_sid = {each["Sid"]: set(each["Action"]) for each in statements.preview}
    actions = {action for token in recording.cloud.called for action in CALLS_OF[token]}
    assert by_sid.get("NetworkOfTheAccount", set()) == {each for each in actions if each.startswith("ec2:")}
    assert by_sid.get("Digests", set()) >= {each for each in actions if each.startswith("ecr:")}


def test_every_row_of_the_table_is_for_a_registered_type() -> None:
    declared = (parse_stack({"gitlab_url": URL, **each}) for each in DECLARATIONS.values())
    assert frozenset().union(*map(registered_types, declared)) == PROVIDER_ACTIONS.keys()


NAMED = {
    "aws:autoscaling/group:Group": (
        "Groups",
        "autoscaling:{here}:autoScalingGroup:0a:autoScalingGroupName/{}",
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("LogGroups", "logs:{here}:log-group:{}"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("Alarms", "cloudwatch:{here}:alarm:{}"),
    "aws:ecr/repository:Repository": ("Repositories", "ecr:{region}:{account}:repository/{}"),
    "aws:iam/instanceProfile:InstanceProfile": ("Profiles", "iam::{account}:instance-profile{path}{}"),
    "aws:iam/role:Role": ("Roles", "iam::{account}:role{path}{}"),
    "aws:kms/alias:Alias": ("Aliases", "kms:{here}:{}"),
    "aws:lambda/function:Function": ("Functions", "lambda:{here}:function:{}"),
    "aws:s3/bucket:Bucket": ("Buckets", "s3:::{}"),
    "aws:scheduler/schedule:Schedule": ("Schedules", "scheduler:{here}:schedule/default/{}"),
    "aws:secretsmanager/secret:Secret": ("Secrets", "secretsmanager:{here}:secret:{}-AbCdEf"),
    "aws:ssm/parameter:Parameter": ("Parameters", "ssm:{here}:parameter{}"),
}
"""The statement for each type whose resources have names, and their ARN."""


def test_the_permissions_include_every_resource_with_a_name() -> None:
    declaration = DECLARATIONS["everything"]
    recording, _ = run(lambda: RunnerStack("ci", deepcopy(declaration)))  # type: ignore[arg-type]
    environment = AwsEnvironment(ACCOUNT, REGION)
    statements = pipeline_statements(parse_stack(declaration), StackNames(PROJECT, STACK, "ci", environment))
    by_sid = {each["Sid"]: each for each in statements.deploy}
    seen = set()
    for (kind, name), each in recording.registered.items():
        if kind not in NAMED:
            continue
        sid, form = NAMED[kind]
        given = each.inputs.get("name", f"{name}-0a1b2c3")
        path = each.inputs.get("path", "/")
        region = each.inputs.get("region", REGION)
        arn = "arn:aws:" + form.format(
            given, here=f"{REGION}:{ACCOUNT}", region=region, account=ACCOUNT, path=path
        )
        assert any(fnmatchcase(arn, pattern) for pattern in by_sid[sid]["Resource"]), arn
        seen.add(kind)
    assert seen == NAMED.keys()


PIPELINE: Any = {
    "project": "platform/runners",
    "stack": "prod",
    "state": {
        "bucket": "my-state",
        "prefix": "ci",
        "kms_key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/bucket",
        "secrets_key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/secrets",
    },
}


def record(**changes: Any) -> tuple[Recording, Any]:
    """Record the roles for a stack with one host, with some of the arguments changed."""
    arguments: Any = {"pipeline": PIPELINE, "declaration": with_host() | {"gitlab_url": URL}, **changes}

    def program() -> Any:
        roles = PipelineRoles("roles", arguments)
        return {"snippet": roles.snippet, "preview": roles.preview_role_arn}

    return run(program)


def trust(recording: Recording, role: str) -> dict[str, Any]:
    text = recording.registered["aws:iam/role:Role", f"roles-{role}"].inputs["assumeRolePolicy"]
    (statement,) = json.loads(text)["Statement"]
    condition: dict[str, Any] = statement["Condition"]
    return condition


def test_jobs_of_the_project_assume_the_roles_by_their_branches() -> None:
    recording, _ = record()
    host = "gitlab.example.com"
    start = "project_path:platform/runners:ref_type:branch:ref"
    for role, branch in (("preview", "*"), ("drift", "main"), ("deploy", "main")):
        assert trust(recording, role) == {
            "StringEquals": {f"{host}:aud": "sts.amazonaws.com"},
            "StringLike": {f"{host}:sub": [f"{start}:{branch}"]},
        }
    provider = recording.registered["aws:iam/openIdConnectProvider:OpenIdConnectProvider", "roles"]
    assert provider.inputs == {"url": URL, "clientIdLists": [URL, "sts.amazonaws.com"]}


def test_a_given_identity_provider_is_used() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.example.com"
    recording, _ = record(
        pipeline=PIPELINE | {"identity_provider": arn, "preview_branches": ["main", "next"]}
    )
    assert not any("openIdConnect" in kind for kind, _ in recording.registered)
    start = "project_path:platform/runners:ref_type:branch:ref"
    assert trust(recording, "preview")["StringLike"] == {
        "gitlab.example.com:sub": [f"{start}:main", f"{start}:next"]
    }


def state(recording: Recording, role: str) -> dict[str, list[str]]:
    text = recording.registered["aws:iam/rolePolicy:RolePolicy", f"roles-{role}-state"].inputs["policy"]
    return {each["Resource"][0].rpartition(":")[2]: each["Action"] for each in json.loads(text)["Statement"]}


def test_only_a_deployment_writes_the_state() -> None:
    recording, _ = record()
    reading = {
        "my-state": ["s3:ListBucket"],
        "my-state/ci/*": ["s3:GetObject"],
        "key/bucket": ["kms:Decrypt"],
        "key/secrets": ["kms:Decrypt"],
    }
    assert state(recording, "preview") == state(recording, "drift") == reading
    assert state(recording, "deploy") == {
        "my-state": ["s3:ListBucket"],
        "my-state/ci/*": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        "key/bucket": ["kms:Decrypt", "kms:GenerateDataKey"],
        "key/secrets": ["kms:Decrypt", "kms:Encrypt"],
    }
    without, _ = record(pipeline={"project": "a/b", "stack": "prod"})
    assert not any(kind == "aws:iam/rolePolicy:RolePolicy" for kind, _ in without.registered)


def test_the_permissions_are_managed_policies_within_the_quota() -> None:
    recording, _ = record(declaration=DECLARATIONS["everything"])
    policies = {
        name: each.inputs["policy"]
        for (kind, name), each in recording.registered.items()
        if kind == "aws:iam/policy:Policy"
    }
    assert sorted(policies) == ["roles-deploy-1", "roles-deploy-2", "roles-drift-1", "roles-preview-1"]
    assert all(len(re.sub(r"\s", "", each)) <= 6144 for each in policies.values())
    attached = {name for kind, name in recording.registered if kind.endswith("RolePolicyAttachment")}
    assert attached == policies.keys()


def test_the_snippet_for_the_pipeline() -> None:
    _, outputs = record()
    lines = outputs["snippet"].splitlines()
    assert "      stack: prod" in lines
    assert f'      backend: "s3://my-state/ci?region={REGION}"' in lines
    assert f"      preview_role: {outputs['preview']}" in lines
    inputs = (CHECKOUT / "templates" / "stack.yml").read_text().partition("\n---\n")[0]
    for line in lines[4:]:
        assert f"    {line.strip().partition(':')[0]}:" in inputs


def test_the_declaration_may_be_read_from_a_stack_file(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(
        "config:\n  aws:region: eu-central-1\n  gitlab:baseUrl: https://gitlab.example.com/api/v4/\n"
        "  gitlab-runner:stack:\n    registries:\n      legacy:\n        host: a.example\n"
        "        static: {username: me, password: {secure: v1:abc}}\n"
        "    runners: {build: {group: 42, registries: [legacy], host: {}}}\n"
    )

    def program() -> Any:
        return PipelineRoles("roles", {"pipeline": PIPELINE, "stack_file": str(file)}).snippet

    recording, _ = run(program)
    policy = recording.registered["aws:iam/policy:Policy", "roles-deploy-1"].inputs["policy"]
    assert f"arn:aws:ssm:eu-central-1:{ACCOUNT}:parameter/gitlab-runner/prod/*" in policy


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stack_file": "here"}, "roles\n  found:   both"),
        ({"pipeline": PIPELINE | {"deploy_branches": ["*"]}}, r"roles.pipeline.deploy_branches\[0\]"),
        (
            {"pipeline": PIPELINE | {"deploy_branches": []}},
            "roles.pipeline.deploy_branches\n  found:   no branch",
        ),
        ({"pipeline": PIPELINE | {"project": "team/*"}}, "roles.pipeline.project"),
        ({"pipeline": PIPELINE | {"stack": "org/prod"}}, "roles.pipeline.stack"),
        ({"pipeline": PIPELINE | {"state": {"bucket": "s3://a"}}}, "roles.pipeline.state.bucket"),
        (
            {"pipeline": PIPELINE | {"state": {"bucket": "abc", "secrets_key": "alias/a"}}},
            "roles.pipeline.state.secrets_key",
        ),
        ({"pipeline": PIPELINE | {"issuer": "gitlab.example.com"}}, "roles.pipeline.issuer"),
        ({"declaration": {"runners": {"build": {}}}}, "roles.declaration.runners.build"),
        ({"region": "eu-central1"}, "roles.region\n  found:   'eu-central1'"),
    ],
)
def test_invalid_arguments_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message):
        record(**changes)


def test_a_missing_stack_file_is_refused() -> None:
    arguments: Any = {"pipeline": PIPELINE, "stack_file": "nowhere.yaml"}
    with pytest.raises(pulumi.RunError, match=r"nowhere\.yaml"):
        run(lambda: PipelineRoles("roles", arguments).snippet)


def test_a_stack_file_with_an_invalid_region_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(
        "config:\n  aws:region: eu-central1\n  gitlab:baseUrl: https://gitlab.example.com\n"
        "  gitlab-runner:stack: {runners: {build: {group: 42, host: {}}}}\n"
    )
    arguments: Any = {"pipeline": PIPELINE, "stack_file": str(file)}
    with pytest.raises(pulumi.RunError, match=r"roles\.stack_file\n  found:   the region 'eu-central1' of "):
        run(lambda: PipelineRoles("roles", arguments).snippet)


def test_outputs_are_accepted_where_they_decide_no_resource() -> None:
    bucket = pulumi.Output.from_input("made-state")
    recording, outputs = record(
        pipeline=PIPELINE | {"state": {"bucket": bucket}, "project": pulumi.Output.from_input("team/app")}
    )
    assert 'backend: "s3://made-state?region=' in outputs["snippet"]
    assert "project_path:team/app:" in str(trust(recording, "deploy"))
    assert "made-state" in state(recording, "deploy")


def test_a_boundary_of_all_roles_is_required_for_each() -> None:
    names = StackNames("gitlab-runner", "prod", "ci", AwsEnvironment(ACCOUNT, REGION))
    bounded = pipeline_statements(parse_stack(with_host(permissions_boundary=BOUNDARY)), names).deploy
    (statement,) = (each for each in bounded if each["Sid"] == "BoundedRoles")
    assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": [BOUNDARY]}}
    assert {"iam:CreateRole", "iam:PutRolePolicy"} <= set(statement["Action"])
    others = {action for each in bounded if each is not statement for action in each["Action"]}
    assert not others & set(statement["Action"])
    free = pipeline_statements(parse_stack(with_host()), names).deploy
    assert "BoundedRoles" not in [each["Sid"] for each in free]


def test_a_thousand_repositories_fit_into_one_policy() -> None:
    names = {f"team-{number % 7}/service-{number}": {} for number in range(1000)}
    recording, _ = record(declaration=with_registry(ecr={}, repositories=names) | {"gitlab_url": URL})
    policies = {name for kind, name in recording.registered if kind == "aws:iam/policy:Policy"}
    assert policies == {"roles-preview-1", "roles-drift-1", "roles-deploy-1"}
    text = recording.registered["aws:iam/policy:Policy", "roles-deploy-1"].inputs["policy"]
    assert f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team-6/*" in text


def test_a_provider_that_the_stack_would_create_again_is_a_warning() -> None:
    stack = DECLARATIONS["roles for jobs"] | {"gitlab_url": URL}
    recording, _ = record(declaration=stack)
    (warning,) = recording.warnings
    assert f"identity_provider: arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.example.com" in warning
    assert (
        record(declaration=DECLARATIONS["roles for jobs with a provider"] | {"gitlab_url": URL})[0].warnings
        == []
    )
    other = {**stack, "job_roles": {"publish": {**ROLE, "issuer": "https://other.example.com"}}}
    assert record(declaration=other)[0].warnings == []


@pytest.mark.parametrize(
    ("runner_stack", "warned"),
    [("roles", True), ("role", False), ("ci", False), ("roles-x", False), ("roles-deploy", True)],
)
def test_roles_with_the_names_of_the_stacks_roles_are_a_warning(runner_stack: str, warned: bool) -> None:
    recording, _ = record(pipeline=PIPELINE | {"runner_stack": runner_stack})
    document = json.loads(recording.registered["aws:iam/policy:Policy", "roles-deploy-1"].inputs["policy"])
    roles = {
        each for statement in document["Statement"] for each in statement["Resource"] if ":role/" in each
    }
    own = f"arn:aws:iam::{ACCOUNT}:role/roles-deploy-0123456"
    assert any(fnmatchcase(own, each) for each in roles) is warned
    assert [f"start with {runner_stack}-" in each for each in recording.warnings] == [True] * warned
