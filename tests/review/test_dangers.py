"""The changes that are dangers, and those that are not."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.review.dangers import DangerKind, dangers
from pulumi_gitlab_runner.review.dangers.danger import is_known

from tests.review.hosts import LEGACY, VAULT, host_inputs, host_step
from tests.review.phrases import dangers_of
from tests.review.previews import ROLE_POLICY, UNKNOWN, VARIABLE, allow, policy, preview, step

IMAGE = "arn:aws:ecr:eu-west-1:123456789012:repository/private/image"
GROUP = "aws:example/thing:Thing"
RUNNER = "gitlab:index/userRunner:UserRunner"
SHARED = {"account": "210987654321", "repositories": ["platform/toolchain"], "caches": [], "users": ["build"]}
STACK = "gitlab-runner:index:RunnerStack"


def test_a_replacement_is_reported_with_its_reasons() -> None:
    replaced = step("replace", GROUP, old={}, new={}, replaceReasons=["name", "zone"])
    assert dangers_of(replaced) == [(DangerKind.REPLACEMENT, "is replaced; changed: name zone")]
    assert dangers_of(step("replace", GROUP, old={}, new={})) == [(DangerKind.REPLACEMENT, "is replaced")]


def test_a_retained_resource_loses_nothing() -> None:
    repository = "aws:ecr/repository:Repository"
    deleted = step("delete", repository, old={})
    replaced = step(
        "replace", repository, old={}, new={"imageTagMutability": "IMMUTABLE"}, replaceReasons=["name"]
    )
    for each in (deleted, replaced):
        each["oldState"]["retainOnDelete"] = True
    assert dangers_of(deleted) == [(DangerKind.DELETION, "is removed from the stack, but not deleted")]
    assert (
        DangerKind.REPLACEMENT,
        "is replaced, and the old resource is not deleted; changed: name",
    ) in dangers_of(replaced)


def test_a_deletion_is_reported_unless_it_is_of_a_component() -> None:
    deleted = step("delete", GROUP, old={})
    component = step("delete", "gitlab-runner:index:RunnerHost", old={})
    assert dangers_of(deleted, component) == [(DangerKind.DELETION, "is deleted")]


def test_an_unchanged_or_harmless_step_is_no_danger() -> None:
    same = step("same", ROLE_POLICY, old=policy(allow("*")), new=policy(allow("*")))
    host = host_inputs(privileged=True)
    assert (
        dangers_of(same, host_step(host, host), step("update", GROUP, old={"maxSize": 1}, new={"maxSize": 2}))
        == []
    )


def test_only_gained_rights_are_reported() -> None:
    before, after = policy(allow("s3:Get*")), policy(allow(["s3:GetObject", "s3:PutObject"], "arn:b"))
    assert dangers_of(step("update", ROLE_POLICY, old=before, new=after)) == [
        (DangerKind.PERMISSION, "allows s3:PutObject on arn:b")
    ]


def test_all_rights_of_a_new_role_are_reported() -> None:
    role = {"assumeRolePolicy": policy(allow("sts:AssumeRole", [], Principal={"AWS": "arn:x"}))["policy"]}
    assert dangers_of(step("create", "aws:iam/role:Role", new=role)) == [
        (DangerKind.PERMISSION, "allows sts:AssumeRole to AWS arn:x")
    ]


def test_added_pull_permissions_are_reported_as_registries() -> None:
    after = policy(allow(["ecr:BatchGetImage"], [IMAGE]))
    assert dangers_of(step("update", ROLE_POLICY, old=policy(), new=after)) == [
        (DangerKind.REGISTRY, f"can pull from {IMAGE}"),
        (DangerKind.PERMISSION, f"allows ecr:BatchGetImage on {IMAGE}"),
    ]


def test_a_right_on_all_repositories_is_reported_as_a_registry() -> None:
    kinds = [kind for kind, _ in dangers_of(step("create", ROLE_POLICY, new=policy(allow("ecr:*"))))]
    assert kinds == [DangerKind.REGISTRY, DangerKind.PERMISSION]


@pytest.mark.parametrize("hidden", [UNKNOWN, "[secret]"])
def test_an_unknown_policy_is_reported(hidden: str) -> None:
    ((kind, message),) = dangers_of(
        step("update", ROLE_POLICY, old=policy(allow("x:1")), new={"policy": hidden})
    )
    assert (kind, message) == (
        DangerKind.PERMISSION,
        "the content of its policy is known only after the update",
    )
    lifecycle = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    assert dangers_of(step("create", lifecycle, new={"policy": hidden})) == []


ROLE = "gitlab-runner:index:RunnerManagerRole"


def policy_of_a_new_key(policy: Any, name: str = "ci-build.key") -> dict[str, Any]:
    """The step of a policy that is unknown until AWS has chosen the ARN of its key."""
    made = step("create", ROLE_POLICY, name, new={"policy": policy})
    return made | {"urn": made["urn"].replace("$aws:", f"${ROLE}$aws:")}


def showing(*statements: dict[str, Any]) -> dict[str, Any]:
    """The step of the component that shows the policy."""
    return step("create", ROLE, "ci-build", new={"rights": {"ci-build.key": {"Statement": [*statements]}}})


def test_a_policy_with_an_unknown_arn_is_reported_except_for_the_arn() -> None:
    decrypt = allow(["kms:Decrypt"], UNKNOWN, Condition={"StringEquals": {"kms:ViaService": "ssm"}})
    (found,) = dangers(preview(policy_of_a_new_key(UNKNOWN), showing(decrypt)))
    assert is_known(found.phrases)
    assert found.phrases == (
        ("allows", ("kms:Decrypt",)),
        ("on", ("an ARN that AWS assigns",)),
        ("if", ('{"StringEquals": {"kms:ViaService": "ssm"}}',)),
    )


def test_a_known_policy_is_reported_by_its_own_statements() -> None:
    shown = policy(allow("kms:Decrypt", "arn:key"))["policy"]
    assert dangers_of(policy_of_a_new_key(shown), showing(allow("kms:Encrypt", UNKNOWN))) == [
        (DangerKind.PERMISSION, "allows kms:Decrypt on arn:key")
    ]


@pytest.mark.parametrize(
    "statement",
    [allow(UNKNOWN, UNKNOWN), allow("kms:Decrypt", UNKNOWN, Condition=UNKNOWN), {"Effect": "Allow"}],
    ids=["action", "condition", "nothing"],
)
def test_a_component_that_shows_too_little_leaves_the_policy_unknown(statement: dict[str, Any]) -> None:
    (found,) = dangers(preview(showing(statement), policy_of_a_new_key(UNKNOWN)))
    assert not is_known(found.phrases)


def test_a_policy_that_no_component_shows_stays_unknown() -> None:
    other = policy_of_a_new_key(UNKNOWN, "ci-build")
    (found,) = dangers(preview(showing(allow("kms:Decrypt", UNKNOWN)), other))
    assert not is_known(found.phrases)


def test_an_attached_policy_and_a_removed_boundary_are_reported() -> None:
    attached = step(
        "create", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", new={"policyArn": "arn:admin"}
    )
    unbound = step("update", "aws:iam/role:Role", old={"permissionsBoundary": "arn:b"}, new={})
    assert [message for _, message in dangers_of(attached, unbound)] == [
        "no longer has a permissions boundary",
        "attaches the policy arn:admin",
    ]
    moved = step(
        "update",
        "aws:iam/role:Role",
        old={"permissionsBoundary": "arn:b"},
        new={"permissionsBoundary": "arn:c"},
    )
    assert [message for _, message in dangers_of(moved)] == ["has another permissions boundary arn:c"]


def test_registries_that_a_host_gains_credentials_for_are_reported() -> None:
    step_ = host_step(host_inputs(["team"]), host_inputs(["team", "legacy", "vault"]))
    assert dangers_of(step_) == [(DangerKind.REGISTRY, f"its host has credentials for {LEGACY} {VAULT}")]


def test_a_removed_registry_is_no_danger() -> None:
    assert dangers_of(host_step(host_inputs(["team", "legacy"]), host_inputs(["team"]))) == []


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ({}, {"privileged": True}, "is privileged: every job has root access to the host"),
        (
            {"privileged": False},
            {"services_privileged": True},
            "has privileged services: every job can gain root access to the host",
        ),
        ({"cap_add": ["A"]}, {"cap_add": ["A", "B"]}, "gives its jobs the capability B"),
        ({}, {"devices": ["/dev/kvm"]}, "gives its jobs access to the host device /dev/kvm"),
        (
            {"volumes": ["/cache"]},
            {"volumes": ["/cache", "data:/data", "/run/docker.sock:/run/docker.sock"]},
            "gives its jobs access to the host path /run/docker.sock:/run/docker.sock",
        ),
        ({}, {"pid_mode": "host"}, "runs its jobs in the host's PID namespace"),
        ({}, {"userns_mode": "host"}, "maps root in a job to root on the host"),
        (
            {},
            {"security_opt": ["apparmor=unconfined"]},
            "runs its jobs with the security option apparmor=unconfined",
        ),
        (
            {"services_security_opt": ["no-new-privileges:true"]},
            {},
            "runs services without the security option no-new-privileges:true",
        ),
        ({"cap_drop": ["ALL"]}, {}, "no longer drops the capability ALL"),
        ({"allowed_images": ["a/*"]}, {}, "allows jobs to run any image"),
        (
            {"allowed_images": ["a/*"]},
            {"allowed_images": ["a/*", "b/*"]},
            "has additional allowed images: b/*",
        ),
        (
            {"allowed_services": ["**/*@sha256:*"]},
            {"allowed_services": ["**/*"]},
            "allows services by tag, not only by digest",
        ),
        (
            {},
            {"pull_policy": ["always", "if-not-present"]},
            "allows jobs to use images that other jobs have pulled, without an access check by the registry",
        ),
    ],
)
def test_a_setting_that_adds_privileges_to_jobs_is_reported(
    before: dict[str, Any], after: dict[str, Any], message: str
) -> None:
    step_ = host_step(host_inputs(**before), host_inputs(**after))
    assert dangers_of(step_) == [(DangerKind.PRIVILEGE, f"the runner build {message}")]
    assert dangers_of(host_step(host_inputs(**after), host_inputs(**before))) == []


@pytest.mark.parametrize(
    "content", [UNKNOWN, "[secret]", "{", "[]", '{"etc/gitlab-runner/registries": {"content": 7}}']
)
def test_files_that_cannot_be_read_are_reported(content: str) -> None:
    new = {"key": "build/files.json", "content": content}
    assert [kind for kind, _ in dangers_of(host_step(host_inputs(), new))] == [
        DangerKind.PRIVILEGE,
        DangerKind.REGISTRY,
    ]


def test_an_invalid_config_does_not_break_the_review() -> None:
    toml = '[[runners]]\nname = 1\n[runners.docker]\nvolumes = 7\ncap_add = [1]\ndevices = "x"\n'
    files = {
        "etc/gitlab-runner/config.toml": {"content": toml},
        "etc/gitlab-runner/registries": {"content": "7 helper any"},
    }
    new = {"key": "build/files.json", "content": json.dumps(files)}
    assert dangers_of(host_step(None, new)) == [
        (DangerKind.PRIVILEGE, "the runner 1 gives its jobs the capability 1"),
        (DangerKind.REGISTRY, "its host has credentials for 7"),
    ]


def test_another_gitlab_and_a_network_for_all_jobs_are_reported() -> None:
    old = host_inputs()
    new = old["content"].replace("https://gitlab.example.com", "https://gitlab.example.net")
    new = new.replace("FF_NETWORK_PER_BUILD = true", "FF_NETWORK_PER_BUILD = false")
    assert dangers_of(host_step(old, {**old, "content": new})) == [
        (DangerKind.PRIVILEGE, f"the runner build {message}")
        for message in (
            "runs its jobs in one network, in which they can connect to each other",
            "accepts jobs from another GitLab instance: https://gitlab.example.net",
        )
    ]


@pytest.mark.parametrize(
    "key", ["pre_get_sources_script", "post_get_sources_script", "pre_build_script", "post_build_script"]
)
def test_commands_in_every_job_are_reported_without_their_text(key: str) -> None:
    old = host_inputs()
    new, other = (with_key(old, key, text) for text in ("curl a", "curl b"))
    message = f"the runner build runs new commands in every job: {key}"
    for before, after in ((old, new), (new, other)):
        assert dangers_of(host_step(before, after)) == [(DangerKind.PRIVILEGE, message)]
    assert dangers_of(host_step(new, old)) == []


def test_who_gets_the_tokens_of_every_job_is_reported() -> None:
    old = host_inputs()
    cloned = with_key(old, "clone_url", "https://gitlab.example.net")
    helped = host_inputs(helper_image="registry.example.net/helper:1")
    for new, message in (
        (cloned, "clones repositories from another URL, with the tokens of its jobs"),
        (helped, "passes the token of every job to another helper image: registry.example.net/helper:1"),
    ):
        assert dangers_of(host_step(old, new)) == [(DangerKind.PRIVILEGE, f"the runner build {message}")]
        assert dangers_of(host_step(new, old)) == []


def with_key(inputs: dict[str, Any], key: str, value: str) -> dict[str, Any]:
    """The inputs of a host's files with a further key in the `[[runners]]` table."""
    line = f'{key} = "{value}"\nexecutor = '
    content = json.loads(inputs["content"])
    config = content["etc/gitlab-runner/config.toml"]
    config["content"] = config["content"].replace("executor = ", line)
    return {**inputs, "content": json.dumps(content)}


