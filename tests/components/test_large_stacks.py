"""Large stacks stay within AWS's quotas, or are refused before anything is created."""

import json
from typing import Any

import pulumi
import pytest
from pulumi_gitlab_runner import HostedRunnerAuth, HostStore, JobRole, RunnerHost, RunnerStack
from pulumi_gitlab_runner.auth.docker_config import credentials_as_json
from pulumi_gitlab_runner.iam.quotas import INLINE_POLICIES, MANAGED_POLICY, TRUST_POLICY

from tests.components import recording as mocks
from tests.components.everything import RealisticCloud
from tests.components.recording import Recording, run

POLICY, ATTACHMENT = "aws:iam/policy:Policy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
SECRETS = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"

LONG_NAMES = [f"team/{'long' * 50}-{number:03d}" for number in range(280)]
ELEVEN = {"ecr": {"account": "210987654321", "region": "us-east-1"}, "repositories": LONG_NAMES}
NEEDS_ELEVEN = "found:   280 repositories, for which a role needs 11 managed policies\n  allowed: at most"
JOBS = {"projects": ["team/app"], "branches": ["main"]}


def repositories(count: int) -> list[str]:
    return [f"team-{number % 7}/service-{number:03d}" for number in range(count)]


def shared(count: int) -> dict[str, Any]:
    """A registry of another account with this number of repositories."""
    return {"ecr": {"account": "210987654321", "region": "us-east-1"}, "repositories": repositories(count)}


def record_stack(registries: dict[str, Any], **declared: Any) -> Recording:
    return run(
        lambda: RunnerStack("ci", {"registries": registries, **declared}),  # type: ignore[typeddict-item]
        cloud=RealisticCloud,
    )[0]


def record_hosts(registries: dict[str, Any], runners: int = 1, **host: Any) -> Recording:
    """Record a stack whose runners share a host."""
    first: dict[str, Any] = {"group": 42, "registries": list(registries), "host": {"concurrent": 1, **host}}
    others = {f"runner-{number:03d}": {"group": 42, "host_of": "build"} for number in range(1, runners)}
    return record_stack(registries, runners={"build": first, **others})


def inline(recording: Recording, name: str = "ci-build") -> str:
    policy: str = recording.registered[ROLE_POLICY, name].inputs["policy"]
    return policy


def managed(recording: Recording) -> dict[str, str]:
    """The managed policies by their names."""
    return {
        name: each.inputs["policy"] for (kind, name), each in recording.registered.items() if kind == POLICY
    }


def test_the_policies_of_one_manager_fit_a_thousand_repositories() -> None:
    recording = record_hosts({"shared": shared(1000)})
    documents = managed(recording)
    assert 1 <= len(documents) <= 10
    assert all(MANAGED_POLICY.size(each) <= 6_144 for each in documents.values())
    assert INLINE_POLICIES.size(inline(recording)) <= 10_240
    pulled = [
        resource.partition("repository/")[2]
        for document in (inline(recording), *documents.values())
        for statement in json.loads(document)["Statement"]
        if statement["Sid"].startswith("EcrPull")
        for resource in statement["Resource"]
    ]
    assert sorted(pulled) == sorted(repositories(1000))


def test_managed_policies_are_attached_before_the_inline_policy_changes() -> None:
    recording = record_hosts({"shared": shared(200)})
    attachments = {name for kind, name in recording.registered if kind == ATTACHMENT}
    assert attachments == managed(recording).keys()
    needed = " ".join(recording.registered[ROLE_POLICY, "ci-build"].request.dependencies)
    assert all(f"{ATTACHMENT}::{name}" in needed for name in attachments)


def test_a_small_stack_has_only_an_inline_policy() -> None:
    recording = record_hosts({"shared": shared(90)})
    assert managed(recording) == {}
    assert not any(kind == ATTACHMENT for kind, _ in recording.registered)


