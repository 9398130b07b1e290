"""`runner-doctor leftovers`: resources with a stack's mark in AWS and GitLab that are not in its state."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from pulumi_gitlab_runner.doctor.command_line import main
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.leftovers import gitlab as leftovers_in_gitlab
from pulumi_gitlab_runner.doctor.leftovers.gitlab import places_of
from pulumi_gitlab_runner.doctor.leftovers.state import project_name, read_state
from pulumi_gitlab_runner.doctor.live.systems_manager import instance_of
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG
from pulumi_gitlab_runner.spec.texts import stack_note

from sandbox.services.aws import ACCOUNT
from sandbox.services.aws.server import AwsServer
from sandbox.services.gitlab import create_application
from sandbox.services.gitlab.application import create_server
from tests.doctor.host_tree import Doctor
from tests.host.commands import Commands
from tests.http.loopback import LOOPBACK
from tests.http.server import answer, serving

REGION = "eu-west-1"
MARK = "gitlab-runner/prod"
ASKED = ("leftovers", "--stack", "prod", "--project", "gitlab-runner")
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
URN = "urn:pulumi:prod::gitlab-runner::gitlab-runner:index:RunnerStack"
HOST = {"type": "gitlab-runner:index:RunnerHost", "urn": f"{URN}$gitlab-runner:index:RunnerHost::ci-build"}
ROLE = {
    "type": "gitlab-runner:index:RunnerManagerRole",
    "urn": f"{URN}$gitlab-runner:index:RunnerManagerRole::ci-build",
}


def tags(mark: str = MARK) -> list[dict[str, str]]:
    return [{"Key": STACK_TAG, "Value": mark}]


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """An AWS with one of each kind of resource of the stack, and some of another stack."""
    with AwsServer() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }.items():
            patch.setenv(name, value)
        for mark, name in ((MARK, "ci-build"), ("gitlab-runner/dev", "other")):
            make(mark, name)
        yield server.endpoint


def make(mark: str, name: str) -> None:
    """Make one resource of each kind."""
    marked = {STACK_TAG: mark}
    iam = boto3.client("iam")
    iam.create_role(RoleName=f"{name}-0a1b2c3", AssumeRolePolicyDocument=TRUST, Tags=tags(mark))
    iam.put_role_policy(RoleName=f"{name}-0a1b2c3", PolicyName="its-own", PolicyDocument=POLICY)
    iam.create_instance_profile(InstanceProfileName=f"{name}-1a1b2c3", Tags=tags(mark))
    iam.add_role_to_instance_profile(InstanceProfileName=f"{name}-1a1b2c3", RoleName=f"{name}-0a1b2c3")
    iam.create_open_id_connect_provider(
        Url=f"https://{name}.example.com", ClientIDList=["x"], ThumbprintList=[], Tags=tags(mark)
    )
    kms = boto3.client("kms")
    key = kms.create_key(Tags=[{"TagKey": STACK_TAG, "TagValue": mark}])["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{mark}/{name}", TargetKeyId=key)
    ending = kms.create_key(Tags=[{"TagKey": STACK_TAG, "TagValue": mark}])["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=ending)
    boto3.client("ecr").create_repository(repositoryName=f"{name}/base", tags=tags(mark))
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name=f"/{mark}/{name}/tokens/build", Value="x", Type="String", Tags=tags(mark))
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=f"{name}-2a1b2c3", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket=f"{name}-2a1b2c3", Tagging={"TagSet": tags(mark)})
    boto3.client("logs").create_log_group(logGroupName=f"/{mark}/{name}", tags=marked)
    boto3.client("secretsmanager").create_secret(Name=f"{name}-secret", SecretString="x", Tags=tags(mark))
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=f"{name}-3a1b2c3",
        ComparisonOperator="LessThanThreshold",
        EvaluationPeriods=1,
        MetricName="Healthy",
        Namespace="x",
        Period=60,
        Statistic="Sum",
        Threshold=1,
        Tags=tags(mark),
    )
    ec2 = boto3.client("ec2")

    def named(kind: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": tags(mark)}]

    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=named("vpc"))["Vpc"]["VpcId"]
    group = ec2.create_security_group(
        GroupName=f"{name}-4a1b2c3", Description="x", VpcId=vpc, TagSpecifications=named("security-group")
    )["GroupId"]
    ec2.authorize_security_group_egress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        ],
        TagSpecifications=named("security-group-rule"),
    )
    image = "ami-12c6146b"  # one that moto has
    ec2.create_launch_template(
        LaunchTemplateName=f"{name}-5a1b2c3",
        LaunchTemplateData={"ImageId": image, "InstanceType": "t3.large"},
        TagSpecifications=named("launch-template"),
    )
    tag = {"Key": STACK_TAG, "Value": mark, "PropagateAtLaunch": True}
    boto3.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=f"{name}-6a1b2c3",
        LaunchTemplate={"LaunchTemplateName": f"{name}-5a1b2c3"},
        AvailabilityZones=[f"{REGION}a"],
        MinSize=1,
        MaxSize=1,
        Tags=[tag],
    )
    ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=named("volume"))


def found(doctor: Doctor, *arguments: str) -> dict[str, str]:
    """The leftovers: each resource with its fix."""
    answer = doctor.json(*ASKED, *arguments)
    assert {each["name"] for each in answer["findings"]} <= {"leftover"}
    return {each["where"]: each["fix"] for each in answer["findings"]}


def state(tmp_path: Path, *resources: dict[str, Any]) -> tuple[str, str]:
    """The option that gives a state with these resources."""
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"version": 3, "deployment": {"resources": list(resources)}}))
    return ("--state", str(file))


@pytest.fixture(scope="module")
def everything(aws: str) -> dict[str, str]:
    """All resources with the mark in AWS."""
    with redirect_stdout(StringIO()) as printed:
        assert main([*ASKED, "--only", "aws", "--no-state", "--json"]) == 1
    return {each["where"]: each["fix"] for each in json.loads(printed.getvalue())["findings"]}


def test_everything_with_the_mark_and_nothing_of_another_stack(everything: dict[str, str]) -> None:
    assert not any("other" in where + fix for where, fix in everything.items())
    assert len(everything) == 16
    assert {
        "the IAM role ci-build-0a1b2c3",
        "the instance profile ci-build-1a1b2c3",
        "the S3 bucket ci-build-2a1b2c3",
        "the alarm ci-build-3a1b2c3",
        "the launch template ci-build-5a1b2c3",
        "the Auto Scaling group ci-build-6a1b2c3, with its instances",
        "the ECR repository ci-build/base",
        "the KMS alias alias/gitlab-runner/prod/ci-build",
        f"the OpenID Connect provider arn:aws:iam::{ACCOUNT}:oidc-provider/ci-build.example.com",
        "the log group /gitlab-runner/prod/ci-build",
        "the parameter /gitlab-runner/prod/ci-build/tokens/build",
    } <= everything.keys()
    beginnings = (
        "the KMS key ",
        "the secret ci-build-secret",
        "the security group sg-",
        "the volume vol-",
        "the vpc vpc-",
    )
    for beginning in beginnings:
        assert len([each for each in everything if each.startswith(beginning)]) == 1, beginning
    assert all("delete it: aws " in fix for fix in everything.values())


def test_without_a_state_nothing_can_be_imported(everything: dict[str, str]) -> None:
    assert not any("pulumi import" in fix for fix in everything.values())


def test_a_role_is_deleted_after_what_uses_it(everything: dict[str, str]) -> None:
    assert everything["the IAM role ci-build-0a1b2c3"] == (
        "delete it: aws iam delete-role-policy --role-name ci-build-0a1b2c3 --policy-name its-own && "
        "aws iam remove-role-from-instance-profile --role-name ci-build-0a1b2c3 --instance-profile-name "
        "ci-build-1a1b2c3 && aws iam delete-role --role-name ci-build-0a1b2c3"
    )


def test_resources_in_the_state_are_not_leftovers(
    aws: str, doctor: Doctor, tmp_path: Path, everything: dict[str, str]
) -> None:
    in_state = state(
        tmp_path,
        {"type": "aws:s3/bucket:Bucket", "urn": f"{URN}::ci", "id": "ci-build-2a1b2c3"},
        {
            "type": "aws:ecr/repository:Repository",
            "urn": f"{URN}::ci",
            "id": "elsewhere",
            "outputs": {"arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ci-build/base"},
        },
    )
    left = everything.keys() - found(doctor, "--only", "aws", *in_state).keys()
    assert left == {"the S3 bucket ci-build-2a1b2c3", "the ECR repository ci-build/base"}


def test_the_command_that_imports_a_resource_names_its_parent(
    aws: str, doctor: Doctor, tmp_path: Path
) -> None:
    fix = found(doctor, "--only", "aws", *state(tmp_path, HOST, ROLE))["the launch template ci-build-5a1b2c3"]
    template = boto3.client("ec2").describe_launch_templates(LaunchTemplateNames=["ci-build-5a1b2c3"])
    number = template["LaunchTemplates"][0]["LaunchTemplateId"]
    assert fix.startswith(
        f"import it: pulumi import --protect=false --generate-code=false --parent 'parent={HOST['urn']}' "
        f"aws:ec2/launchTemplate:LaunchTemplate ci-build {number}; or delete it: aws ec2 delete-launch"
    )


def test_a_resource_that_exists_twice_can_only_be_removed(aws: str, doctor: Doctor, tmp_path: Path) -> None:
    second = {
        "type": "aws:iam/role:Role",
        "urn": f"{URN}$aws:iam/role:Role::ci-build",
        "id": "ci-build-fffffff",
    }
    fixes = found(doctor, "--only", "aws", *state(tmp_path, HOST, ROLE, second))
    assert "import" not in fixes["the IAM role ci-build-0a1b2c3"]
    assert "pulumi import" in fixes["the instance profile ci-build-1a1b2c3"]


def test_a_rule_is_removed_with_its_group(aws: str, doctor: Doctor, tmp_path: Path) -> None:
    groups = boto3.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["ci-build-4a1b2c3"]}]
    )["SecurityGroups"]
    kind = "aws:ec2/securityGroup:SecurityGroup"
    kept = {"type": kind, "urn": f"{URN}${kind}::ci-build", "id": groups[0]["GroupId"]}
    left = found(doctor, "--only", "aws", *state(tmp_path, kept))
    (rule,) = (each for each in left if each.startswith("the egress rule"))
    assert f"aws ec2 revoke-security-group-egress --group-id {groups[0]['GroupId']}" in left[rule]


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A GitLab with a runner and a variable of the stack, and those of others."""
    server = create_server(create_application("canary-of-the-token"), 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.port}/api/v4"
    monkeypatch.setenv("GITLAB_BASE_URL", f"{url}/")
    monkeypatch.setenv("GITLAB_TOKEN", "canary-of-the-token")

    def post(path: str, **body: Any) -> None:
        headers = {"Private-Token": "canary-of-the-token"}
        LOOPBACK.post(f"{url}/{path}", json=body, headers=headers).raise_for_status()

    for description, note in (
        ("left", f"By hand\n\n{stack_note(MARK)}"),
        ("kept", stack_note(MARK)),
        ("another", stack_note("gitlab-runner/production")),
        ("free", None),
    ):
        post(
            "user/runners",
            runner_type="group_type",
            group_id=42,
            description=description,
            maintenance_note=note,
        )
    post("projects/7/variables", key="LEFT", value="x", environment_scope="a/*", description=stack_note(MARK))
    post("projects/7/variables", key="ANOTHER", value="x", description="x")
    post("admin/ci/variables", key="LEFT", value="x", description=stack_note(MARK))
    post("admin/ci/variables", key="ANOTHER", value="x")
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


