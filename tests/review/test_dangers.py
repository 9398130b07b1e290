"""What is told as dangerous, and what is not."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.review.dangers import DangerKind, dangers
from pulumi_gitlab_runner.review.dangers.danger import is_known

from tests.review.hosts import LEGACY, VAULT, host_inputs, host_step
from tests.review.phrases import told
from tests.review.previews import ROLE_POLICY, UNKNOWN, VARIABLE, allow, policy, preview, step

IMAGE = "arn:aws:ecr:eu-west-1:123456789012:repository/private/image"
GROUP = "aws:example/thing:Thing"
RUNNER = "gitlab:index/userRunner:UserRunner"
SHARED = {"account": "210987654321", "repositories": ["platform/toolchain"], "caches": [], "users": ["build"]}
STACK = "gitlab-runner:index:RunnerStack"


def test_a_replacement_is_told_with_its_reasons() -> None:
    replaced = step("replace", GROUP, old={}, new={}, replaceReasons=["name", "zone"])
    assert told(replaced) == [(DangerKind.REPLACEMENT, "is replaced by a new one because of name zone")]
    assert told(step("replace", GROUP, old={}, new={})) == [
        (DangerKind.REPLACEMENT, "is replaced by a new one")
    ]


def test_a_deletion_is_told_but_not_that_of_a_component() -> None:
    deleted = step("delete", GROUP, old={})
    component = step("delete", "gitlab-runner:index:RunnerHost", old={})
    assert told(deleted, component) == [(DangerKind.DELETION, "is deleted")]


def test_what_changes_nothing_is_no_danger() -> None:
    same = step("same", ROLE_POLICY, old=policy(allow("*")), new=policy(allow("*")))
    host = host_inputs(privileged=True)
    assert (
        told(same, host_step(host, host), step("update", GROUP, old={"maxSize": 1}, new={"maxSize": 2})) == []
    )


def test_rights_gained_are_told_and_kept_ones_not() -> None:
    before, after = policy(allow("s3:Get*")), policy(allow(["s3:GetObject", "s3:PutObject"], "arn:b"))
    assert told(step("update", ROLE_POLICY, old=before, new=after)) == [
        (DangerKind.RIGHTS, "allows s3:PutObject on arn:b")
    ]


def test_all_rights_of_a_new_role_are_told() -> None:
    role = {"assumeRolePolicy": policy(allow("sts:AssumeRole", [], Principal={"AWS": "arn:x"}))["policy"]}
    assert told(step("create", "aws:iam/role:Role", new=role)) == [
        (DangerKind.RIGHTS, "allows sts:AssumeRole to AWS arn:x")
    ]


def test_repositories_that_can_be_pulled_now_are_registries_too() -> None:
    after = policy(allow(["ecr:BatchGetImage"], [IMAGE]))
    assert told(step("update", ROLE_POLICY, old=policy(), new=after)) == [
        (DangerKind.REGISTRY, f"may pull from {IMAGE}"),
        (DangerKind.RIGHTS, f"allows ecr:BatchGetImage on {IMAGE}"),
    ]


def test_all_repositories_are_registries_too() -> None:
    kinds = [kind for kind, _ in told(step("create", ROLE_POLICY, new=policy(allow("ecr:*"))))]
    assert kinds == [DangerKind.REGISTRY, DangerKind.RIGHTS]


@pytest.mark.parametrize("hidden", [UNKNOWN, "[secret]"])
def test_a_policy_that_does_not_show_is_told(hidden: str) -> None:
    ((kind, what),) = told(step("update", ROLE_POLICY, old=policy(allow("x:1")), new={"policy": hidden}))
    assert (kind, what) == (DangerKind.RIGHTS, "what its policy allows is known only after the update")
    lifecycle = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    assert told(step("create", lifecycle, new={"policy": hidden})) == []


ROLE = "gitlab-runner:index:RunnerManagerRole"


def policy_of_a_new_key(policy: Any, name: str = "ci-build.key") -> dict[str, Any]:
    """The step of a policy that does not show before AWS has named its key."""
    made = step("create", ROLE_POLICY, name, new={"policy": policy})
    return made | {"urn": made["urn"].replace("$aws:", f"${ROLE}$aws:")}


def showing(*statements: dict[str, Any]) -> dict[str, Any]:
    """The step of the component that shows the policy."""
    return step("create", ROLE, "ci-build", new={"rights": {"ci-build.key": {"Statement": [*statements]}}})


def test_of_a_policy_with_an_arn_that_aws_chooses_all_but_that_is_told() -> None:
    decrypt = allow(["kms:Decrypt"], UNKNOWN, Condition={"StringEquals": {"kms:ViaService": "ssm"}})
    (found,) = dangers(preview(policy_of_a_new_key(UNKNOWN), showing(decrypt)))
    assert is_known(found.phrases)
    assert found.phrases == (
        ("allows", ("kms:Decrypt",)),
        ("on", ("an ARN that AWS chooses",)),
        ("if", ('{"StringEquals": {"kms:ViaService": "ssm"}}',)),
    )


def test_a_policy_that_shows_itself_is_told_by_itself() -> None:
    shown = policy(allow("kms:Decrypt", "arn:key"))["policy"]
    assert told(policy_of_a_new_key(shown), showing(allow("kms:Encrypt", UNKNOWN))) == [
        (DangerKind.RIGHTS, "allows kms:Decrypt on arn:key")
    ]


@pytest.mark.parametrize(
    "statement",
    [allow(UNKNOWN, UNKNOWN), allow("kms:Decrypt", UNKNOWN, Condition=UNKNOWN), {"Effect": "Allow"}],
    ids=["action", "condition", "nothing"],
)
def test_a_component_that_shows_too_little_hides_nothing(statement: dict[str, Any]) -> None:
    (found,) = dangers(preview(showing(statement), policy_of_a_new_key(UNKNOWN)))
    assert not is_known(found.phrases)


def test_another_policy_is_not_told_for_the_one_that_a_component_shows() -> None:
    other = policy_of_a_new_key(UNKNOWN, "ci-build")
    (found,) = dangers(preview(showing(allow("kms:Decrypt", UNKNOWN)), other))
    assert not is_known(found.phrases)


def test_an_attached_policy_and_a_boundary_taken_away_are_told() -> None:
    attached = step(
        "create", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", new={"policyArn": "arn:admin"}
    )
    unbound = step("update", "aws:iam/role:Role", old={"permissionsBoundary": "arn:b"}, new={})
    assert [what for _, what in told(attached, unbound)] == [
        "has no permissions boundary any more",
        "attaches the policy arn:admin",
    ]
    moved = step(
        "update",
        "aws:iam/role:Role",
        old={"permissionsBoundary": "arn:b"},
        new={"permissionsBoundary": "arn:c"},
    )
    assert [what for _, what in told(moved)] == ["has another permissions boundary arn:c"]


def test_registries_that_a_host_has_credentials_for_now_are_told() -> None:
    step_ = host_step(host_inputs(["team"]), host_inputs(["team", "legacy", "vault"]))
    assert told(step_) == [(DangerKind.REGISTRY, f"its host has credentials for {LEGACY} {VAULT}")]


def test_a_registry_taken_away_is_no_danger() -> None:
    assert told(host_step(host_inputs(["team", "legacy"]), host_inputs(["team"]))) == []


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ({}, {"privileged": True}, "is privileged: every job is root on the host"),
        (
            {"privileged": False},
            {"services_privileged": True},
            "has privileged services: every job can become root on the host",
        ),
        ({"cap_add": ["A"]}, {"cap_add": ["A", "B"]}, "gives its jobs a further capability B"),
        ({}, {"devices": ["/dev/kvm"]}, "gives its jobs a device of the host /dev/kvm"),
        (
            {"volumes": ["/cache"]},
            {"volumes": ["/cache", "data:/data", "/run/docker.sock:/run/docker.sock"]},
            "gives its jobs a folder of the host /run/docker.sock:/run/docker.sock",
        ),
        ({}, {"pid_mode": "host"}, "lets its jobs see the host's processes"),
        ({}, {"userns_mode": "host"}, "lets root in a job be root on the host"),
        (
            {},
            {"security_opt": ["apparmor=unconfined"]},
            "gives its jobs the security option apparmor=unconfined",
        ),
        (
            {"services_security_opt": ["no-new-privileges:true"]},
            {},
            "takes from services the security option no-new-privileges:true",
        ),
        ({"cap_drop": ["ALL"]}, {}, "leaves its jobs the capability ALL"),
        ({"allowed_images": ["a/*"]}, {}, "lets jobs run any image"),
        ({"allowed_images": ["a/*"]}, {"allowed_images": ["a/*", "b/*"]}, "has more allowed images: b/*"),
        (
            {"allowed_services": ["**/*@sha256:*"]},
            {"allowed_services": ["**/*"]},
            "runs services by tag, not only by digest",
        ),
        (
            {},
            {"pull_policy": ["always", "if-not-present"]},
            "lets jobs use images that another job has pulled, without asking their registry",
        ),
    ],
)
def test_what_brings_jobs_closer_to_the_host_is_told(
    before: dict[str, Any], after: dict[str, Any], what: str
) -> None:
    step_ = host_step(host_inputs(**before), host_inputs(**after))
    assert told(step_) == [(DangerKind.PRIVILEGE, f"the runner build {what}")]
    assert told(host_step(host_inputs(**after), host_inputs(**before))) == []


@pytest.mark.parametrize(
    "content", [UNKNOWN, "[secret]", "{", "[]", '{"etc/gitlab-runner/registries": {"content": 7}}']
)
def test_files_that_cannot_be_read_are_told(content: str) -> None:
    new = {"key": "build/files.json", "content": content}
    assert [kind for kind, _ in told(host_step(host_inputs(), new))] == [
        DangerKind.PRIVILEGE,
        DangerKind.REGISTRY,
    ]


def test_a_config_that_no_runner_would_take_ends_nothing() -> None:
    toml = '[[runners]]\nname = 1\n[runners.docker]\nvolumes = 7\ncap_add = [1]\ndevices = "x"\n'
    files = {
        "etc/gitlab-runner/config.toml": {"content": toml},
        "etc/gitlab-runner/registries": {"content": "7 helper any"},
    }
    new = {"key": "build/files.json", "content": json.dumps(files)}
    assert told(host_step(None, new)) == [
        (DangerKind.PRIVILEGE, "the runner 1 gives its jobs a further capability 1"),
        (DangerKind.REGISTRY, "its host has credentials for 7"),
    ]


def test_another_gitlab_and_a_network_for_all_jobs_are_told() -> None:
    old = host_inputs()
    new = old["content"].replace("https://gitlab.example.com", "https://gitlab.example.net")
    new = new.replace("FF_NETWORK_PER_BUILD = true", "FF_NETWORK_PER_BUILD = false")
    assert told(host_step(old, {**old, "content": new})) == [
        (DangerKind.PRIVILEGE, f"the runner build {what}")
        for what in (
            "puts its jobs into one network, where they reach each other",
            "takes its jobs from another GitLab: https://gitlab.example.net",
        )
    ]


def test_a_new_runner_is_told_only_what_is_unusual() -> None:
    assert [kind for kind, _ in told(host_step(None, host_inputs()))] == [DangerKind.REGISTRY]
    assert (DangerKind.PRIVILEGE, "the runner build is privileged: every job is root on the host") in told(
        host_step(None, host_inputs(privileged=True))
    )


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (
            {"accessLevel": "ref_protected"},
            {"accessLevel": "not_protected"},
            "takes jobs of branches that are not protected, which more people may push",
        ),
        ({"untagged": False}, {"untagged": True}, "takes jobs without tags, from whatever pipeline"),
        ({"locked": True}, {"locked": False}, "can be enabled for other projects"),
        (
            {"runnerType": "group_type"},
            {"runnerType": "instance_type"},
            "takes jobs of the whole instance, not only of a group",
        ),
    ],
)
def test_a_runner_open_to_more_jobs_is_told(before: dict[str, Any], after: dict[str, Any], what: str) -> None:
    assert told(step("update", RUNNER, old=before, new=after)) == [(DangerKind.RUNNER, what)]
    back = told(step("update", RUNNER, old=after, new=before))
    assert [kind for kind, _ in back if kind is not DangerKind.QUEUE] == []
    assert told(step("create", RUNNER, new=after)) == []


DOCKER = {"runnerType": "group_type", "groupId": 42, "tagLists": ["docker"], "untagged": False}
JOBS = "jobs of group 42 with the tag docker"
PAUSE = "pause it in GitLab and let its jobs end first, else they fail"


@pytest.mark.parametrize(
    ("operation", "after", "fix"),
    [
        ("delete", None, PAUSE),
        (
            "replace",
            {**DOCKER, "groupId": 43},
            "increase its generation, with keep_previous, so that its running jobs end as usual",
        ),
        (
            "update",
            {**DOCKER, "tagLists": ["arm"]},
            "change the tags of these jobs, or let another runner take them",
        ),
    ],
)
def test_jobs_that_nobody_takes_any_more_are_told_with_what_to_do(
    operation: str, after: dict[str, Any] | None, fix: str
) -> None:
    found = told(step(operation, RUNNER, old=DOCKER, new=after))
    queue = [what for kind, what in found if kind is DangerKind.QUEUE]
    assert queue == [f"{JOBS} wait until another runner takes them; {fix}"]


def test_jobs_that_another_runner_of_the_stack_takes_do_not_wait() -> None:
    other = step("same", RUNNER, "other", DOCKER, {**DOCKER, "tagLists": ["arm", "docker"]})
    changed = {**DOCKER, "tagLists": ["arm"]}
    assert told(step("update", RUNNER, "it", DOCKER, changed), other) == []
    _, queue = told(step("delete", RUNNER, "it", DOCKER), other)
    assert queue == (DangerKind.QUEUE, f"{JOBS} go to the runner other instead; {PAUSE}")
    gone_too = step("delete", RUNNER, "other", DOCKER)
    assert "wait until" in told(step("delete", RUNNER, "it", DOCKER), gone_too)[2][1]


def test_the_owner_whose_policy_names_a_replaced_role_is_told_what_to_do() -> None:
    owners = {"shared": {"account": "210987654321", "repositories": ["tools"], "users": ["build"]}}
    stack = step("same", "gitlab-runner:index:RunnerStack", "ci", {"owners": owners}, {"owners": owners})
    role = step("replace", "aws:iam/role:Role", "ci-build", {"path": "/"}, {"path": "/ci/"})
    kind, what = told(stack, role)[1]
    assert kind is DangerKind.OWNERS
    assert what == (
        "the owner of the account 210987654321 must add what the output required_policies then has under "
        "shared before jobs can pull again: a new role replaces ci-build"
    )
    other = step("replace", "aws:iam/role:Role", "ci-other", {"path": "/"}, {"path": "/ci/"})
    assert [kind for kind, _ in told(stack, other)] == [DangerKind.REPLACEMENT]


def test_a_host_whose_files_are_not_known_is_told_of_by_what_its_component_says() -> None:
    declared = {
        "runners": {"build": {"docker": {"privileged": True}}},
        "registries": {"team": {"authenticates": "by role"}, "jobs": {"authenticates": "by each job itself"}},
    }
    files_type = "aws:s3/bucketObjectv2:BucketObjectv2"
    host = step("create", "gitlab-runner:index:RunnerHost", "ci-build", new={"declared": declared})
    files = step("create", files_type, new={"key": "build/files.json", "content": UNKNOWN})
    files["urn"] = host["urn"].replace("::ci-build", f"${files_type}::ci-build-files")
    assert told(host, files) == [
        (DangerKind.PRIVILEGE, "the runner build is privileged: every job is root on the host"),
        (DangerKind.REGISTRY, "its host has credentials for team"),
    ]


def test_a_docker_host_is_told_of_by_what_its_component_says() -> None:
    kind = "gitlab-runner:index:DockerRunnerHost"
    before: dict[str, Any] = {"declared": {"runners": {"build": {}}}}
    after = {"declared": {"runners": {"build": {"docker": {"privileged": True}}}}}
    assert told(step("update", kind, "ci-build", before, after)) == [
        (DangerKind.PRIVILEGE, "the runner build is privileged: every job is root on the host")
    ]
    described_for_the_first_time = step("update", kind, "ci-build", {}, after)
    assert told(described_for_the_first_time) == []


def test_a_runner_enabled_for_a_further_project_is_told() -> None:
    enabled = step(
        "create", "gitlab:index/projectRunnerEnablement:ProjectRunnerEnablement", new={"project": "9"}
    )
    assert told(enabled) == [(DangerKind.RUNNER, "takes jobs of the project 9")]


def test_a_variable_for_more_environments_is_told() -> None:
    some, all_ = {"key": "K", "environmentScope": "prod"}, {"key": "K"}
    assert told(step("update", VARIABLE, old=some, new=all_)) == [
        (DangerKind.VARIABLE, "the variable K is given to jobs of the environments * and not of prod")
    ]
    assert told(step("update", VARIABLE, old=all_, new=some)) == []


def test_a_variable_less_protected_is_told_and_one_more_protected_not() -> None:
    kept, opened = {"key": "K", "masked": True, "protected": True}, {"key": "K", "masked": False}
    assert told(step("update", VARIABLE, old=kept, new=opened)) == [
        (DangerKind.VARIABLE, "the variable K is not protected any more: jobs of every branch are given it"),
        (DangerKind.VARIABLE, "the variable K is not masked any more: it shows in job logs"),
    ]
    assert told(step("update", VARIABLE, old=opened, new=kept)) == []


def test_the_worst_comes_first() -> None:
    kinds = [
        kind
        for kind, _ in told(
            step("update", VARIABLE, old={"masked": True}, new={}),
            step("update", "aws:kms/key:Key", old={"enableKeyRotation": True}, new={}),
            step("update", RUNNER, old={"locked": True}, new={}),
            host_step(host_inputs(), host_inputs(["legacy"], privileged=True)),
            step("create", STACK, new={"owners": {"shared": SHARED}}),
            step("update", ROLE_POLICY, old=policy(), new=policy(allow("x:1"))),
            step("delete", GROUP, old={}),
            step("replace", GROUP, old={}, new={}),
        )
    ]
    assert kinds == list(DangerKind)


def test_owners_who_must_act_are_named() -> None:
    added = (
        "the owner of the account 210987654321 must add what the output required_policies has under shared"
    )
    central = {**SHARED, "repositories": [], "caches": ["hub"]}
    told_of = told(step("create", STACK, new={"owners": {"shared": SHARED, "central": central}}))
    assert told_of == [
        (DangerKind.OWNERS, f"{added} for the repositories platform/toolchain"),
        (
            DangerKind.OWNERS,
            f"{added.replace('shared', 'central central/registry')} for the caches hub",
        ),
    ]


def test_owners_who_have_nothing_to_change_are_not() -> None:
    kept = {"owners": {"shared": SHARED}}
    assert told(step("update", STACK, old=kept, new=kept)) == []
    assert told(step("update", STACK, old=kept, new={})) == []
    (another,) = told(
        step("update", STACK, old=kept, new={"owners": {"shared": {**SHARED, "users": ["b", "c"]}}})
    )
    assert another[0] is DangerKind.OWNERS
    assert told(step("update", STACK, old={}, new={"owners": UNKNOWN})) == []
