"""Each type, setting and key that is a danger, and both sides of each limit."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.review.code_quality import code_quality
from pulumi_gitlab_runner.review.dangers import DangerKind

from tests.review.hosts import host_inputs, host_step
from tests.review.phrases import dangers_of
from tests.review.previews import ROLE_POLICY, UNKNOWN, allow, policy, preview, step

RUNNER = "gitlab:index/userRunner:UserRunner"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
STACK = "gitlab-runner:index:RunnerStack"


@pytest.mark.parametrize(
    ("resource_type", "loss"),
    [
        ("aws:autoscaling/group:Group", "its instances are terminated, together with their jobs"),
        ("aws:ecr/repository:Repository", "its images are lost"),
        ("aws:kms/key:Key", "data encrypted with it can no longer be decrypted"),
        ("aws:s3/bucket:Bucket", "its objects are lost"),
        ("aws:secretsmanager/secret:Secret", "its value is lost"),
        ("gitlab:index/userRunner:UserRunner", "its token becomes invalid"),
    ],
)
def test_each_loss_with_a_resource(resource_type: str, loss: str) -> None:
    assert dangers_of(step("delete", resource_type, old={})) == [(DangerKind.DELETION, f"is deleted; {loss}")]
    (replaced,) = [
        message
        for kind, message in dangers_of(step("replace", resource_type, old={}, new={}))
        if "is replaced" in message
    ]
    assert replaced == f"is replaced, and {loss}"


@pytest.mark.parametrize(
    ("resource_type", "effect"),
    [
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "its metric is no longer monitored"),
        (
            "aws:ecr/lifecyclePolicy:LifecyclePolicy",
            "if its repository remains, old images are no longer deleted",
        ),
        (BLOCK, "if its bucket remains, it can be made public"),
    ],
)
def test_each_effect_that_ends_with_a_resource(resource_type: str, effect: str) -> None:
    assert dangers_of(step("delete", resource_type, old={})) == [
        (DangerKind.DELETION, f"is deleted; {effect}")
    ]
    replaced = [
        message
        for _, message in dangers_of(step("replace", resource_type, old={}, new={}))
        if "is replaced" in message
    ]
    assert replaced == ["is replaced"]


@pytest.mark.parametrize("kind", ["groupVariable", "instanceVariable", "projectVariable"])
@pytest.mark.parametrize(
    ("setting", "consequence"),
    [
        ("protected", "jobs of all branches receive it"),
        ("masked", "its value can appear in job logs"),
        ("hidden", "its value is visible in GitLab's settings"),
    ],
)
def test_each_protection_of_each_variable(kind: str, setting: str, consequence: str) -> None:
    resource_type = f"gitlab:index/{kind}:{kind[0].upper()}{kind[1:]}"
    opened = step("update", resource_type, old={"key": "K", setting: True}, new={"key": "K", setting: False})
    danger = (DangerKind.VARIABLE, f"the variable K is no longer {setting}: {consequence}")
    assert dangers_of(opened) == [danger]
    assert dangers_of({**opened, "op": "replace"})[-1] == danger
    assert dangers_of(step("create", resource_type, new={"key": "K", setting: False})) == []
    assert dangers_of(step("delete", resource_type, old={"key": "K", setting: True})) == [
        (DangerKind.DELETION, "is deleted")
    ]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("project_type", "group_type", "accepts jobs of a group, not only of a project"),
        ("project_type", "instance_type", "accepts jobs of the whole instance, not only of a project"),
        ("group_type", "instance_type", "accepts jobs of the whole instance, not only of a group"),
        ("group_type", "group_type", None),
        ("instance_type", "group_type", None),
        ("group_type", "project_type", None),
        (UNKNOWN, "instance_type", None),
        ("group_type", UNKNOWN, None),
    ],
)
def test_each_change_of_a_runners_type(before: str, after: str, message: str | None) -> None:
    found = dangers_of(step("update", RUNNER, old={"runnerType": before}, new={"runnerType": after}))
    assert found == ([(DangerKind.RUNNER, message)] if message else [])


@pytest.mark.parametrize("source", ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"])
def test_each_source_of_a_connection(source: str) -> None:
    ports = {"ipProtocol": "tcp", "fromPort": 80, "toPort": 80}
    assert dangers_of(step("create", INGRESS, new={source: "END", **ports})) == [
        (DangerKind.PROTECTION, "allows inbound connections from END on tcp port 80")
    ]


@pytest.mark.parametrize(
    ("change", "traffic"),
    [
        ({"ipProtocol": "udp"}, "on udp port 80"),
        ({"fromPort": 1}, "on tcp ports 1 to 80"),
        ({"toPort": 90}, "on tcp ports 80 to 90"),
        ({"description": "other"}, None),
    ],
)
@pytest.mark.parametrize("resource_type", [INGRESS, EGRESS])
def test_each_change_of_a_security_group_rule(
    resource_type: str, change: dict[str, Any], traffic: str | None
) -> None:
    before = {"cidrIpv4": "10.0.0.0/8", "ipProtocol": "tcp", "fromPort": 80, "toPort": 80}
    found = dangers_of(step("update", resource_type, old=before, new={**before, **change}))
    message = (
        "allows inbound connections from" if resource_type == INGRESS else "allows outbound connections to"
    )
    assert found == ([(DangerKind.PROTECTION, f"{message} 10.0.0.0/8 {traffic}")] if traffic else [])
    assert dangers_of(step("delete", resource_type, old=before)) == [(DangerKind.DELETION, "is deleted")]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"httpTokens": "required", "httpPutResponseHopLimit": 1}, 0),
        ({"httpTokens": "required", "httpPutResponseHopLimit": 1.0}, 0),
        ({"httpTokens": "required", "httpPutResponseHopLimit": 2}, 1),
        ({"httpTokens": "required"}, 0),
        ({"httpTokens": "optional", "httpPutResponseHopLimit": 3}, 2),
        ({"httpEndpoint": "disabled", "httpTokens": "optional", "httpPutResponseHopLimit": 3}, 0),
    ],
)
def test_each_setting_of_instance_metadata(options: dict[str, Any], count: int) -> None:
    assert len(dangers_of(step("create", TEMPLATE, new={"metadataOptions": options}))) == count


@pytest.mark.parametrize("encrypted", ["true", True, "True"])
def test_an_encrypted_disk_is_no_danger(encrypted: Any) -> None:
    disk = {"deviceName": "/dev/xvda", "ebs": {"encrypted": encrypted}}
    assert dangers_of(step("create", TEMPLATE, new={"blockDeviceMappings": [disk]})) == []


@pytest.mark.parametrize("action", ["ecr:BatchGetImage", "ECR:batchgetimage", "ecr:Batch*", "ecr:*", "*"])
@pytest.mark.parametrize(
    ("resource", "pulls"), [("*", True), ("arn:aws:ecr:eu-west-1:1:repository/a", True), ("arn:s3", False)]
)
def test_each_action_that_pulls(action: str, resource: str, pulls: bool) -> None:
    found = dangers_of(step("update", ROLE_POLICY, old=policy(), new=policy(allow(action, resource))))
    assert ((DangerKind.REGISTRY, f"can pull from {resource}") in found) == pulls
    other = dangers_of(step("update", ROLE_POLICY, old=policy(), new=policy(allow("ecr:PutImage", resource))))
    assert [kind for kind, _ in other] == [DangerKind.PERMISSION]


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("assumeRolePolicy", "trust policy"),
        ("inlinePolicies", "policy"),
        ("policy", "policy"),
        ("repositoryPolicy", "policy"),
    ],
)
@pytest.mark.parametrize("hidden", [UNKNOWN, [UNKNOWN], {"Statement": [{"Action": "[secret]"}]}])
def test_each_unknown_policy(key: str, word: str, hidden: Any) -> None:
    assert dangers_of(step("create", "aws:example/thing:Thing", new={key: hidden, "other": UNKNOWN})) == [
        (DangerKind.PERMISSION, f"the content of its {word} is known only after the update")
    ]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("allowed_images", "allows jobs to run any image"),
        ("allowed_services", "allows jobs to run any image as a service"),
        ("allowed_privileged_images", "runs jobs with any image as privileged, not only with some images"),
        (
            "allowed_privileged_services",
            "runs services with any image as privileged, not only with some images",
        ),
        ("allowed_users", "allows jobs to run as any user"),
    ],
)
def test_each_limit_of_jobs_that_is_lifted(key: str, words: str) -> None:
    limited, more = host_inputs(**{key: ["a"]}), host_inputs(**{key: ["a", "b"]})
    prefix = "the runner build"
    assert dangers_of(host_step(limited, host_inputs())) == [(DangerKind.PRIVILEGE, f"{prefix} {words}")]
    assert dangers_of(host_step(limited, more)) == [
        (DangerKind.PRIVILEGE, f"{prefix} has additional {key.replace('_', ' ')}: b")
    ]
    assert dangers_of(host_step(host_inputs(), limited)) == dangers_of(host_step(more, limited)) == []


@pytest.mark.parametrize("key", ["pull_policy", "allowed_pull_policies"])
def test_each_pull_policy_that_skips_the_registry(key: str) -> None:
    always, sometimes = host_inputs(**{key: ["always"]}), host_inputs(**{key: ["always", "if-not-present"]})
    (found,) = dangers_of(host_step(always, sometimes))
    assert "images that other jobs have pulled" in found[1]
    assert dangers_of(host_step(host_inputs(), always)) == dangers_of(host_step(sometimes, always)) == []


@pytest.mark.parametrize(
    ("key", "whose"), [("security_opt", "its jobs"), ("services_security_opt", "services")]
)
def test_each_security_option_that_is_removed(key: str, whose: str) -> None:
    kept, removed = host_inputs(**{key: ["no-new-privileges:true"]}), host_inputs()
    assert dangers_of(host_step(kept, removed)) == [
        (
            DangerKind.PRIVILEGE,
            f"the runner build runs {whose} without the security option no-new-privileges:true",
        )
    ]


def queue(**changes: Any) -> dict[str, Any]:
    return {
        "groupId": 42,
        "tagLists": ["a", "b"],
        "untagged": True,
        "accessLevel": "ref_protected",
        **changes,
    }


@pytest.mark.parametrize(
    ("other", "takes"),
    [
        (queue(), True),
        (queue(tagLists=["a", "b", "c"]), True),
        (queue(accessLevel="not_protected"), True),
        ({key: value for key, value in queue().items() if key != "groupId"}, True),  # of the instance
        (queue(groupId=43), False),
        (queue(groupId=None, projectId=42), False),
        (queue(tagLists=["a"]), False),
        (queue(untagged=False), False),
        (queue(paused=True), False),
    ],
)
def test_which_runner_takes_the_jobs_of_another(other: dict[str, Any], takes: bool) -> None:
    found = dangers_of(step("delete", RUNNER, "it", old=queue()), step("same", RUNNER, "other", other, other))
    (message,) = [message for kind, message in found if kind is DangerKind.QUEUE]
    assert message.startswith("jobs of group 42 with the tags a b ")
    assert ("run on the runner other instead" in message) == takes
    assert ("wait for another runner" in message) != takes


def test_a_protected_runner_does_not_take_all_jobs() -> None:
    open_to_all, protected = queue(accessLevel="not_protected"), queue()
    found = dangers_of(
        step("delete", RUNNER, "it", old=open_to_all), step("same", RUNNER, "o", protected, protected)
    )
    assert "wait for another runner" in found[-1][1]


def test_deletion_of_a_paused_runner_makes_no_job_wait() -> None:
    found = dangers_of(step("delete", RUNNER, "it", old=queue(paused=True)))
    assert [kind for kind, _ in found] == [DangerKind.DELETION]


def test_pausing_a_runner_makes_its_jobs_wait() -> None:
    found = dangers_of(step("update", RUNNER, "it", old=queue(), new=queue(paused=True)))
    assert [kind for kind, _ in found] == [DangerKind.QUEUE]


def test_jobs_go_to_the_first_runner_by_name() -> None:
    others = [step("same", RUNNER, name, queue(), queue()) for name in ("r-10", "r-9")]
    found = dangers_of(step("delete", RUNNER, "it", old=queue()), *others)
    assert "run on the runner r-9 instead" in found[-1][1]


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ({"groupId": 42.0}, "group 42"),
        ({"groupId": "42"}, "group 42"),
        ({"projectId": 7}, "project 7"),
        ({"groupId": UNKNOWN}, "group not known yet"),
        ({"groupId": 12345678.0}, "group 12345678"),
        ({"groupId": 1e15}, "group 1000000000000000.0"),
        ({}, "the instance"),
    ],
)
def test_each_scope_of_jobs_that_wait(scope: dict[str, Any], words: str) -> None:
    (*_, (_, message)) = dangers_of(step("delete", RUNNER, "it", old={**scope, "tagLists": ["a"]}))
    assert message.startswith(f"jobs of {words} with the tag a wait for another runner;")


SEVERITIES = {
    "privilege": "critical",
    "deletion": "major",
    "replacement": "major",
    "queue": "major",
    "owners": "major",
    "runner": "critical",
    "variable": "critical",
    "protection": "major",
    "registry": "minor",
    "permission": "minor",
}


def test_the_severity_of_each_kind_of_danger() -> None:
    owners = {"shared": {"account": "210987654321", "repositories": ["a"]}}
    steps = [
        host_step(host_inputs(), host_inputs(["legacy"], privileged=True)),
        step("delete", RUNNER, "it", old=queue()),
        step("replace", "aws:kms/key:Key", old={}, new={"enableKeyRotation": True}),
        step("create", STACK, new={"owners": owners}),
        step("update", RUNNER, "r", old={"locked": True}, new={}),
        step("update", "gitlab:index/groupVariable:GroupVariable", old={"masked": True}, new={}),
        step("update", BLOCK, old={}, new={"blockPublicAcls": False}),
        step("update", ROLE_POLICY, old=policy(), new=policy(allow("s3:GetObject"))),
    ]
    report = json.loads(code_quality(preview(*steps), "", "Pulumi.prod.yaml"))
    found = {each["check_name"].removeprefix("pulumi-gitlab-runner/"): each["severity"] for each in report}
    assert found == SEVERITIES