def test_runners_and_variables(gitlab: str, doctor: Doctor, tmp_path: Path) -> None:
    kept = {
        "type": "gitlab:index/userRunner:UserRunner",
        "urn": f"{URN}::x",
        "id": "2",
        "inputs": {"groupId": 42},
    }
    variable = {
        "type": "gitlab:index/projectVariable:ProjectVariable",
        "urn": f"{URN}::y",
        "id": "7:OTHER:*",
        "inputs": {"project": "7", "value": {"ciphertext": "x"}},
    }
    left = found(doctor, "--only", "gitlab", *state(tmp_path, kept, variable))
    assert left == {
        "the runner #1 of GitLab, 'left', never contacted": "delete it: glab api --method DELETE runners/1",
        "the CI variable LEFT of project 7 for 'a/*'": (
            "`pulumi preview` prints the command that imports it, and `adopt: true` adopts it; "
            "or delete it: glab api --method DELETE "
            "'projects/7/variables/LEFT?filter%5Benvironment_scope%5D=a%2F%2A'"
        ),
        "the CI variable LEFT of the instance": (
            "`pulumi preview` prints the command that imports it, and `adopt: true` adopts it; "
            "or delete it: glab api --method DELETE admin/ci/variables/LEFT"
        ),
    }
    headers = {"Private-Token": "canary-of-the-token"}
    for path in (
        "projects/7/variables/LEFT?filter%5Benvironment_scope%5D=a%2F%2A",
        "admin/ci/variables/LEFT",
    ):
        assert LOOPBACK.delete(f"{gitlab}/{path}", headers=headers).status_code == 204