def test_the_size_of_a_policy_does_not_depend_on_the_number_of_runners() -> None:
    """The names of their tokens, each of them twice, would be 12,000 characters."""
    recording = record_hosts({"shared": shared(50)}, runners=60)
    tokens = [name for kind, name in recording.registered if kind == "aws:ssm/parameter:Parameter"]
    assert len(tokens) == 60
    assert INLINE_POLICIES.size(inline(recording)) < INLINE_POLICIES.size(
        inline(record_hosts({"shared": shared(51)}))
    )


def test_a_job_role_and_hosted_auth_may_pull_from_many_repositories() -> None:
    team = {"ecr": {}, "repositories": ["ci/base"]}
    recording = record_stack(
        {"team": team, "shared": shared(300)},
        gitlab_url="https://gitlab.example.com",
        job_roles={
            "publish": {
                "projects": ["team/app"],
                "branches": ["main"],
                "push": ["team/ci/base"],
                "registries": ["shared"],
            }
        },
        hosted_auth={
            "hosted": {
                "registries": ["shared"],
                "projects": [7],
                "gitlab_token": {"secret": f"{SECRETS}:ci/token-AbCdEf"},
            }
        },
    )
    names = managed(recording).keys()
    assert {name.rpartition("-pull-")[0] for name in names} == {"ci-publish", "ci-hosted"}
    for name in ("ci-publish", "ci-hosted"):
        assert INLINE_POLICIES.size(inline(recording, name)) <= 10_240
    pushed = json.loads(inline(recording, "ci-publish"))["Statement"][-1]
    assert pushed["Resource"] == ["arn:aws:ecr:eu-west-1:123456789012:repository/ci/base"]


def test_a_job_role_for_a_hundred_projects_fits_a_raised_quota() -> None:
    role: Any = {
        "projects": [f"team/app-{number:03d}" for number in range(100)],
        "branches": ["main", "release/*"],
        "registries": ["shared"],
        "trust_policy_length": 4_096,
    }
    recording = record_stack(
        {"shared": shared(1)}, gitlab_url="https://gitlab.example.com", job_roles={"publish": role}
    )
    trust = recording.registered["aws:iam/role:Role", "ci-publish"].inputs["assumeRolePolicy"]
    assert 2_048 < TRUST_POLICY.size(trust) <= 4_096


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            {
                "registries": {"shared": shared(2000)},
                "runners": {"build": {"group": 42, "registries": ["shared"], "host": {}}},
            },
            "stack.runners.build\n  found:   2,000 repositories, for which a role needs",
        ),
        (
            {
                "registries": {"shared": shared(1)},
                "job_roles": {
                    "publish": {
                        "projects": [f"team/app-{number:03d}" for number in range(100)],
                        "branches": ["main"],
                        "registries": ["shared"],
                    }
                },
            },
            "stack.job_roles.publish.projects\n  found:   3,351 characters",
        ),
        (
            {
                "registries": {
                    f"partner-{number}": {
                        "host": f"{number}.example.com",
                        "static": {"secret": f"{SECRETS}:ci/{number}-AbCdEf"},
                    }
                    for number in range(150)
                },
                "runners": {
                    "build": {
                        "group": 42,
                        "registries": [f"partner-{number}" for number in range(150)],
                        "host": {},
                    }
                },
            },
            "stack.runners.build\n  found:   10,491 characters",
        ),
        (
            {
                "registries": {"shared": ELEVEN},
                "runners": {
                    "build": {
                        "group": 42,
                        "registries": ["shared"],
                        "host": {"policies": ["arn:aws:iam::123456789012:policy/ci"]},
                    }
                },
            },
            f"stack.runners.build\n  {NEEDS_ELEVEN} 9 managed policies in addition to 1 of your own,",
        ),
        (
            {
                "registries": {"shared": ELEVEN},
                "hosted_auth": {
                    "hosted": {
                        "registries": ["shared"],
                        "projects": [7],
                        "gitlab_token": {"secret": f"{SECRETS}:ci/token-AbCdEf"},
                    }
                },
            },
            f"stack.hosted_auth.hosted\n  {NEEDS_ELEVEN} 10 managed policies,",
        ),
        (
            {"registries": {"shared": ELEVEN}, "job_roles": {"publish": {**JOBS, "registries": ["shared"]}}},
            f"stack.job_roles.publish\n  {NEEDS_ELEVEN} 10 managed policies,",
        ),
        (
            {
                "registries": {"team": {"ecr": {}, "repositories": repositories(200)}},
                "job_roles": {
                    "publish": {**JOBS, "push": [f"team/{each}" for each in repositories(200)]},
                },
            },
            "stack.job_roles.publish.push\n  found:   19,167 characters",
        ),
    ],
    ids=["repositories", "projects", "secrets", "policies", "variable", "jobs", "pushes"],
)
def test_a_stack_over_a_quota_is_refused_before_anything_is_registered(
    declared: dict[str, Any], message: str
) -> None:
    seen: list[Recording] = []
    with pytest.raises(pulumi.RunError) as refused:
        run(lambda: RunnerStack("ci", declared), preview=True, seen=seen)  # type: ignore[arg-type]
    assert message in str(refused.value)
    assert seen[0].requests == []


