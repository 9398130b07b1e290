"""Each type, setting and key that a danger is found by, one by one, and both sides of each limit."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.review.code_quality import code_quality
from pulumi_gitlab_runner.review.dangers import DangerKind

from tests.review.hosts import host_inputs, host_step
from tests.review.phrases import told
from tests.review.previews import ROLE_POLICY, UNKNOWN, allow, policy, preview, step

RUNNER = "gitlab:index/userRunner:UserRunner"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
STACK = "gitlab-runner:index:RunnerStack"


@pytest.mark.parametrize(
    ("of", "lost"),
    [
        ("aws:autoscaling/group:Group", "its instances end, with the jobs on them"),
        ("aws:ecr/repository:Repository", "its images are lost"),
        ("aws:kms/key:Key", "what it encrypts can no longer be read"),
        ("aws:s3/bucket:Bucket", "what it holds is lost"),
        ("aws:secretsmanager/secret:Secret", "what it holds is lost"),
        ("gitlab:index/userRunner:UserRunner", "its token ends"),
    ],
)
def test_what_is_lost_with_a_resource(of: str, lost: str) -> None:
    assert told(step("delete", of, old={})) == [(DangerKind.DELETION, f"is deleted; {lost}")]
    (replaced,) = [what for kind, what in told(step("replace", of, old={}, new={})) if "is replaced" in what]
    assert replaced == f"is replaced by a new one, and {lost}"


@pytest.mark.parametrize(
    ("of", "missed"),
    [
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "what it watches for is no longer reported"),
        ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "its repository, if that stays, keeps old images"),
        (BLOCK, "its bucket, if that stays, can be opened to the public"),
    ],
)
def test_what_no_longer_happens_without_a_resource(of: str, missed: str) -> None:
    assert told(step("delete", of, old={})) == [(DangerKind.DELETION, f"is deleted; {missed}")]
    replaced = [what for _, what in told(step("replace", of, old={}, new={})) if "is replaced" in what]
    assert replaced == ["is replaced by a new one"]


@pytest.mark.parametrize("kind", ["groupVariable", "instanceVariable", "projectVariable"])
@pytest.mark.parametrize(
    ("setting", "without"),
    [
        ("protected", "jobs of every branch are given it"),
        ("masked", "it shows in job logs"),
        ("hidden", "it shows in GitLab's settings"),
    ],
)
def test_each_variable_and_what_protects_it(kind: str, setting: str, without: str) -> None:
    of = f"gitlab:index/{kind}:{kind[0].upper()}{kind[1:]}"
    opened = step("update", of, old={"key": "K", setting: True}, new={"key": "K", setting: False})
    danger = (DangerKind.VARIABLE, f"the variable K is not {setting} any more: {without}")
    assert told(opened) == [danger]
    assert told({**opened, "op": "replace"})[-1] == danger
    assert told(step("create", of, new={"key": "K", setting: False})) == []
    assert told(step("delete", of, old={"key": "K", setting: True})) == [(DangerKind.DELETION, "is deleted")]


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("project_type", "group_type", "takes jobs of a group, not only of a project"),
        ("project_type", "instance_type", "takes jobs of the whole instance, not only of a project"),
        ("group_type", "instance_type", "takes jobs of the whole instance, not only of a group"),
        ("group_type", "group_type", None),
        ("instance_type", "group_type", None),
        ("group_type", "project_type", None),
        (UNKNOWN, "instance_type", None),
        ("group_type", UNKNOWN, None),
    ],
)
def test_a_runner_of_a_wider_kind(before: str, after: str, what: str | None) -> None:
    found = told(step("update", RUNNER, old={"runnerType": before}, new={"runnerType": after}))
    assert found == ([(DangerKind.RUNNER, what)] if what else [])


@pytest.mark.parametrize("end", ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"])
def test_each_end_of_a_connection(end: str) -> None:
    ports = {"ipProtocol": "tcp", "fromPort": 80, "toPort": 80}
    assert told(step("create", INGRESS, new={end: "END", **ports})) == [
        (DangerKind.PROTECTION, "lets connections in from END by tcp, to port 80")
    ]


@pytest.mark.parametrize(
    ("change", "traffic"),
    [
        ({"ipProtocol": "udp"}, "by udp, to port 80"),
        ({"fromPort": 1}, "by tcp, to ports 1 to 80"),
        ({"toPort": 90}, "by tcp, to ports 80 to 90"),
        ({"description": "other"}, None),
    ],
)
@pytest.mark.parametrize("of", [INGRESS, EGRESS])
def test_each_change_of_what_is_let_through(of: str, change: dict[str, Any], traffic: str | None) -> None:
    before = {"cidrIpv4": "10.0.0.0/8", "ipProtocol": "tcp", "fromPort": 80, "toPort": 80}
    found = told(step("update", of, old=before, new={**before, **change}))
    what = "lets connections in from" if of == INGRESS else "lets its hosts connect to"
    assert found == ([(DangerKind.PROTECTION, f"{what} 10.0.0.0/8 {traffic}")] if traffic else [])
    assert told(step("delete", of, old=before)) == [(DangerKind.DELETION, "is deleted")]


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
def test_how_far_instance_metadata_reaches(options: dict[str, Any], count: int) -> None:
    assert len(told(step("create", TEMPLATE, new={"metadataOptions": options}))) == count


@pytest.mark.parametrize("encrypted", ["true", True, "True"])
def test_a_disk_that_is_encrypted(encrypted: Any) -> None:
    disk = {"deviceName": "/dev/xvda", "ebs": {"encrypted": encrypted}}
    assert told(step("create", TEMPLATE, new={"blockDeviceMappings": [disk]})) == []


@pytest.mark.parametrize("action", ["ecr:BatchGetImage", "ECR:batchgetimage", "ecr:Batch*", "ecr:*", "*"])
@pytest.mark.parametrize(
    ("resource", "pulls"), [("*", True), ("arn:aws:ecr:eu-west-1:1:repository/a", True), ("arn:s3", False)]
)
def test_each_action_that_pulls(action: str, resource: str, pulls: bool) -> None:
    found = told(step("update", ROLE_POLICY, old=policy(), new=policy(allow(action, resource))))
    assert ((DangerKind.REGISTRY, f"may pull from {resource}") in found) == pulls
    other = told(step("update", ROLE_POLICY, old=policy(), new=policy(allow("ecr:PutImage", resource))))
    assert [kind for kind, _ in other] == [DangerKind.RIGHTS]


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
def test_each_policy_that_does_not_show(key: str, word: str, hidden: Any) -> None:
    assert told(step("create", "aws:example/thing:Thing", new={key: hidden, "other": UNKNOWN})) == [
        (DangerKind.RIGHTS, f"what its {word} allows is known only after the update")
    ]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("allowed_images", "lets jobs run any image"),
        ("allowed_services", "lets jobs run any image as a service"),
        ("allowed_privileged_images", "makes jobs of any image privileged, not only of some"),
        ("allowed_privileged_services", "makes services of any image privileged, not only of some"),
        ("allowed_users", "lets jobs run as any user"),
    ],
)
def test_each_limit_of_jobs_that_is_lifted(key: str, words: str) -> None:
    limited, more = host_inputs(**{key: ["a"]}), host_inputs(**{key: ["a", "b"]})
    prefix = "the runner build"
    assert told(host_step(limited, host_inputs())) == [(DangerKind.PRIVILEGE, f"{prefix} {words}")]
    assert told(host_step(limited, more)) == [
        (DangerKind.PRIVILEGE, f"{prefix} has more {key.replace('_', ' ')}: b")
    ]
    assert told(host_step(host_inputs(), limited)) == told(host_step(more, limited)) == []


@pytest.mark.parametrize("key", ["pull_policy", "allowed_pull_policies"])
def test_each_pull_policy_that_asks_no_registry(key: str) -> None:
    always, sometimes = host_inputs(**{key: ["always"]}), host_inputs(**{key: ["always", "if-not-present"]})
    (found,) = told(host_step(always, sometimes))
    assert "images that another job has pulled" in found[1]
    assert told(host_step(host_inputs(), always)) == told(host_step(sometimes, always)) == []


@pytest.mark.parametrize(
    ("key", "whose"), [("security_opt", "its jobs"), ("services_security_opt", "services")]
)
def test_a_security_option_that_is_taken(key: str, whose: str) -> None:
    kept, taken = host_inputs(**{key: ["no-new-privileges:true"]}), host_inputs()
    assert told(host_step(kept, taken)) == [
        (
            DangerKind.PRIVILEGE,
            f"the runner build takes from {whose} the security option no-new-privileges:true",
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
    found = told(step("delete", RUNNER, "it", old=queue()), step("same", RUNNER, "other", other, other))
    (what,) = [what for kind, what in found if kind is DangerKind.QUEUE]
    assert what.startswith("jobs of group 42 with the tags a b ")
    assert ("go to the runner other instead" in what) == takes
    assert ("wait until another runner takes them" in what) != takes


def test_jobs_of_protected_branches_alone_are_not_all() -> None:
    open_to_all, protected = queue(accessLevel="not_protected"), queue()
    found = told(
        step("delete", RUNNER, "it", old=open_to_all), step("same", RUNNER, "o", protected, protected)
    )
    assert "wait until" in found[-1][1]


def test_a_runner_that_was_paused_leaves_no_job() -> None:
    found = told(step("delete", RUNNER, "it", old=queue(paused=True)))
    assert [kind for kind, _ in found] == [DangerKind.DELETION]


def test_a_runner_that_is_paused_leaves_its_jobs() -> None:
    found = told(step("update", RUNNER, "it", old=queue(), new=queue(paused=True)))
    assert [kind for kind, _ in found] == [DangerKind.QUEUE]


def test_jobs_go_to_the_first_runner_by_name() -> None:
    others = [step("same", RUNNER, name, queue(), queue()) for name in ("r-10", "r-9")]
    found = told(step("delete", RUNNER, "it", old=queue()), *others)
    assert "go to the runner r-9 instead" in found[-1][1]


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
def test_whose_jobs_wait(scope: dict[str, Any], words: str) -> None:
    (*_, (_, what)) = told(step("delete", RUNNER, "it", old={**scope, "tagLists": ["a"]}))
    assert what.startswith(f"jobs of {words} with the tag a wait until")


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
    "rights": "minor",
}


def test_how_severe_each_kind_of_danger_is() -> None:
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