def test_only_unusual_settings_of_a_new_runner_are_reported() -> None:
    assert [kind for kind, _ in dangers_of(host_step(None, host_inputs()))] == [DangerKind.REGISTRY]
    assert (
        DangerKind.PRIVILEGE,
        "the runner build is privileged: every job has root access to the host",
    ) in dangers_of(host_step(None, host_inputs(privileged=True)))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            {"accessLevel": "ref_protected"},
            {"accessLevel": "not_protected"},
            "accepts jobs of unprotected branches, to which more people can push",
        ),
        ({"untagged": False}, {"untagged": True}, "accepts jobs without tags, from all pipelines"),
        ({"locked": True}, {"locked": False}, "can be enabled for other projects"),
        (
            {"runnerType": "group_type"},
            {"runnerType": "instance_type"},
            "accepts jobs of the whole instance, not only of a group",
        ),
    ],
)
def test_a_runner_that_accepts_more_jobs_is_reported(
    before: dict[str, Any], after: dict[str, Any], message: str
) -> None:
    assert dangers_of(step("update", RUNNER, old=before, new=after)) == [(DangerKind.RUNNER, message)]
    back = dangers_of(step("update", RUNNER, old=after, new=before))
    assert [kind for kind, _ in back if kind is not DangerKind.QUEUE] == []
    assert dangers_of(step("create", RUNNER, new=after)) == []


