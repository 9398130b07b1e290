"""Each component alone, as the stack of another project uses it."""

import json
import tomllib
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi_gitlab_runner import (
    CiVariables,
    EcrRepositories,
    HostedRunnerAuth,
    HostStore,
    ImageBuild,
    ImageMirror,
    JobRole,
    RunnerHost,
    RunnerManagerRole,
    RunnerRegistration,
)
from pulumi_gitlab_runner.spec.texts import stack_note

from tests.components.recording import (
    ACCOUNT,
    PROJECT,
    REGION,
    RUNNER_TOKEN,
    STACK,
    Recording,
    Registered,
    run,
)

NOTE = stack_note(f"{PROJECT}/{STACK}")

PASSWORD = "canary-of-the-password"
PARTITION = {"account": ACCOUNT, "region": "cn-north-1", "partition": "aws-cn"}
STATIC = {"host": "registry.example.com:5000", "static": {"username": "me", "password": PASSWORD}}
TEAM: Any = {"ecr": {}, "repositories": ["ci/base"]}


def only(recording: Recording, kind: str) -> Registered:
    """The one resource of a type."""
    (found,) = (each for (each_kind, _), each in recording.registered.items() if each_kind == kind)
    return found


def inline_policy(recording: Recording) -> str:
    """The policy of a role, except the one for the key of its parameters."""
    (found,) = (
        each.inputs["policy"]
        for (kind, name), each in recording.registered.items()
        if kind == "aws:iam/rolePolicy:RolePolicy" and not name.endswith(".key")
    )
    return str(found)


def with_secret_password() -> dict[str, Any]:
    """A registry whose password is an Output, as a program gives it."""
    return STATIC | {"static": {"username": "me", "password": pulumi.Output.secret(PASSWORD)}}


def test_repositories() -> None:
    def program() -> Any:
        images = EcrRepositories("images", {"repositories": {"ci/base": {}, "ci/tools": {"keep_images": 3}}})
        return {"urls": images.urls, "arns": images.arns}

    recording, outputs = run(program)
    assert outputs == {
        "urls": {
            name: f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}" for name in ("ci/base", "ci/tools")
        },
        "arns": {
            name: f"arn:of:aws:ecr/repository:Repository:images/{name}" for name in ("ci/base", "ci/tools")
        },
    }
    assert not any("repositoryPolicy" in kind for kind, _ in recording.registered)


def test_the_outputs_without_repositories_are_empty() -> None:
    assert run(lambda: EcrRepositories("images", {}).urls)[1] == {}