@pytest.mark.parametrize("project", ["aws-ci", "SSM"])
def test_a_project_with_a_reserved_name_is_refused(project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mocks, "PROJECT", project)
    for program in (
        lambda: HostStore("ci", {}),
        lambda: RunnerStack("ci", {"runners": {"build": {"group": 42, "host": {}}}}),
        lambda: HostedRunnerAuth("ecr", hosted()),
    ):
        with pytest.raises(pulumi.RunError, match=r"Pulumi\.yaml: name\n(.*\n)*.*begins with neither"):
            run(program, preview=True)


def hosted() -> Any:
    token = f"{SECRETS}:ci/token-AbCdEf"
    return {
        "auth": {"registries": ["shared"], "projects": [7], "gitlab_token": {"secret": token}},
        "registries": {"shared": shared(1)},
    }


def test_a_host_with_the_prefix_of_security_group_ids_is_refused() -> None:
    host: Any = {
        "runners": {"build": {"runner": {"group": 42, "host": {}}, "runner_id": "1", "token": "glrt-1"}},
        "gitlab_url": "https://gitlab.example.com",
        "bucket": "bucket",
        "key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1",
    }
    run(lambda: RunnerHost("sg", host))
    with pytest.raises(pulumi.RunError, match=r"sg-burst\n(.*\n)*.*begin with sg-"):
        run(lambda: RunnerHost("sg-burst", host))


@pytest.mark.parametrize(("size", "fits"), [(4_096, True), (4_097, False)])
def test_a_password_that_is_too_long_for_parameter_store_is_refused(size: int, *, fits: bool) -> None:
    overhead = len(credentials_as_json(("user", "")))
    static = {"username": "user", "password": ("canary" * 1_000)[: size - overhead]}
    legacy = {"legacy": {"host": "registry.example.com", "static": static}}
    if fits:
        record_hosts(legacy)
        return
    with pytest.raises(pulumi.RunError, match=r"4,097 bytes\n.*4,096 bytes") as refused:
        record_hosts(legacy)
    assert "/registries/legacy" in str(refused.value)
    assert "canary" not in str(refused.value)


def test_a_standalone_job_role_reports_its_own_path() -> None:
    role: Any = {
        "projects": [f"team/app-{number:03d}" for number in range(100)],
        "branches": ["main"],
        "registries": ["shared"],
    }
    args: Any = {
        "role": role,
        "registries": {"shared": shared(1)},
        "gitlab_url": "https://gitlab.example.com",
    }
    with pytest.raises(pulumi.RunError, match=r"publish\.job_roles\.publish\.projects"):
        run(lambda: JobRole("publish", args))
