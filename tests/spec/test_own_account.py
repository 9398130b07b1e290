"""What AWS accepts only in the stack's own account or region, 123456789012 and eu-west-1."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import AwsEnvironment, DeclarationError, Problem, parse_stack
from pulumi_gitlab_runner.spec.stack import check_in

from tests.spec.declaration import ENVIRONMENT, changed, declaration, problems_of

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
BOUNDARY = "arn:aws:iam::210987654321:policy/ci/boundary"
PROVIDER = "arn:aws:iam::210987654321:oidc-provider/gitlab.example.com"
HOST = "stack.runners.build.host"
HOSTED = {"registries": ["team"], "projects": [9], "gitlab_token": {"value": "glpat-0123456789"}}
JOB_ROLE = {"projects": ["team/app"], "branches": ["main"], "push": ["team/ci/base"]}
OF_THE_ROLE = "a policy of 123456789012, the account of the role, or of AWS"


def key(path: str, of: str) -> Problem:
    return Problem(f"{path}.kms_key", "a key in us-east-1", f"a key in eu-west-1, the region of {of}")


def topic(path: str) -> Problem:
    allowed = "a topic in eu-west-1, the region of the alarm"
    return Problem(f"{path}.alarms.topic", "a topic in us-east-1", allowed)


def policy(path: str) -> Problem:
    return Problem(path, "a policy of the account 210987654321", OF_THE_ROLE)


CASES: dict[str, tuple[str, Any, Problem]] = {
    "the key of a repository": (
        "registries/team/repositories/ci~base",
        {"kms_key": KEY},
        key('stack.registries.team.repositories["ci/base"]', "the repository"),
    ),
    "the key of the cache": ("cache", {"kms_key": KEY}, key("stack.cache", "the bucket")),
    "the key of a host's logs": (
        "runners/build/host/logs",
        {"kms_key": KEY},
        key(f"{HOST}.logs", "the log group"),
    ),
    "the key of flow logs": (
        "network",
        {"flow_logs": {"kms_key": KEY}},
        key("stack.network.flow_logs", "the log group"),
    ),
    "the key of a function's log": (
        "hosted_auth",
        {"other": {**HOSTED, "logs": {"kms_key": KEY}}},
        key("stack.hosted_auth.other.logs", "the log group"),
    ),
    "the topic of a host": ("runners/build/host/alarms", {"topic": TOPIC}, topic(HOST)),
    "the topic of a function": (
        "hosted_auth",
        {"other": {**HOSTED, "alarms": {"topic": TOPIC}}},
        topic("stack.hosted_auth.other"),
    ),
    "the boundary of a host": (
        "runners/build/host/permissions_boundary",
        BOUNDARY,
        policy(f"{HOST}.permissions_boundary"),
    ),
    "the second policy of a host": (
        "runners/build/host/policies",
        ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", BOUNDARY],
        policy(f"{HOST}.policies[1]"),
    ),
    "a policy of another partition": (
        "runners/build/host/policies",
        ["arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore"],
        Problem(f"{HOST}.policies[0]", "a policy of the partition aws-cn", "a policy of aws"),
    ),
    "the boundary of a machine image": (
        "machine_images",
        {"base": {"permissions_boundary": BOUNDARY}},
        policy("stack.machine_images.base.permissions_boundary"),
    ),
    "the boundary of a function": (
        "hosted_auth",
        {"other": {**HOSTED, "permissions_boundary": BOUNDARY}},
        policy("stack.hosted_auth.other.permissions_boundary"),
    ),
    "the boundary of a job role": (
        "job_roles",
        {"publish": {**JOB_ROLE, "permissions_boundary": BOUNDARY}},
        policy("stack.job_roles.publish.permissions_boundary"),
    ),
    "the identity provider of a job role": (
        "job_roles",
        {"publish": {**JOB_ROLE, "identity_provider": PROVIDER}},
        Problem(
            "stack.job_roles.publish.identity_provider",
            "a provider of the account 210987654321",
            "a provider of 123456789012, the account of the role",
        ),
    ),
    "replication to the registry itself": (
        "ecr_settings",
        {"us-east-1": {"replicate_to": [{"region": "us-east-1", "account": "123456789012"}]}},
        Problem(
            "stack.ecr_settings.us-east-1.replicate_to[0]",
            "the registry itself",
            "another region or another account",
        ),
    ),
}


def with_value(path: str, value: Any) -> dict[str, Any]:
    if path.endswith("ci~base"):
        changed_declaration = declaration()
        changed_declaration["registries"]["team"]["repositories"]["ci/base"] = value
        return changed_declaration
    return changed(path, value)


@pytest.mark.parametrize(("path", "value", "problem"), CASES.values(), ids=CASES)
def test_another_account_or_region_is_refused(path: str, value: Any, problem: Problem) -> None:
    assert problems_of(with_value(path, value)) == [problem]


OWN = {
    KEY: KEY.replace("us-east-1", "eu-west-1"),
    TOPIC: TOPIC.replace("us-east-1", "eu-west-1"),
    BOUNDARY: BOUNDARY.replace("210987654321", "123456789012"),
    PROVIDER: PROVIDER.replace("210987654321", "123456789012"),
    "arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "us-east-1": "us-west-2",
}


def with_own(value: Any) -> Any:
    """The value of a case, with the account and region of the stack; a replica in another region."""
    if isinstance(value, dict):
        return {each: with_own(inner) for each, inner in value.items()}
    if isinstance(value, list):
        return [with_own(each) for each in value]
    return OWN.get(value, value)


@pytest.mark.parametrize(("path", "value"), [case[:2] for case in CASES.values()], ids=CASES)
def test_the_own_account_and_region_are_accepted(path: str, value: Any) -> None:
    parse_stack(with_value(path, with_own(value)), ENVIRONMENT)


@pytest.mark.parametrize("arn", [KEY, TOPIC])
def test_a_key_or_topic_of_another_account_is_accepted(arn: str) -> None:
    foreign = OWN[arn].replace("123456789012", "210987654321")
    value = {"logs": {"kms_key": foreign}} if arn == KEY else {"alarms": {"topic": foreign}}
    host = {**declaration()["runners"]["build"]["host"], **value}
    parse_stack(changed("runners/build/host", host), ENVIRONMENT)


def test_the_manager_of_a_fleet_is_named_in_the_path() -> None:
    runner = declaration()["runners"]["build"]
    del runner["host"]
    manager = {"permissions_boundary": BOUNDARY}
    runner["fleet"] = {"instance_types": ["c7i.large"], "max_instances": 2, "manager": manager}
    assert problems_of(changed("runners/build", runner)) == [
        policy("stack.runners.build.fleet.manager.permissions_boundary")
    ]


def test_the_account_and_region_may_become_known_later() -> None:
    stack = parse_stack(changed("runners/build/host/permissions_boundary", BOUNDARY))
    check_in(stack, AwsEnvironment("210987654321", "eu-west-1"))
    with pytest.raises(DeclarationError):
        check_in(stack, ENVIRONMENT)
