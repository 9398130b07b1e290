"""How a declaration without problems is read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pulumi_gitlab_runner.config.toml_table import is_toml_table
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack
from pulumi_gitlab_runner.spec.gitlab_scope import GitLabScope
from pulumi_gitlab_runner.spec.hosts import Host
from pulumi_gitlab_runner.spec.images import expand_registry_name
from pulumi_gitlab_runner.spec.registries import (
    EcrPublicRegistry,
    EcrRegistry,
    GitLabRegistry,
    HelperRegistry,
    PullThroughRegistry,
    Repository,
    StaticRegistry,
)
from pulumi_gitlab_runner.spec.runners import Service
from pulumi_gitlab_runner.spec.stack import StackDeclaration
from pulumi_gitlab_runner.spec.variables import can_be_masked
from pulumi_gitlab_runner.typed_dicts import fields_of
from typing_extensions import is_typeddict

from tests.spec.declaration import ENVIRONMENT, STACKS, changed, declaration, output, problems_of, stack_file

SMALLEST_RUNNER = {"group": 42, "host": {}}


def test_the_stack_files_are_found() -> None:
    assert [path.name for path in STACKS] == [
        "Pulumi.dev.yaml",
        "Pulumi.docker.yaml",
        "Pulumi.prod.yaml",
        "Pulumi.sandbox.yaml",
    ]


@pytest.mark.parametrize("environment", [None, ENVIRONMENT], ids=["account unknown", "account known"])
@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_every_stack_file_is_valid(path: Path, environment: AwsEnvironment | None) -> None:
    assert problems_of(stack_file(path), environment) == []


def test_an_empty_declaration_is_an_empty_stack() -> None:
    stack = parse_stack({})
    assert (stack.registries, stack.runners, stack.variables) == ({}, {}, ())
    assert stack.gitlab_url == "https://gitlab.com"


def test_registries_of_every_kind() -> None:
    registries = parse_stack(declaration()).registries
    assert registries["team"] == EcrRegistry(
        "team",
        repositories={
            "private/image": Repository("private/image", keep_images=100, untagged_days=7),
            "ci/base": Repository("ci/base", keep_images=50, untagged_days=7),
        },
    )
    assert registries["shared"] == EcrRegistry(
        "shared",
        account="210987654321",
        region="us-east-1",
        repositories={"platform/toolchain": Repository("platform/toolchain")},
    )
    assert registries["legacy"] == StaticRegistry("legacy", "registry.example.com:5000", "my_username")
    assert isinstance(vault := registries["vault"], StaticRegistry)
    assert vault.secret == "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/vault-AbCdEf"


UPSTREAM_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"
MORE_KINDS: dict[str, Any] = {
    "hub": {
        "pull_through": "docker-hub",
        "upstream_secret": UPSTREAM_SECRET,
    },
    "quay": {"pull_through": "quay", "repositories": ["prometheus/prometheus"]},
    "gallery": {"ecr_public": {}},
    "own": {"host": "registry.gitlab.com", "gitlab": {}},
    "other": {
        "host": "registry.gitlab.com/group/other",
        "gitlab": {"deploy_token": {"username": "gitlab+deploy-token-1", "password": "pass-word-1234"}},
    },
    "google": {"host": "europe-west1-docker.pkg.dev", "helper": "/usr/bin/docker-credential-gcr"},
}


def with_more_kinds(image: str = "alpine") -> dict[str, Any]:
    """The good declaration with registries of every kind, all of them used by its runner."""
    declared = declaration()
    declared["registries"] |= MORE_KINDS
    declared["runners"]["build"] |= {"registries": list(declared["registries"]), "image": image}
    return declared


@pytest.mark.parametrize("environment", [None, ENVIRONMENT], ids=["account unknown", "account known"])
def test_registries_of_further_kinds(environment: AwsEnvironment | None) -> None:
    registries = parse_stack(with_more_kinds(), environment).registries
    assert registries["hub"] == PullThroughRegistry("hub", "docker-hub", UPSTREAM_SECRET)
    assert registries["gallery"] == EcrPublicRegistry("gallery")
    assert registries["own"] == GitLabRegistry("own", "registry.gitlab.com")
    assert registries["other"] == StaticRegistry(
        "other", "registry.gitlab.com/group/other", "gitlab+deploy-token-1"
    )
    assert registries["google"] == HelperRegistry(
        "google", "europe-west1-docker.pkg.dev", "/usr/bin/docker-credential-gcr"
    )


def test_images_of_a_pull_through_cache_are_below_the_registrys_name() -> None:
    registries = parse_stack(with_more_kinds()).registries
    hub, quay = registries["hub"], registries["quay"]
    assert isinstance(hub, PullThroughRegistry)
    assert isinstance(quay, PullThroughRegistry)
    assert hub.host_in(ENVIRONMENT) == "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    assert hub.address_in(ENVIRONMENT) == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/hub"
    assert hub.pull_access(ENVIRONMENT).cached == ["arn:aws:ecr:eu-west-1:123456789012:repository/hub/*"]
    assert quay.pull_access(ENVIRONMENT).cached == [
        "arn:aws:ecr:eu-west-1:123456789012:repository/quay/prometheus/prometheus"
    ]
    assert (hub.upstream_host, quay.upstream_host) == ("registry-1.docker.io", "quay.io")


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("hub/library/redis:7", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/hub/library/redis:7"),
        ("other/app:1", "registry.gitlab.com/group/other/app:1"),
        ("gallery/docker/library/redis:7", "public.ecr.aws/docker/library/redis:7"),
        ("google/project/app:1", "europe-west1-docker.pkg.dev/project/app:1"),
        ("own/group/app:1", "registry.gitlab.com/group/app:1"),
        ("redis:7", "redis:7"),
    ],
)
def test_an_image_by_its_registrys_name(image: str, full: str) -> None:
    declared = with_more_kinds(image)
    assert problems_of(declared) == []
    assert problems_of(with_more_kinds(full)) == []
    assert expand_registry_name(image, parse_stack(declared).registries, ENVIRONMENT) == full


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("registry.gitlab.com/group/other/app:1", "other"),
        ("registry.gitlab.com/group/otherwise/app:1", "own"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/hub/library/redis:7", "hub"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base:1", "team"),
    ],
)
def test_an_image_belongs_to_the_registry_with_the_longest_address(image: str, registry: str) -> None:
    declared = with_more_kinds(image)
    declared["runners"]["build"]["registries"].remove(registry)
    declared["runners"]["build"]["services"] = []
    (problem,) = problems_of(declared)
    assert problem.found == f"{image!r}, an image of the registry {registry!r}"


def test_a_password_in_parameter_store() -> None:
    arn, key = (
        "arn:aws:ssm:eu-west-1:123456789012:parameter/ci/vault",
        "arn:aws:kms:eu-west-1:123456789012:key/0a",
    )
    declared = changed("registries/vault/static", {"parameter": arn, "key": key})
    assert parse_stack(declared).registries["vault"] == StaticRegistry(
        "vault", "registry.partner.example", parameter=arn, key=key
    )


def test_only_a_registry_of_this_account_is_created() -> None:
    registries = parse_stack(declaration()).registries
    assert isinstance(registries["team"], EcrRegistry)
    assert isinstance(registries["shared"], EcrRegistry)
    assert registries["team"].created
    assert not registries["shared"].created


@pytest.mark.parametrize(
    ("environment", "host", "arn"),
    [
        (
            AwsEnvironment("123456789012", "eu-west-1"),
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "arn:aws:ecr:eu-west-1:123456789012:repository/a/b",
        ),
        (
            AwsEnvironment("123456789012", "cn-north-1", "aws-cn"),
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "arn:aws-cn:ecr:cn-north-1:123456789012:repository/a/b",
        ),
        (
            AwsEnvironment("123456789012", "us-gov-west-1", "aws-us-gov"),
            "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com",
            "arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/a/b",
        ),
    ],
)
def test_an_ecr_registry_follows_its_environment(environment: AwsEnvironment, host: str, arn: str) -> None:
    registry = EcrRegistry("team", repositories={"a/b": Repository("a/b")})
    assert registry.host_in(environment) == host
    assert registry.repository_arns(environment) == [arn]


def test_an_ecr_registry_of_another_account_keeps_its_account_and_region() -> None:
    registry = parse_stack(declaration()).registries["shared"]
    assert isinstance(registry, EcrRegistry)
    assert registry.host_in(ENVIRONMENT) == "210987654321.dkr.ecr.us-east-1.amazonaws.com"
    assert registry.repository_arns(ENVIRONMENT) == [
        "arn:aws:ecr:us-east-1:210987654321:repository/platform/toolchain"
    ]


def test_a_runner_with_the_defaults() -> None:
    manager = parse_stack({"runners": {"build": SMALLEST_RUNNER}}).managers["build"]
    (runner,) = manager.runners
    assert runner.image == "alpine:latest"
    assert runner.services == ()
    assert runner.registries == ()
    assert runner.limit == 4
    assert manager.host == Host(instance_type="m6i.large", concurrent=4, disk_gb=100, runner_version="19.3.0")
    registration = runner.registration
    assert registration.scope == GitLabScope("group", 42)
    assert registration.description == "build"
    assert registration.run_untagged
    assert not registration.protected
    assert not registration.locked
    assert not registration.paused
    assert registration.maximum_timeout is None
    assert registration.maintenance_note is None
    assert registration.scopes == (registration.scope,)
    assert (registration.generation, registration.keep_previous) == (1, False)


def test_a_runner_takes_the_jobs_of_its_other_projects() -> None:
    runner = {"project": 7, "other_projects": [8, 9], "host": {}}
    registration = parse_stack({"runners": {"build": runner}}).runners["build"].registration
    assert list(map(str, registration.scopes)) == ["project 7", "project 8", "project 9"]


def test_a_runner_may_have_as_many_tags_as_gitlab_accepts() -> None:
    assert problems_of(changed("runners/build/tags", [f"tag-{number}" for number in range(50)])) == []


@pytest.mark.parametrize("kind", ["registries", "runners"])
def test_a_name_has_32_characters_at_most(kind: str) -> None:
    static = {"username": "me", "password": "password"}
    declared = {
        "registries": {"host": "other.example.com", "static": static},
        "runners": {"group": 42, "host": {}},
    }[kind]
    assert problems_of(changed(f"{kind}/{'a' * 32}", declared)) == []
    (problem,) = problems_of(changed(f"{kind}/{'a' * 33}", declared))
    assert problem.found == repr("a" * 33)


def test_several_runners_share_the_manager_of_one() -> None:
    shared = {"group": 42, "limit": 1, "host_of": "build", "registries": ["legacy", "shared"]}
    declared = changed("runners/second", shared)
    declared["runners"]["third"] = {"project": 7, "host": {}}
    stack = parse_stack(declared)
    assert list(stack.managers) == ["build", "third"]
    manager = stack.managers["build"]
    assert [(runner.name, runner.limit) for runner in manager.runners] == [("build", 4), ("second", 1)]
    assert list(stack.registries_of(manager)) == ["team", "shared", "legacy"]
    assert list(stack.registries_of(stack.runners["second"])) == ["legacy", "shared"]
    assert manager.images == ("team/ci/base:2026.11", "redis:latest", "alpine:latest")
    assert [stack.manager_of(name).name for name in stack.runners] == ["build", "build", "third"]


def test_a_runner_may_be_declared_before_the_one_whose_host_it_shares() -> None:
    runners = {"second": {"group": 42, "host_of": "build"}, "build": SMALLEST_RUNNER}
    (manager,) = parse_stack({"runners": runners}).managers.values()
    assert (manager.name, [runner.name for runner in manager.runners]) == ("build", ["second", "build"])


def test_a_runner_with_tags_takes_no_untagged_jobs_unless_declared() -> None:
    tagged = {**SMALLEST_RUNNER, "tags": ["docker"]}
    assert not parse_stack({"runners": {"build": tagged}}).runners["build"].registration.run_untagged
    both = {**tagged, "run_untagged": True}
    assert parse_stack({"runners": {"build": both}}).runners["build"].registration.run_untagged


def test_a_runner_with_every_setting() -> None:
    settings = {
        "project": 7,
        "tags": ["release"],
        "description": "Releases",
        "protected": True,
        "locked": True,
        "paused": True,
        "maximum_timeout": 3600,
        "maintenance_note": "Ask the platform team.",
        "generation": 3,
        "keep_previous": True,
        "image": "alpine:3.22",
        "services": [
            {
                "name": "redis:7",
                "alias": "cache redis",
                "entrypoint": ["/bin/sh"],
                "command": ["-c", "redis-server"],
                "environment": ["A=b"],
            }
        ],
        "host": {
            "instance_type": "c7g.large",
            "concurrent": 1,
            "disk_gb": 20,
            "ami": "ami-0123456789abcdef0",
            "vpc": "vpc-0123456789abcdef0",
            "subnets": ["subnet-0123456789abcdef0"],
            "runner_version": "18.11.2",
        },
    }
    stack = parse_stack({"runners": {"release": settings}})
    runner = stack.runners["release"]
    assert runner.services == (
        Service("redis:7", "cache redis", ("/bin/sh",), ("-c", "redis-server"), ("A=b",)),
    )
    assert stack.managers["release"].host == Host(
        instance_type="c7g.large",
        concurrent=1,
        disk_gb=20,
        ami="ami-0123456789abcdef0",
        vpc="vpc-0123456789abcdef0",
        subnets=("subnet-0123456789abcdef0",),
        runner_version="18.11.2",
    )
    registration = runner.registration
    assert registration.scope == GitLabScope("project", 7)
    assert registration.description == "Releases"
    assert (registration.protected, registration.locked, registration.paused) == (True, True, True)
    assert registration.maximum_timeout == 3600
    assert registration.maintenance_note == "Ask the platform team."
    assert (registration.generation, registration.keep_previous) == (3, True)


def test_the_registries_of_a_runner_are_in_its_order() -> None:
    declared = changed("runners/build/registries", ["legacy", "team"])
    stack = parse_stack(declared)
    assert list(stack.registries_of(stack.runners["build"])) == ["legacy", "team"]


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        ("t3.large", "x86_64"),
        ("c7i.2xlarge", "x86_64"),
        ("c7a.large", "x86_64"),
        ("g4dn.xlarge", "x86_64"),
        ("g6.xlarge", "x86_64"),
        ("u-6tb1.112xlarge", "x86_64"),
        ("t4g.small", "arm64"),
        ("a1.large", "arm64"),
        ("c7gn.large", "arm64"),
        ("c6gd.large", "arm64"),
        ("im4gn.large", "arm64"),
        ("g5g.xlarge", "arm64"),
        ("x2gd.medium", "arm64"),
        ("p6e-gb200.36xlarge", "arm64"),
        ("p6-b200.48xlarge", "x86_64"),
    ],
)
def test_the_architecture_follows_from_the_instance_type(instance_type: str, architecture: str) -> None:
    assert Host(instance_type=instance_type).architecture == architecture


def test_variables() -> None:
    auth, plain = parse_stack(declaration()).variables
    assert auth.scope == GitLabScope("project", 7)
    assert auth.key == "DOCKER_AUTH_CONFIG"
    assert auth.docker_auth == ("legacy",)
    assert (auth.masked, auth.raw, auth.protected, auth.file) == (True, True, False, False)
    assert plain.scope == GitLabScope("group", 42)
    assert plain.key == "DEPLOY_REGION"
    assert (plain.masked, plain.raw, plain.protected, plain.file) == (True, False, False, False)
    assert plain.environment_scope == "*"
    assert plain.description is None


@pytest.mark.parametrize(
    ("value", "raw", "masked"),
    [
        ("eu-west-1", False, True),
        ("short", False, False),
        ("7_chars", False, False),
        ("8_chars_", False, True),
        ("7$chars", True, False),
        ("8$chars$", True, True),
        ("with space", False, False),
        ("with space", True, False),
        ("dollar$sign", False, False),
        ("dollar$sign", True, True),
        ("two\nlines", True, False),
    ],
)
def test_a_variable_is_masked_if_gitlab_can_mask_it(value: str, *, raw: bool, masked: bool) -> None:
    assert can_be_masked(value, raw=raw) is masked
    declared = [{"group": 42, "key": "KEY", "value": value, "raw": raw}]
    assert parse_stack({"variables": declared}).variables[0].masked is masked


def test_masking_of_a_value_that_is_known_later_is_left_open() -> None:
    declared = [{"group": 42, "key": "KEY", "value": output()}]
    assert parse_stack({"variables": declared}).variables[0].masked is None


def test_a_value_that_is_known_later_may_be_masked() -> None:
    declared = [{"group": 42, "key": "KEY", "value": output(), "masked": True}]
    assert parse_stack({"variables": declared}).variables[0].masked is True


@pytest.mark.parametrize("value", ["a-longer-value", output()])
def test_a_hidden_variable_is_masked(value: str) -> None:
    declared = [{"group": 42, "key": "KEY", "value": value, "hidden": True}]
    variable = parse_stack({"variables": declared}).variables[0]
    assert (variable.hidden, variable.masked) == (True, True)


@pytest.mark.parametrize(
    "declared",
    [
        {"instance": True, "value": "a" * 10_000},
        {"group": 42, "value": "a" * (128 * 1024 - len("KEY=") - 1)},
        {"group": 42, "value": "a" * 128 * 1024, "file": True},
        {"group": 42, "value": "a", "environment_scope": r"review/*-my env_{$A}.\b"},
    ],
    ids=["of the instance", "in the environment", "in a file", "for an environment"],
)
def test_the_largest_values_of_a_variable(declared: dict[str, Any]) -> None:
    assert problems_of({"variables": [{"key": "KEY", **declared}]}) == []


def test_the_instance_is_a_scope() -> None:
    runner = {"instance": True, "host": {}}
    scope = parse_stack({"runners": {"build": runner}}).runners["build"].registration.scope
    assert str(scope) == "instance"
    assert str(GitLabScope("group", 42)) == "group 42"


def test_whole_numbers_from_another_language_become_integers() -> None:
    declared = changed("runners/build/group", 42.0)
    declared["runners"]["build"]["host"]["concurrent"] = 8.0
    declared["registries"]["team"]["repositories"]["ci/base"]["keep_images"] = 3.0
    stack = parse_stack(declared)
    assert repr(stack.runners["build"].registration.scope) == "GitLabScope(kind='group', number=42)"
    assert repr(stack.managers["build"].host.concurrent) == "8"
    assert repr(stack.registries["team"].repositories["ci/base"].keep_images) == "3"


def test_repositories_may_be_a_list_of_names() -> None:
    listed = parse_stack(changed("registries/team/repositories", ["private/image", "ci/base"]))
    mapped = parse_stack(changed("registries/team/repositories", {"private/image": {}, "ci/base": {}}))
    assert listed == mapped
    assert list(listed.registries["team"].repositories) == ["private/image", "ci/base"]


@pytest.mark.parametrize(
    "image",
    [
        "alpine:3.22",
        "docker.io/library/postgres:latest",
        "public.ecr.aws/docker/library/redis:7",
        "registry.gitlab.com/group/project:1",
        "team/private/image",
        "team/private/image:1",
        "team/private/image@sha256:" + "0" * 64,
        "shared/platform/toolchain:1",
        "legacy/anything/at/all:1",
        "registry.example.com:5000/anything:1",
        "REGISTRY.example.com:5000/anything:1",
        "210987654321.dkr.ecr.us-east-1.amazonaws.com/platform/toolchain:1",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base:1",
    ],
)
@pytest.mark.parametrize("environment", [None, ENVIRONMENT], ids=["account unknown", "account known"])
def test_an_image_may_be_of_a_registry_in_use_or_public(
    image: str, environment: AwsEnvironment | None
) -> None:
    assert problems_of(changed("runners/build/image", image), environment) == []
    services = [{"name": image}]
    assert problems_of(changed("runners/build/services", services), environment) == []


@pytest.mark.parametrize(
    "host",
    [
        "localhost:5000",
        "localhost/team",
        "registry.example.com",
        "registry.example.com:5000/team/a_b.c",
        "xn--bcher-kva.example",
        "10.0.0.1:443",
        "a-b.c--d.example:1",
    ],
)
def test_hosts_of_registries(host: str) -> None:
    assert problems_of(changed("registries/vault/host", host)) == []


@pytest.mark.parametrize(
    ("username", "password"),
    [("$oauthtoken", "a-key-1"), ("robot$ci", "pa$$word"), ("me", "$1"), ("me", "$A-b"), ("me", "a$B")],
)
def test_users_and_passwords_with_a_dollar_sign(username: str, password: str) -> None:
    """The user of nvcr.io is $oauthtoken."""
    login = {"username": username, "password": password}
    assert problems_of(changed("registries/legacy/static", login)) == []


@pytest.mark.parametrize(
    "value",
    ["", " ", "{}", "$OTHER", '{"auths": {"a.example": {"auth": "bWU6cHc="}}}', '{"auths": {}} # ignored'],
)
def test_a_docker_auth_config_may_be_written_by_hand(value: str) -> None:
    variable = {"project": 7, "key": "DOCKER_AUTH_CONFIG", "value": value}
    assert problems_of({"variables": [variable]}) == []


def test_an_ecr_password_may_be_an_output_which_an_update_renews() -> None:
    value = output("value")
    parse_stack({"variables": [{"project": 7, "key": "DOCKER_AUTH_CONFIG", "value": value}]})
    host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    assert [problem for rule in value.rules for problem in rule(f'{{"auths": {{"{host}": {{}}}}}}')] == []
    assert [problem for rule in value.rules for problem in rule("no JSON")] != []


def keys_of(kind: Any) -> Iterator[str]:
    """The keys of a TypedDict and of the tables below it, apart from those of config.toml."""
    if is_typeddict(kind) and not is_toml_table(kind):
        for key, field in fields_of(kind).items():
            yield key
            yield from keys_of(field)
    for part in get_args(kind):
        yield from keys_of(part)


KEYS_THAT_MAY_BE_NAMES = sorted({key for key in keys_of(StackDeclaration) if "_" not in key and len(key) > 1})


def test_the_keys_with_a_short_form_may_be_names() -> None:
    assert {"images", "repositories", "config"} <= set(KEYS_THAT_MAY_BE_NAMES)


@pytest.mark.parametrize("name", KEYS_THAT_MAY_BE_NAMES)
def test_a_name_may_be_that_of_a_key(name: str) -> None:
    repository = {"kms_key": "arn:aws:kms:eu-west-1:123456789012:key/1", "mutable_tags": ["latest"]}
    kms_key = {"kms_key": repository["kms_key"]}
    declared: dict[str, Any] = {
        "registries": {
            "team": {"ecr": {}, "repositories": {name: repository}},
            name: {"host": "registry.example.com", "gitlab": {}},
        },
        "builds": {name: {"repository": f"team/{name}", "context": "."}},
        "mirrors": {name: {"registry": "team", "images": {name: {"image": "redis:7", "repository": name}}}},
        "machine_images": {name: {"images": ["alpine:3.22"], "timezone": "Europe/Berlin"}},
        "job_roles": {name: {"projects": ["a/b"], "branches": ["main"], "push": [f"team/{name}"]}},
        "hosted_auth": {
            name: {"registries": ["team"], "projects": [9], "gitlab_token": {"value": "glpat-0123456789"}}
        },
        "ecr_settings": {"eu-west-1": {"creation_templates": {name: kms_key}}},
        "runners": {
            name: {"group": 42, "registries": [name], "image": f"{name}/app:1", "host": {"os": "debian-12"}},
            "other": {"group": 42, "host_of": name, "registries": [name], "limit": 2.0},
        },
        "tags": {name: name},
    }
    assert problems_of(declared, ENVIRONMENT) == []
    assert parse_stack(declared).runners[name].image == f"{name}/app:1"