DOCKER = {"runnerType": "group_type", "groupId": 42, "tagLists": ["docker"], "untagged": False}
JOBS = "jobs of group 42 with the tag docker"
PAUSE = (
    "before the old runner is deleted, pause it in GitLab and wait until its jobs have finished; "
    "otherwise they fail"
)


@pytest.mark.parametrize(
    ("operation", "after", "fix"),
    [
        ("delete", None, PAUSE),
        (
            "replace",
            {**DOCKER, "groupId": 43},
            (
                "increase the generation of the replaced runner and set keep_previous, "
                "so that its running jobs can finish"
            ),
        ),
        (
            "update",
            {**DOCKER, "tagLists": ["arm"]},
            "change the tags of these jobs, or configure another runner for them",
        ),
    ],
)
def test_jobs_without_a_runner_are_reported_with_the_fix(
    operation: str, after: dict[str, Any] | None, fix: str
) -> None:
    found = dangers_of(step(operation, RUNNER, old=DOCKER, new=after))
    queue = [message for kind, message in found if kind is DangerKind.QUEUE]
    assert queue == [f"{JOBS} wait for another runner; {fix}"]


def test_jobs_that_another_runner_of_the_stack_takes_do_not_wait() -> None:
    other = step("same", RUNNER, "other", DOCKER, {**DOCKER, "tagLists": ["arm", "docker"]})
    changed = {**DOCKER, "tagLists": ["arm"]}
    assert dangers_of(step("update", RUNNER, "it", DOCKER, changed), other) == []
    _, queue = dangers_of(step("delete", RUNNER, "it", DOCKER), other)
    assert queue == (DangerKind.QUEUE, f"{JOBS} run on the runner other instead; {PAUSE}")
    gone_too = step("delete", RUNNER, "other", DOCKER)
    assert "wait for another runner" in dangers_of(step("delete", RUNNER, "it", DOCKER), gone_too)[2][1]