def test_nothing_is_left_over(gitlab: str, doctor: Doctor, tmp_path: Path) -> None:
    assert (
        doctor.run("leftovers", "--stack", "x", "--project", "y", "--only", "gitlab", *state(tmp_path)) == 0
    )
    assert "y/x  0 in AWS and GitLab, 0 of them not in its state" in doctor.output


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"deployment": 1}', '{"deployment": {"resources": [1]}}'])
def test_text_that_is_not_a_state(doctor: Doctor, tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert doctor.run(*ASKED, "--state", str(tmp_path / "state.json")) == 2
    assert "this is not a state" in doctor.errors


def test_the_state_is_what_pulumi_exports(
    doctor: Doctor, commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "canary-of-the-token")
    _, file = state(tmp_path, {"type": "a", "urn": "b::c", "inputs": {}})
    commands.add("pulumi", f'echo "$*" >{tmp_path}/asked; cat {file}')
    with serving(answer(200, b"[]"), answer(403)) as script:
        monkeypatch.setenv("GITLAB_BASE_URL", script.url)
        assert doctor.run("leftovers", "--stack", "org/p/prod", "--project", "p", "--only", "gitlab") == 0
    assert (tmp_path / "asked").read_text() == "stack export --stack org/p/prod\n"
    assert "p/prod  0 in AWS and GitLab" in doctor.output


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("echo first >&2; echo error: no stack >&2; exit 255", "error: no stack"),
        ("exit 1", "no error message"),
        ("printf %0400d 0 >&2; exit 1", "0" * 300),
    ],
)
def test_a_state_that_pulumi_does_not_export(
    doctor: Doctor, commands: Commands, lines: str, message: str
) -> None:
    commands.add("pulumi", lines)
    assert doctor.run(*ASKED) == 2
    assert doctor.errors == (
        f"runner-doctor: pulumi stack export fails: {message}; "
        "give its output as a file with --state, or --no-state if the state is lost\n"
    )