def test_repositories_in_a_region_that_other_accounts_pull_from() -> None:
    def program() -> Any:
        EcrRepositories(
            "images",
            {"repositories": ["ci/base"], "allow_pull": ["210987654321"], "region": "us-east-1"},  # type: ignore[typeddict-item]
        )

    recording, _ = run(program)
    resources = [each for (kind, _), each in recording.registered.items() if kind.startswith("aws:ecr/")]
    assert len(resources) == 3
    assert {each.inputs["region"] for each in resources} == {"us-east-1"}
    policy = json.loads(only(recording, "aws:ecr/repositoryPolicy:RepositoryPolicy").inputs["policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": ["arn:aws:iam::210987654321:root"]}


def test_repositories_in_another_partition() -> None:
    def program() -> Any:
        EcrRepositories(
            "images",
            {"repositories": {"ci/base": {}}, "allow_pull": ["210987654321"], "environment": PARTITION},  # type: ignore[typeddict-item]
        )

    policy = only(run(program)[0], "aws:ecr/repositoryPolicy:RepositoryPolicy").inputs["policy"]
    assert "arn:aws-cn:iam::210987654321:root" in policy


@pytest.mark.parametrize("known", [True, False], ids=["plain", "an Output"])
def test_an_environment_with_an_invalid_region_is_refused(*, known: bool) -> None:
    region = "cn-north1" if known else pulumi.Output.from_input("cn-north1")
    environment: Any = {**PARTITION, "region": region}
    args: Any = {"repositories": ["ci/base"], "allow_pull": ["210987654321"], "environment": environment}
    with pytest.raises(pulumi.RunError) as raised:
        run(lambda: EcrRepositories("images", args).urls)
    message = str(raised.value)
    assert "images.environment.region\n  found:   'cn-north1'" in message
    assert "did you mean 'cn-north-1'?" in message


@pytest.mark.parametrize(
    ("declared", "inputs"),
    [
        ({"group": 42}, {"runnerType": "group_type", "groupId": 42, "untagged": True}),
        ({"project": 7.0, "locked": True}, {"runnerType": "project_type", "projectId": 7, "locked": True}),
        ({"instance": True}, {"runnerType": "instance_type"}),
        (
            {"group": 42, "tags": ["docker"], "protected": True, "paused": True, "description": "Releases"},
            {
                "tagLists": ["docker"],
                "untagged": False,
                "accessLevel": "ref_protected",
                "paused": True,
                "description": "Releases",
            },
        ),
        (
            {"group": 42, "maximum_timeout": 3600, "maintenance_note": "Ask us."},
            {
                "maximumTimeout": 3600,
                "maintenanceNote": f"Ask us.\n\n{NOTE}",
            },
        ),
        (
            {"group": 42, "tags": pulumi.Output.from_input(["docker"])},
            {"tagLists": ["docker"], "untagged": False},
        ),
        ({"group": 42, "tags": pulumi.Output.from_input([])}, {"tagLists": [], "untagged": True}),
    ],
    ids=["group", "project", "instance", "settings", "limits", "tags known later", "no tags known later"],
)
def test_a_registration(declared: Any, inputs: dict[str, Any]) -> None:
    recording, runner_id = run(lambda: RunnerRegistration("build", declared).runner_id)
    registered = only(recording, "gitlab:index/userRunner:UserRunner").inputs
    assert {key: registered.get(key) for key in inputs} == inputs
    assert len({"groupId", "projectId"} & registered.keys()) == (0 if "instance" in declared else 1)
    assert runner_id == "11"


def test_a_runners_token_is_secret() -> None:
    assert run(lambda: RunnerRegistration("build", {"group": 42}).token.is_secret())[1] is True


GENERATIONS: dict[str, tuple[dict[str, Any], dict[str, bool], str]] = {
    "the first": ({}, {"build": False}, "11"),
    "the next": ({"generation": 2}, {"build_2": False}, "112"),
    "the next beside the first": (
        {"generation": 2, "keep_previous": True},
        {"build_2": False, "build": True},
        "112",
    ),
    "a later one, itself paused": (
        {"generation": 4, "keep_previous": True, "paused": True},
        {"build_4": True, "build_3": True},
        "114",
    ),
}


@pytest.mark.parametrize(("declared", "paused", "number"), GENERATIONS.values(), ids=GENERATIONS)
def test_generations_of_a_runner(declared: Any, paused: dict[str, bool], number: str) -> None:
    def program() -> pulumi.Output[list[str]]:
        registration = RunnerRegistration("build", {"group": 42, **declared})
        return pulumi.Output.unsecret(pulumi.Output.all(registration.runner_id, registration.token))

    recording, used = run(program)
    runners = {
        name: each.inputs
        for (kind, name), each in recording.registered.items()
        if kind == "gitlab:index/userRunner:UserRunner"
    }
    assert {name: each["paused"] for name, each in runners.items()} == paused
    assert all(each["groupId"] == 42 for each in runners.values())
    assert used == [number, RUNNER_TOKEN + number.removeprefix("11")]


def test_a_paused_generation_is_enabled_for_no_other_projects() -> None:
    declared: Any = {"project": 7, "other_projects": [8, 9], "generation": 2, "keep_previous": True}
    registered = run(lambda: RunnerRegistration("build", declared))[0].registered
    enabled = [
        (each.inputs["project"], each.inputs["runnerId"])
        for (kind, _), each in registered.items()
        if kind == "gitlab:index/projectRunnerEnablement:ProjectRunnerEnablement"
    ]
    assert sorted(enabled) == [("8", 112), ("9", 112)]


def test_the_previous_generation_keeps_its_scope_in_gitlab() -> None:
    declared: Any = {"group": 43, "generation": 2, "keep_previous": True}
    registered = run(lambda: RunnerRegistration("build", declared))[0].registered
    ignored = {
        name: list(each.request.ignoreChanges)
        for (kind, name), each in registered.items()
        if kind == "gitlab:index/userRunner:UserRunner"
    }
    assert ignored == {"build_2": [], "build": ["runnerType", "groupId", "projectId"]}


def test_a_role_uses_the_account_that_aws_returns() -> None:
    recording, arn = run(lambda: RunnerManagerRole("puller", {"registries": {"team": TEAM}}).role_arn)
    policy = json.loads(inline_policy(recording))
    assert [each["Sid"] for each in policy["Statement"]] == ["EcrToken", "EcrPull"]
    assert policy["Statement"][1]["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ci/base"]
    assert arn == "arn:of:aws:iam/role:Role:puller"


def test_a_role_for_registries_whose_password_is_in_secrets_manager() -> None:
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/partner-AbCdEf"
    registries: Any = {"partner": {"host": "registry.partner.example", "static": {"secret": secret}}}
    recording, _ = run(lambda: RunnerManagerRole("puller", {"registries": registries}))
    (statement,) = json.loads(inline_policy(recording))["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["secretsmanager:GetSecretValue"], [secret])


def test_the_bucket_of_a_store_is_available_only_with_versioning() -> None:
    def program() -> Any:
        store = HostStore("hosts", {})
        return store.bucket.resources(), store.bucket

    _, (resources, bucket) = run(program)
    assert {type(each).__name__ for each in resources} == {"BucketVersioning"}
    assert bucket == "hosts-0a1b2c3"


PRIVILEGED = {"docker": {"privileged": True}}


def host_args() -> Any:
    """Arguments of `RunnerHost`, with Outputs for the secrets."""
    return {
        "runners": {
            "build": {
                "runner": {
                    "group": 42,
                    "image": "team/ci/base:1",
                    "registries": ["team", "legacy"],
                    "host": {},
                },
                "runner_id": pulumi.Output.from_input("23"),
                "token": "glrt-not-even-marked",
            }
        },
        "registries": {"team": TEAM, "legacy": with_secret_password()},
        "gitlab_url": "https://gitlab.example.com",
        "bucket": "the-bucket",
        "key_arn": "the-key",
    }


def host_args_with(runners: dict[str, Any]) -> Any:
    """The same arguments with other runners."""
    return host_args() | {
        "runners": {
            name: {"runner": declared, "runner_id": str(number), "token": f"glrt-{name}"}
            for number, (name, declared) in enumerate(runners.items(), 23)
        }
    }


def test_runners_that_share_a_host_have_one_token_each_and_one_role() -> None:
    runners = {
        "build": {"group": 42, "registries": ["team"], "host": {}},
        "release": {"project": 7, "registries": ["legacy"], "host_of": "build"},
    }
    recording, _ = run(lambda: RunnerHost("shared", host_args_with(runners)))
    parameters = {
        each.inputs["name"]: each.inputs["value"]
        for (kind, _), each in recording.registered.items()
        if kind == "aws:ssm/parameter:Parameter" and "/tokens/" in each.inputs["name"]
    }
    assert parameters == {
        "/gitlab-runner/sandbox/shared/tokens/build": "glrt-build",
        "/gitlab-runner/sandbox/shared/tokens/release": "glrt-release",
    }
    policy = json.loads(inline_policy(recording))
    statements = {each["Sid"]: each for each in policy["Statement"]}
    assert statements["EcrPull"]["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ci/base"]
    assert statements["HostParameters"]["Resource"] == [
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/gitlab-runner/sandbox/shared/*"
    ]
    delivered = only(recording, "aws:s3/bucketObjectv2:BucketObjectv2").inputs
    config = tomllib.loads(json.loads(delivered["content"])["etc/gitlab-runner/config.toml"]["content"])
    assert [each["name"] for each in config["runners"]] == ["build", "release"]
    assert delivered["metadata"] == {"runner-ids": "23,24"}


def test_a_preview_shows_the_complete_files_and_policy_of_a_new_host() -> None:
    """GitLab has assigned no ID yet, and AWS has created nothing: names follow from the declaration."""

    def program() -> None:
        registration = RunnerRegistration("build", {"group": 42})
        given = {"runner_id": registration.runner_id, "token": registration.token}
        runner = {"group": 42, "registries": ["team"], "host": {"logs": {}}, "config": PRIVILEGED}
        RunnerHost("build", host_args() | {"runners": {"build": {"runner": runner, **given}}})

    recording, _ = run(program, preview=True)
    delivered = only(recording, "aws:s3/bucketObjectv2:BucketObjectv2").inputs
    config = tomllib.loads(json.loads(delivered["content"])["etc/gitlab-runner/config.toml"]["content"])
    (runner,) = config["runners"]
    assert (runner["id"], runner["docker"]["privileged"]) == ("@RUNNER_ID_build@", True)
    policy = json.loads(inline_policy(recording))
    resources = {each["Sid"]: each["Resource"] for each in policy["Statement"]}
    assert resources["HostFiles"] == ["arn:aws:s3:::the-bucket/build/files.json"]
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/{PROJECT}/{STACK}/build"
    assert resources["HostLogs"] == [f"{group}:log-stream:*"]


def test_a_host_accepts_secrets_as_outputs_or_plain_values() -> None:
    recording, outputs = run(lambda: RunnerHost("build", host_args()).group_name)
    registered = recording.registered
    secrets = {name: each.secrets for (kind, name), each in registered.items() if each.secrets}
    assert secrets == {"build-token-build": {"value"}, "build-registry-legacy": {"value"}}
    token = registered["aws:ssm/parameter:Parameter", "build-token-build"].inputs["value"]
    legacy = registered["aws:ssm/parameter:Parameter", "build-registry-legacy"].inputs["value"]
    assert token == "glrt-not-even-marked"
    assert json.loads(legacy) == {"username": "me", "password": PASSWORD}
    delivered = only(recording, "aws:s3/bucketObjectv2:BucketObjectv2").inputs
    assert delivered["metadata"] == {"runner-ids": "23"}
    assert outputs == "build-0a1b2c3"


def test_a_password_in_secrets_manager_has_no_parameter() -> None:
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/partner-AbCdEf"
    args = host_args()
    args["registries"]["legacy"]["static"] = {"secret": secret}
    recording, _ = run(lambda: RunnerHost("build", args))
    assert only(recording, "aws:ssm/parameter:Parameter").name == "build-token-build"
    policy = inline_policy(recording)
    assert secret in policy


def variables(*declared: dict[str, Any]) -> Recording:
    """Record `CiVariables`, and check that all resources are children of the component."""
    args: Any = {"variables": list(declared), "registries": {"legacy": with_secret_password()}}
    recording, _ = run(lambda: CiVariables("ci", args))
    parents = {each.parent for each in recording.all_registered if each.type.startswith("gitlab:")}
    assert parents == {"gitlab-runner:index:CiVariables::ci"}
    return recording


def test_variables_of_every_scope() -> None:
    recording = variables(
        {"group": 42, "key": "A", "value": "a-longer-value"},
        {"project": 7, "key": "A", "value": "a-longer-value", "environment_scope": "prod/*"},
        {"instance": True, "key": "A", "value": "a-longer-value"},
    )
    registered = {
        kind: each.inputs for (kind, _), each in recording.registered.items() if "Variable:" in kind + ":"
    }
    group = registered["gitlab:index/groupVariable:GroupVariable"]
    project = registered["gitlab:index/projectVariable:ProjectVariable"]
    instance = registered["gitlab:index/instanceVariable:InstanceVariable"]
    assert (group["group"], group["environmentScope"]) == ("42", "*")
    assert (project["project"], project["environmentScope"]) == ("7", "prod/*")
    assert group["hidden"] is project["hidden"] is False
    assert not {"environmentScope", "hidden"} & instance.keys()


def test_every_setting_of_a_variable_reaches_gitlab() -> None:
    recording = variables(
        {
            "group": 42,
            "key": "A",
            "value": "$plain-and-long",
            "masked": True,
            "hidden": True,
            "protected": True,
            "raw": True,
            "file": True,
            "description": "A plain one.",
        }
    )
    assert only(recording, "gitlab:index/groupVariable:GroupVariable").inputs == {
        "group": "42",
        "key": "A",
        "value": "$plain-and-long",
        "masked": True,
        "hidden": True,
        "protected": True,
        "raw": True,
        "variableType": "file",
        "description": "A plain one.",
        "environmentScope": "*",
    }


@pytest.mark.parametrize(
    ("declared", "identity"),
    [
        ({"group": 42, "environment_scope": "prod"}, "42:A:prod"),
        ({"project": 7}, "7:A:*"),
        ({"instance": True}, "A"),
    ],
)
def test_an_adopted_variable_is_imported_unchanged(declared: dict[str, Any], identity: str) -> None:
    recording = variables({**declared, "key": "A", "value": "a-longer-value", "adopt": True})
    (request,) = (each for each in recording.requests if each.type.endswith("Variable"))
    assert request.importId == identity
    assert list(request.ignoreChanges) == ["*"]
    (warning,) = recording.warnings
    assert "imported unchanged" in warning


def test_an_adopted_variable_requires_a_plain_number() -> None:
    group = pulumi.Output.from_input(42)
    with pytest.raises(pulumi.RunError, match="an Output, together with 'adopt'"):
        variables({"group": group, "key": "A", "value": "a-longer-value", "adopt": True})


def test_a_variable_without_a_description_says_which_stack_manages_it() -> None:
    recording = variables({"group": 42, "key": "A", "value": "a-longer-value"})
    described = only(recording, "gitlab:index/groupVariable:GroupVariable").inputs["description"]
    assert described == NOTE


def test_one_key_in_two_environments_is_two_variables() -> None:
    recording = variables(
        {"group": 42, "key": "A", "value": "a-longer-value"},
        {"group": 42, "key": "A", "value": "a-longer-value", "environment_scope": "prod"},
    )
    assert len({each.name for each in recording.requests if "Variable" in each.type}) == 3


@pytest.mark.parametrize("secret", [True, False])
@pytest.mark.parametrize(("value", "masked"), [("a-longer-value", True), ("short", False)])
def test_a_value_that_is_known_later_is_masked_where_gitlab_can_mask_it(
    value: str, *, masked: bool, secret: bool
) -> None:
    """A secret that GitLab cannot mask is a warning."""

    def program() -> None:
        output = pulumi.Output.secret(value) if secret else pulumi.Output.from_input(value)
        args: Any = {"variables": [{"group": 42, "key": "A", "value": output}]}
        CiVariables("ci", args)

    recording, _ = run(program)
    variable = only(recording, "gitlab:index/groupVariable:GroupVariable")
    assert variable.inputs["masked"] is masked
    assert variable.secrets == {"value"}
    assert len(recording.warnings) == (secret and not masked)
    assert all(
        each.startswith("ci.variables[0].value: GitLab cannot mask this secret")
        for each in recording.warnings
    )


def test_a_secret_that_is_declared_as_not_masked_is_not_a_warning() -> None:
    def program() -> None:
        value = pulumi.Output.secret("short")
        args: Any = {"variables": [{"group": 42, "key": "A", "value": value, "masked": False}]}
        CiVariables("ci", args)

    assert run(program)[0].warnings == []


def test_docker_auth_may_use_a_password_that_is_an_output() -> None:
    variable = only(
        variables({"project": 7, "docker_auth": ["legacy"]}), "gitlab:index/projectVariable:ProjectVariable"
    )
    assert variable.secrets == {"value"}
    assert list(json.loads(variable.inputs["value"])["auths"]) == ["registry.example.com:5000"]


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "repositories": (
        lambda: EcrRepositories("images", {"repositories": {"ci/base": {"keep_images": 0}}}),
        'images.repositories["ci/base"].keep_images',
    ),
    "an unknown key of repositories": (
        lambda: EcrRepositories("images", {"repository": {"ci/base": {}}}),  # type: ignore[typeddict-unknown-key]
        "images.repository",
    ),
    "registration": (lambda: RunnerRegistration("build", {}), "build\n"),
    "an unknown key of a registration": (
        lambda: RunnerRegistration("build", {"group": 42, "tag": ["docker"]}),  # type: ignore[typeddict-unknown-key]
        "build.tag",
    ),
    "role": (
        lambda: RunnerManagerRole("puller", {"registries": {"team": {"ecr": {}}}}),
        "puller.registries.team",
    ),
    "an unknown key of a role": (
        lambda: RunnerManagerRole("puller", {"registry": {"team": TEAM}}),  # type: ignore[typeddict-unknown-key]
        "puller.registry",
    ),
    "a role with parameters and no key": (
        lambda: RunnerManagerRole("puller", {"parameter_arns": ["arn:of:a:parameter"]}),
        "puller.parameter_arns",
    ),
    "host": (
        lambda: RunnerHost("build", host_args_with({"build": {"group": 42}})),
        "build.runners.build.runner\n",
    ),
    "an image of a host": (
        lambda: RunnerHost("build", host_args_with({"build": {"group": 42, "host": {}, "image": "a:b:c"}})),
        "build.runners.build.runner.image\n",
    ),
    "config.toml of a host": (
        lambda: RunnerHost(
            "build", host_args_with({"build": {"group": 42, "host": {}, "config": {"limit": 3}}})
        ),
        "build.runners.build.runner.config.limit\n",
    ),
    "a job role": (
        lambda: JobRole(
            "push", {"registries": {"team": TEAM}, "role": {"projects": ["a/b"], "push": ["no/x"]}}
        ),
        "push.role.push[0]\n",
    ),
    "hosted authentication": (
        lambda: HostedRunnerAuth(
            "auth",
            {"registries": {"team": TEAM}, "auth": {"registries": ["gone"], "gitlab_token": {"value": "a"}}},
        ),
        "auth.auth.registries[0]\n",
    ),
    "registries of a build": (
        lambda: ImageBuild(
            "base", {"context": ".", "repository": "a.example/b", "registries": {"team": {"ecr": {}}}}
        ),
        "base.registries.team",
    ),
    "a mirror": (
        lambda: ImageMirror("public", {"registries": {"team": TEAM}, "registry": "gone", "images": {}}),
        "public.registry\n",
    ),
    "a host without its runners": (
        lambda: RunnerHost("build", {key: value for key, value in host_args().items() if key != "runners"}),  # type: ignore[arg-type]
        "no 'runners'",
    ),
    "a host of no runner": (
        lambda: RunnerHost("build", host_args_with({})),
        "build.runners\n  found:   the hosts of no runner",
    ),
    "a host of two managers": (
        lambda: RunnerHost(
            "build", host_args_with({"one": {"group": 42, "host": {}}, "two": {"group": 42, "host": {}}})
        ),
        "build.runners\n  found:   the hosts of one, two",
    ),
    "a Docker host in EC2": (
        lambda: RunnerHost("build", host_args_with({"build": {"group": 42, "host": {"docker": {}}}})),
        "build.runners.build.runner.host.docker\n  found:   a Docker host",
    ),
    "a host with the group of a fleet": (
        lambda: RunnerHost("build", host_args() | {"fleet_group": "workers"}),
        "build.fleet_group\n  found:   a group, with no fleet",
    ),
    "a cache without its bucket": (
        lambda: RunnerHost("build", host_args() | {"cache": {}}),
        "build\n  found:   only one of",
    ),
    "a bucket without its cache": (
        lambda: RunnerHost("build", host_args() | {"cache_bucket": "ci-cache"}),
        "build\n  found:   only one of",
    ),
    "a secret for config.toml": (
        lambda: RunnerHost(
            "build",
            host_args_with(
                {
                    "build": {
                        "group": 42,
                        "config": {"environment": [pulumi.Output.secret(PASSWORD)]},
                        "host": {},
                    }
                }
            ),
        ),
        "build.runners.build.runner.config.environment[0]\n  found:   an Output",
    ),
    "a runner of a host without its token": (
        lambda: RunnerHost("build", host_args() | {"runners": {"build": {"runner": {}, "runner_id": "1"}}}),
        "build.runners.build\n  found:   no 'token'",
    ),
    "variables": (
        lambda: CiVariables("ci", {"variables": [{"group": 42, "key": "A-B", "value": "a"}]}),
        "ci.variables[0].key",
    ),
    "a variable without its key": (
        lambda: CiVariables("ci", {"variables": [{"group": 42, "value": "a-longer-value"}]}),
        "ci.variables[0]\n  found:   no 'key'",
    ),
    "no variables": (lambda: CiVariables("ci", {}), "no 'variables'"),  # type: ignore[typeddict-item]
    "an unknown key of a store": (lambda: HostStore("hosts", {"bucket": "mine"}), "hosts.bucket"),  # type: ignore[typeddict-unknown-key]
}


def test_an_invalid_output_is_reported_with_its_path() -> None:
    def program() -> None:
        runner = {"group": 42, "host": {}, "image": pulumi.Output.from_input("a:b:c")}
        RunnerHost("build", host_args_with({"build": runner}))

    with pytest.raises(Exception, match=r"\nbuild\.runners\.build\.runner\.image\n"):
        run(program)


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
@pytest.mark.parametrize(("program", "message"), WRONG.values(), ids=WRONG)
def test_an_invalid_declaration_is_reported_and_registers_nothing(
    program: Callable[[], Any], message: str, *, preview: bool
) -> None:
    seen: list[Recording] = []
    with pytest.raises(pulumi.RunError) as raised:
        run(program, preview=preview, seen=seen)
    assert message in str(raised.value)
    assert seen[0].requests == []