def test_an_owner_whose_policy_names_a_replaced_role_is_reported_with_the_fix() -> None:
    owners = {"shared": {"account": "210987654321", "repositories": ["tools"], "users": ["build"]}}
    stack = step("same", "gitlab-runner:index:RunnerStack", "ci", {"owners": owners}, {"owners": owners})
    role = step("replace", "aws:iam/role:Role", "ci-build", {"path": "/"}, {"path": "/ci/"})
    kind, message = dangers_of(stack, role)[1]
    assert kind is DangerKind.OWNERS
    assert message == (
        "the owner of the account 210987654321 must add the new policy under shared in the output "
        "required_policies after the deployment, before jobs can pull again: a new role replaces ci-build"
    )
    other = step("replace", "aws:iam/role:Role", "ci-other", {"path": "/"}, {"path": "/ci/"})
    assert [kind for kind, _ in dangers_of(stack, other)] == [DangerKind.REPLACEMENT]


def test_a_host_with_unknown_files_is_reported_from_its_component() -> None:
    declared = {
        "runners": {"build": {"docker": {"privileged": True}}},
        "registries": {"team": {"authenticates": "by role"}, "jobs": {"authenticates": "by each job itself"}},
    }
    files_type = "aws:s3/bucketObjectv2:BucketObjectv2"
    host = step("create", "gitlab-runner:index:RunnerHost", "ci-build", new={"declared": declared})
    files = step("create", files_type, new={"key": "build/files.json", "content": UNKNOWN})
    files["urn"] = host["urn"].replace("::ci-build", f"${files_type}::ci-build-files")
    assert dangers_of(host, files) == [
        (DangerKind.PRIVILEGE, "the runner build is privileged: every job has root access to the host"),
        (DangerKind.REGISTRY, "its host has credentials for team"),
    ]