def test_a_state_without_a_pulumi_command(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert doctor.run(*ASKED) == 2
    assert doctor.errors == (
        "runner-doctor: pulumi stack export does not run; "
        "give its output as a file with --state, or --no-state if the state is lost\n"
    )


@pytest.mark.parametrize(
    ("inputs", "places"),
    [
        ({"project": "7"}, {("projects", "7")}),
        ({"projectId": 7.0}, {("projects", "7")}),
        ({"group": 42}, {("groups", "42")}),
        ({"groupId": "42.0"}, {("groups", "42")}),
        ({"project": "team/app", "group": {"ciphertext": "x"}, "name": "8"}, set()),
    ],
)
def test_where_the_variables_of_a_state_are(inputs: dict[str, Any], places: set[tuple[str, str]]) -> None:
    resource = {"type": "gitlab:index/x:X", "urn": "u::x", "inputs": inputs}
    other = {**resource, "type": "aws:x", "inputs": {"project": "9"}}
    exported = {"deployment": {"resources": [resource, other]}}
    assert places_of(read_state(json.dumps(exported))) == places


def test_the_component_that_a_resource_belongs_to() -> None:
    names = [
        ("host", "ci-build"),
        ("host", "ci"),
        ("fleet", "ci-x"),
        ("host", "ci-x"),
        ("role", "ci-build-x"),
    ]
    resources = [{"type": f"gitlab-runner:index:{kind}", "urn": f"{kind}::{name}"} for kind, name in names]
    known = read_state(json.dumps({"deployment": {"resources": resources}}))

    def parent(name: str, *kinds: str) -> str | None:
        found = known.parent_of(name, kinds)
        return found.urn if found else None

    assert parent("ci-build", "host") == "host::ci-build"
    assert parent("ci-build-x", "host") == "host::ci-build"
    assert parent("ci-build-x", "host", "role") == "role::ci-build-x"
    assert parent("ci-buildx", "host") == "host::ci"
    assert parent("other", "host") is None
    assert parent("ci-x-y", "host", "fleet") is None  # one of two
    assert [each.name for each in known.components(("fleet", "role"))] == ["ci-x", "ci-build-x"]


def test_every_page_of_gitlab_is_read(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers_in_gitlab, "_PAGE", 1)
    monkeypatch.setenv("GITLAB_TOKEN", "canary-of-the-token")
    ours = {"description": "of us", "status": "never_contacted", "maintenance_note": stack_note(MARK)}
    shown = [{"id": 1, **ours}, {"id": 2, **ours, "maintenance_note": None}, {"id": 3, **ours}]
    pages = [json.dumps(each).encode() for one in shown for each in ([{"id": one["id"]}], one)]
    with serving(*(answer(200, each) for each in (*pages, b"[]")), answer(403)) as script:
        monkeypatch.setenv("GITLAB_BASE_URL", script.url)
        left = found(doctor, "--only", "gitlab", *state(tmp_path))
    assert list(left) == [f"the runner #{number} of GitLab, 'of us', never contacted" for number in (1, 3)]
    asked = [each.split()[1].removeprefix("/api/v4/runners") for each in script.requests]
    assert asked == [
        *("/all?per_page=1&page=1", "/1", "/all?per_page=1&page=2", "/2"),
        *("/all?per_page=1&page=3", "/3", "/all?per_page=1&page=4"),
        "/api/v4/admin/ci/variables?per_page=1&page=1",
    ]


@pytest.mark.parametrize("description", [None, ""])
def test_a_runner_without_a_description(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, description: str | None
) -> None:
    """It may be null or blank: GitLab, app/models/ci/runner.rb, `display_name`."""
    monkeypatch.setenv("GITLAB_TOKEN", "canary-of-the-token")
    shown = {"id": 1, "description": description, "status": "online", "maintenance_note": stack_note(MARK)}
    listed, one = (json.dumps(each).encode() for each in ([{"id": 1}], shown))
    with serving(answer(200, listed), answer(200, one), answer(403)) as script:
        monkeypatch.setenv("GITLAB_BASE_URL", script.url)
        left = found(doctor, "--only", "gitlab", *state(tmp_path))
    assert list(left) == ["the runner #1 of GitLab, online"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([answer(401)], "does not accept the token in GITLAB_TOKEN"),
        ([answer(500)], "does not answer: HTTP 500"),
        ([answer(307, Location="/")], "does not answer: HTTP 307"),
        ([answer(200, b"{}")], "does not answer as GitLab's API does"),
        ([answer(200, b'[{"id": 1}]'), answer(200, b'{"maintenance_note": 1}')], None),
        ([answer(200, b'[{"id": 1}]'), answer(200, json.dumps({"a": "x" * 1_000_000}).encode())], None),
        ([answer(200, b'[{"id": 1}]'), answer(403)], None),
        ([answer(200, b'[{"id": 1}]'), answer(404)], None),
        ([answer(404)], None),
        ([answer(403), answer(200, b"[]")], None),
        ([answer(200, bytes(16 * 1024**2 + 1))], "does not answer: sends more than 16 MiB"),
    ],
    ids=[
        *("401", "500", "307", "an object", "a note", "a large runner"),
        *("403 of a runner", "404 of a runner", "404", "403", "a large list"),
    ],
)
def test_each_answer_of_gitlab_to_the_request_for_runners(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: list[bytes], message: str | None
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "canary-of-the-token")
    with serving(*answers, answer(403)) as script:
        monkeypatch.setenv("GITLAB_BASE_URL", f"http://{script.host}/api/v4")
        status = doctor.run(*ASKED, "--only", "gitlab", *state(tmp_path))
    if message:
        assert (status, doctor.errors.rpartition(f"{script.host}/api/v4 ")[2]) == (2, f"{message}\n")
    else:
        assert (status, doctor.errors) == (0, "")
    assert "Private-Token: canary-of-the-token" in script.requests[0].splitlines()
    assert script.requests[0].startswith("GET /api/v4/runners/all?per_page=100&page=1 ")