def test_a_docker_host_is_reported_from_its_component() -> None:
    kind = "gitlab-runner:index:DockerRunnerHost"
    before: dict[str, Any] = {"declared": {"runners": {"build": {}}}}
    after = {"declared": {"runners": {"build": {"docker": {"privileged": True}}}}}
    assert dangers_of(step("update", kind, "ci-build", before, after)) == [
        (DangerKind.PRIVILEGE, "the runner build is privileged: every job has root access to the host")
    ]
    described_for_the_first_time = step("update", kind, "ci-build", {}, after)
    assert dangers_of(described_for_the_first_time) == []


def test_a_runner_enabled_for_a_further_project_is_reported() -> None:
    enabled = step(
        "create", "gitlab:index/projectRunnerEnablement:ProjectRunnerEnablement", new={"project": "9"}
    )
    assert dangers_of(enabled) == [(DangerKind.RUNNER, "accepts jobs of the project 9")]


def test_a_variable_for_more_environments_is_reported() -> None:
    some, all_ = {"key": "K", "environmentScope": "prod"}, {"key": "K"}
    assert dangers_of(step("update", VARIABLE, old=some, new=all_)) == [
        (DangerKind.VARIABLE, "the variable K is available in the environments * instead of prod")
    ]
    assert dangers_of(step("update", VARIABLE, old=all_, new=some)) == []