def test_runners_of_the_users_own_groups_where_not_all_are_shown(
    gitlab: str, doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Private-Token": "canary-of-the-token"}
    body = {"runner_type": "project_type", "project_id": 7, "description": "own"}
    body |= {"maintenance_note": stack_note(MARK)}
    LOOPBACK.post(f"{gitlab}/user/runners", json=body, headers=headers).raise_for_status()
    monkeypatch.setenv("GITLAB_TOKEN", "canary-of-the-token-maintainer")
    left = found(doctor, "--only", "gitlab", *state(tmp_path))
    assert list(left) == ["the runner #5 of GitLab, 'own', never contacted"]


@pytest.mark.parametrize(
    ("token", "inputs", "what", "needed"),
    [
        ("create-runner", {}, "runners", "the scope read_api"),
        (
            "developer",
            {"project": "7"},
            "CI variables of project 7",
            "the scope read_api, and the role Maintainer in the project",
        ),
        (
            "maintainer",
            {"group": "42"},
            "CI variables of group 42",
            "the scope read_api, and the role Owner in the group",
        ),
    ],
)
def test_what_gitlab_does_not_show_is_an_error(
    gitlab: str,
    doctor: Doctor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    inputs: dict[str, str],
    what: str,
    needed: str,
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", f"canary-of-the-token-{token}")
    of_a_place = {"type": "gitlab:index/x:X", "urn": f"{URN}::x", "inputs": inputs}
    assert doctor.run(*ASKED, "--only", "gitlab", *state(tmp_path, of_a_place)) == 2
    message = f"GitLab does not show the {what} to the owner of GITLAB_TOKEN: it needs {needed}"
    assert doctor.errors == f"runner-doctor: {message}\n"


def test_the_project_is_that_of_pulumi_yaml(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert doctor.run("leftovers", "--stack", "prod", "--no-state") == 2
    assert "--project" in doctor.errors
    (tmp_path / "Pulumi.yaml").write_text("runtime: python\n")
    (tmp_path / "Pulumi.yml").write_text("name: gitlab-runner\nruntime: python\n")
    assert project_name(tmp_path) == "gitlab-runner"
    assert doctor.run("leftovers", "--stack", "prod", "--no-state") == 2
    assert "no AWS region is known" in doctor.errors
    (tmp_path / "Pulumi.yaml").write_text("name: first\n")
    assert project_name(tmp_path) == "first"


STORE = {"type": "gitlab-runner:index:HostStore", "urn": f"{URN}$gitlab-runner:index:HostStore::ci"}


def test_a_resource_without_its_tags_is_found_by_its_name(aws: str, doctor: Doctor, tmp_path: Path) -> None:
    ssm, s3 = boto3.client("ssm"), boto3.client("s3")
    parameters = [f"/{MARK}/ci/tokens/late", f"/{MARK}-2/ci/tokens/late"]
    buckets = ["ci-9a1b2c3", "ci-9a1b2c3-of-somebody", "ci-store-9a1b2c3"]
    for name in parameters:
        ssm.put_parameter(Name=name, Value="x", Type="String")
    for name in buckets:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    try:
        left = found(doctor, "--only", "aws", *state(tmp_path, STORE))
    finally:
        for name in parameters:
            ssm.delete_parameter(Name=name)
        for name in buckets:
            s3.delete_bucket(Bucket=name)
    late = {each for each in left if each.endswith("late") or "9a1b2c3" in each}
    assert late == {f"the parameter /{MARK}/ci/tokens/late", "the S3 bucket ci-9a1b2c3"}
    assert f"aws ssm delete-parameter --name /{MARK}/ci/tokens/late" in left[f"the parameter {parameters[0]}"]


def test_deleted_resources_that_are_still_shown_are_not_leftovers(
    aws: str, doctor: Doctor, tmp_path: Path
) -> None:
    ec2, secrets = boto3.client("ec2"), boto3.client("secretsmanager")
    network = ec2.describe_subnets()["Subnets"][0]

    def named(kind: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": tags()}]

    endpoint = ec2.create_vpc_endpoint(
        VpcId=network["VpcId"],
        ServiceName=f"com.amazonaws.{REGION}.ssm",
        VpcEndpointType="Interface",
        TagSpecifications=named("vpc-endpoint"),
    )["VpcEndpoint"]["VpcEndpointId"]
    gateway = ec2.create_nat_gateway(SubnetId=network["SubnetId"], TagSpecifications=named("natgateway"))
    number = gateway["NatGateway"]["NatGatewayId"]
    secret = secrets.create_secret(Name="ending", SecretString="x", Tags=tags())["ARN"]

    def left() -> set[str]:
        found_now = found(doctor, "--only", "aws", *state(tmp_path))
        return {one for one in (endpoint, number, "ending") if any(one in each for each in found_now)}

    assert left() == {endpoint, number, "ending"}
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    ec2.delete_nat_gateway(NatGatewayId=number)
    secrets.delete_secret(SecretId=secret)
    assert left() == set()


def test_a_gitlab_that_cannot_be_reached(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "canary-of-the-token")
    monkeypatch.setenv("GITLAB_BASE_URL", "http://127.0.0.1:1")
    assert doctor.run(*ASKED, "--only", "gitlab", *state(tmp_path)) == 2
    assert "GitLab at http://127.0.0.1:1/api/v4 does not answer: cannot be reached" in doctor.errors


def test_without_boto3(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert doctor.run(*ASKED, "--only", "aws", "--no-state", "--region", REGION) == 2
    assert doctor.errors == "runner-doctor: requests to AWS need boto3: pip install 'runner-doctor[live]'\n"
    with pytest.raises(UsageError, match=r"requests to AWS need boto3"):
        instance_of("tag", REGION)