def test_only_a_less_protected_variable_is_reported() -> None:
    kept, opened = {"key": "K", "masked": True, "protected": True}, {"key": "K", "masked": False}
    assert dangers_of(step("update", VARIABLE, old=kept, new=opened)) == [
        (DangerKind.VARIABLE, "the variable K is no longer protected: jobs of all branches receive it"),
        (DangerKind.VARIABLE, "the variable K is no longer masked: its value can appear in job logs"),
    ]
    assert dangers_of(step("update", VARIABLE, old=opened, new=kept)) == []


def test_the_worst_danger_comes_first() -> None:
    kinds = [
        kind
        for kind, _ in dangers_of(
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
    owner, output = "the owner of the account 210987654321", "in the output required_policies"
    central = {**SHARED, "repositories": ["a", "b"], "caches": ["hub"]}
    found = dangers_of(step("create", STACK, new={"owners": {"shared": SHARED, "central": central}}))
    assert found == [
        (
            DangerKind.OWNERS,
            f"{owner} must add the policy under shared {output} to the repository platform/toolchain",
        ),
        (
            DangerKind.OWNERS,
            (
                f"{owner} must add the policies under central central/registry {output} "
                "to the repositories a b for the cache hub"
            ),
        ),
    ]


def test_an_owner_of_caches_alone_is_named() -> None:
    central = {**SHARED, "repositories": [], "caches": ["hub", "quay"]}
    assert dangers_of(step("create", STACK, new={"owners": {"central": central}})) == [
        (
            DangerKind.OWNERS,
            (
                "the owner of the account 210987654321 must add the policies under central central/registry "
                "in the output required_policies for the caches hub quay"
            ),
        )
    ]


def test_owners_who_have_nothing_to_change_are_not_named() -> None:
    kept = {"owners": {"shared": SHARED}}
    assert dangers_of(step("update", STACK, old=kept, new=kept)) == []
    assert dangers_of(step("update", STACK, old=kept, new={})) == []
    (another,) = dangers_of(
        step("update", STACK, old=kept, new={"owners": {"shared": {**SHARED, "users": ["b", "c"]}}})
    )
    assert another[0] is DangerKind.OWNERS
    assert dangers_of(step("update", STACK, old={}, new={"owners": UNKNOWN})) == []


@pytest.mark.parametrize("operation", ["read", "discard"])
@pytest.mark.parametrize(
    "kind", ["aws:ecr/repository:Repository", "aws:kms/key:Key", "aws:iam/role:Role", RUNNER, VARIABLE]
)
def test_a_resource_that_is_only_read_is_no_danger(operation: str, kind: str) -> None:
    """`Repository.get` in a program: the preview shows no inputs of it."""
    known = {"protected": True, "tagLists": ["docker"], "groupId": 42}
    assert dangers_of(step(operation, kind, old=known, new={})) == []


def test_the_jobs_of_a_deleted_runner_wait_after_a_refresh_too() -> None:
    known = {"groupId": 42, "tagLists": ["docker"], "untagged": False}
    refreshed = step("refresh", RUNNER, "ci-build", known, known)
    deleted = step("delete", RUNNER, "ci-build", known)
    assert dangers_of(refreshed, deleted) == dangers_of(deleted)
    assert DangerKind.QUEUE in {kind for kind, _ in dangers_of(deleted)}
