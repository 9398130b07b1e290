"""Declarations that are refused: the place, what was found, what is allowed, and how to fix it."""

import inspect
from typing import Any

import pulumi
import pytest
from pulumi_gitlab_runner.spec import DeclarationError, Problem, parse_stack
from pulumi_gitlab_runner.spec.hosts import HostDeclaration
from pulumi_gitlab_runner.spec.operating_systems import OPERATING_SYSTEMS
from pulumi_gitlab_runner.spec.registries import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.kinds import KINDS
from pulumi_gitlab_runner.spec.runners import RunnerDeclaration, check_pinned
from pulumi_gitlab_runner.spec.stack import StackDeclaration
from pulumi_gitlab_runner.spec.variables import VariableDeclaration
from pulumi_gitlab_runner.typed_dicts import field_docstrings, fields_of

from tests.spec.declaration import ENVIRONMENT, changed, encrypted, output, problems_of, repositories, without

STACK_KEYS = ", ".join(fields_of(StackDeclaration))
RUNNER_KEYS = ", ".join(fields_of(RunnerDeclaration))
HOST_KEYS = ", ".join(fields_of(HostDeclaration))
REGISTRY_KEYS = ", ".join(fields_of(RegistryDeclaration))
KINDS_WITH_HOST = ", ".join(name for name, kind in KINDS.items() if "host" in kind.keys)
REGISTRY_KINDS = f"exactly one of {', '.join(KINDS)}"
HOST_FORM = (
    "a host in lower case, without a scheme, such as registry.example.com:5000, or with the path "
    "that the credentials are for: registry.example.com/team"
)
STATIC_FORM = "'username' and 'password', or 'secret', or 'parameter', none of them empty"
VARIABLE_KEYS = ", ".join(fields_of(VariableDeclaration))
SECRET_FORM = "the ARN of a Secrets Manager secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/vault-AbCdEf"
CREDS_STORE = (
    "Docker uses credsStore for every registry, so it breaks public pulls: "
    "declare each registry under `registries` instead, with its authentication"
)
SCOPE_FORM = "one environment, of letters, digits, inner spaces and - _ / \\ $ { } . and *"
LONGEST = 128 * 1024
FOREIGN_HOST = "210987654321.dkr.ecr.us-east-1.amazonaws.com"
ECR_PASSWORD = '{"auths": {"registry.example.com": {}, "https://HOST/v2/": {"auth": "QVdT"}}}'.replace(
    "HOST", FOREIGN_HOST
)
VARIABLE = (
    "the name of a variable, which nothing replaces by its value",
    "the secret itself",
    "pulumi config set --secret --path writes it, encrypted, into the stack's file",
)
GROUP_NUMBER = "a whole number: The group ID, as shown on the group's page in GitLab"
CHECK_INTERVAL = "a whole number: Seconds between two requests for jobs"
NETWORK_MTU = "MTU of the job's network, in bytes; requires `FF_NETWORK_PER_BUILD`"
SCALE_FACTOR = "Free job slots on top of `idle_count`, as a factor of the slots in use"
REGISTRIES = "team, shared, legacy, vault"
IMAGE_FORM = "[HOST[:PORT]/]REPOSITORY[:TAG][@sha256:DIGEST], such as registry.example.com:5000/team/app:1.2"

UPSTREAM_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"
FLEET = {"instance_types": ["c7i.large"], "max_instances": 2}
STATIC = {"static": {"username": "me", "password": "pass-word"}}


DIGEST = "sha256:" + "0" * 64
DIGEST_FORM = "NAME:TAG@sha256:DIGEST, or an image of a registry in which Pulumi can look it up"
REQUIRED = "the runner has require_digests, and digests of the registry 'vault' are not looked up: "


def by_digest(vault: Any = None, **changes: Any) -> Any:
    """The good declaration, whose runner accepts only digests, and uses another `vault.example`."""
    declared = changed("registries/vault", {"host": "vault.example", **(vault or STATIC)})
    used = ["team", "shared", "legacy", "vault"]
    declared["runners"]["build"] |= {"require_digests": True, "registries": used, **changes}
    return declared


def configured(config: Any, host: Any = None, **runner: Any) -> Any:
    """The good declaration with these settings of config.toml itself."""
    declared = changed("runners/build/config", config)
    declared["runners"]["build"] |= runner
    declared["runners"]["build"]["host"]["config"] = host or {}
    return declared


def with_second_runner(first_host: Any = None, /, **runner: Any) -> Any:
    """The good declaration with another runner, and other settings of the first one's host."""
    declared = changed("runners/second", {"group": 42, **runner})
    declared["runners"]["build"]["host"] |= first_host or {}
    return declared


def declared_with(name: str, registry: Any, *, runner_version: str) -> Any:
    """The good declaration with another registry, on a runner of another version."""
    declared = changed(f"registries/{name}", registry)
    declared["runners"]["build"]["host"]["runner_version"] = runner_version
    return declared


SHAPES: dict[str, tuple[Any, Problem]] = {
    "no mapping at all": (None, Problem("stack", "nothing", "a mapping")),
    "an unknown key at the top": (
        changed("registry", {}),
        Problem(
            "stack.registry",
            "the key 'registry', which is not known here",
            "gitlab_url, registries, builds, runners, machine_images, cache, variables, mirrors, "
            "hosted_auth, job_roles, ecr_settings, network, proxy, certificate_authorities, tags, "
            "operators, path_prefix",
            "did you mean 'registries'?",
        ),
    ),
    "an unknown key of a runner": (
        changed("runners/build/imgae", "alpine"),
        Problem(
            "stack.runners.build.imgae",
            "the key 'imgae', which is not known here",
            RUNNER_KEYS,
            "did you mean 'image'?",
        ),
    ),
    "an unknown key that resembles none": (
        changed("runners/build/zzz", 1),
        Problem("stack.runners.build.zzz", "the key 'zzz', which is not known here", RUNNER_KEYS),
    ),
    "a key of the host, at the runner": (
        changed("runners/build/disk_gb", 50),
        Problem(
            "stack.runners.build.disk_gb",
            "the key 'disk_gb', which is not known here",
            RUNNER_KEYS,
            "write it below 'host' or 'fleet' or 'fleet.manager'",
        ),
    ),
    "a key of config.toml, at the runner": (
        changed("runners/build/privileged", True),
        Problem(
            "stack.runners.build.privileged",
            "the key 'privileged', which is not known here",
            RUNNER_KEYS,
            "write it below 'config.docker'",
        ),
    ),
    "a key of the runner, at the host": (
        changed("runners/build/host/limit", 2),
        Problem(
            "stack.runners.build.host.limit",
            "the key 'limit', which is not known here",
            HOST_KEYS,
            "write it beside 'host'",
        ),
    ),
    "a key of config.toml, at the host": (
        changed("runners/build/host/privileged", True),
        Problem(
            "stack.runners.build.host.privileged",
            "the key 'privileged', which is not known here",
            HOST_KEYS,
            "write it below 'config.docker', beside 'host'",
        ),
    ),
    "a key of a registry's password, at the registry": (
        changed("registries/legacy/password", "pass-word"),
        Problem(
            "stack.registries.legacy.password",
            "the key 'password', which is not known here",
            REGISTRY_KEYS,
            "write it below 'static' or 'gitlab.deploy_token'",
        ),
    ),
    "a key of each runner, at the top": (
        changed("protected", True),
        Problem(
            "stack.protected",
            "the key 'protected', which is not known here",
            STACK_KEYS,
            "write it below 'runners.NAME' or 'variables[0]' or 'hosted_auth.NAME'",
        ),
    ),
    "a key of a table far below, at the top": (
        changed("volumes_from", ["cache"]),
        Problem(
            "stack.volumes_from",
            "the key 'volumes_from', which is not known here",
            STACK_KEYS,
            "write it below 'runners.NAME.config.docker'",
        ),
    ),
    "a key of a table still further below, at the top": (
        changed("path_style", True),
        Problem("stack.path_style", "the key 'path_style', which is not known here", STACK_KEYS),
    ),
    "a key that four tables have": (
        changed("disk_gb", 50),
        Problem("stack.disk_gb", "the key 'disk_gb', which is not known here", STACK_KEYS),
    ),
    "a key that many tables have": (
        changed("kms_key", "arn:aws:kms:eu-west-1:123456789012:key/0"),
        Problem("stack.kms_key", "the key 'kms_key', which is not known here", STACK_KEYS),
    ),
    "an unknown key of a host": (
        changed("runners/build/host/concurency", 4),
        Problem(
            "stack.runners.build.host.concurency",
            "the key 'concurency', which is not known here",
            HOST_KEYS,
            "did you mean 'concurrent'?",
        ),
    ),
    "an unknown key of a service": (
        changed("runners/build/services/0/aliases", "cache"),
        Problem(
            "stack.runners.build.services[0].aliases",
            "the key 'aliases', which is not known here",
            "name, alias, entrypoint, command, environment",
            "did you mean 'alias'?",
        ),
    ),
    "a list of registries": (
        {"registries": [{"name": "team", "ecr": {}}]},
        Problem("stack.registries", "a list", "a mapping", "give each item a name: {NAME: …}"),
    ),
    "one variable, not in a list": (
        {"variables": {"group": 42, "key": "KEY", "value": "value"}},
        Problem("stack.variables", "a mapping", "a list", "put it in square brackets"),
    ),
    "services by name": (
        changed("runners/build/services", {"redis": "redis:7"}),
        Problem("stack.runners.build.services", "a mapping", "a list: The services of every job"),
    ),
    "a truth value that should be text": (
        {"variables": [{"group": 42, "key": "DEBUG", "value": True}]},
        Problem("stack.variables[0].value", "true or false", "text", "put it in quotes"),
    ),
    "an unknown key of a repository": (
        changed("registries/team/repositories", {"ci/base": {"keep_image": 5}}),
        Problem(
            'stack.registries.team.repositories["ci/base"].keep_image',
            "the key 'keep_image', which is not known here",
            "keep_images, untagged_days, keep, mutable_tags, kms_key, delete_images, adopt",
            "did you mean 'keep_images'?",
        ),
    ),
    "credsStore at the top": (
        changed("credsStore", "ecr-login"),
        Problem(
            "stack.credsStore",
            "the key 'credsStore', which is not known here",
            "gitlab_url, registries, builds, runners, machine_images, cache, variables, mirrors, "
            "hosted_auth, job_roles, ecr_settings, network, proxy, certificate_authorities, tags, "
            "operators, path_prefix",
            CREDS_STORE,
        ),
    ),
    "credsStore of a registry": (
        changed("registries/team/credsStore", "ecr-login"),
        Problem(
            "stack.registries.team.credsStore",
            "the key 'credsStore', which is not known here",
            REGISTRY_KEYS,
            CREDS_STORE,
        ),
    ),
    "credsStore of a static registry": (
        changed("registries/legacy/static/credsStore", "pass"),
        Problem(
            "stack.registries.legacy.static.credsStore",
            "the key 'credsStore', which is not known here",
            "username, password, secret, parameter, key",
            CREDS_STORE,
        ),
    ),
    "credsStore of ecr": (
        changed("registries/team/ecr/credsStore", "ecr-login"),
        Problem(
            "stack.registries.team.ecr.credsStore",
            "the key 'credsStore', which is not known here",
            "account, region, caches",
            CREDS_STORE,
        ),
    ),
    "credsStore of a runner": (
        changed("runners/build/credsStore", "ecr-login"),
        Problem(
            "stack.runners.build.credsStore",
            "the key 'credsStore', which is not known here",
            RUNNER_KEYS,
            CREDS_STORE,
        ),
    ),
    "credsStore of a host": (
        changed("runners/build/host/credsStore", "ecr-login"),
        Problem(
            "stack.runners.build.host.credsStore",
            "the key 'credsStore', which is not known here",
            HOST_KEYS,
            CREDS_STORE,
        ),
    ),
    "credsStore of a variable": (
        changed("variables/0/credsStore", "ecr-login"),
        Problem(
            "stack.variables[0].credsStore",
            "the key 'credsStore', which is not known here",
            VARIABLE_KEYS,
            CREDS_STORE,
        ),
    ),
    "credHelpers of a runner": (
        changed("runners/build/credHelpers", {}),
        Problem(
            "stack.runners.build.credHelpers",
            "the key 'credHelpers', which is not known here",
            RUNNER_KEYS,
            "credHelpers follows from `registries`: declare the registry there",
        ),
    ),
    "a key that is no text": (
        {"registries": {5: {}}},
        Problem("stack.registries", "the key 5", "text as a key", "put it in quotes"),
    ),
    "a number in the place of text": (
        changed("registries/shared/ecr/account", 210987654321),
        Problem(
            "stack.registries.shared.ecr.account",
            "210987654321 (a whole number)",
            "text",
            "put it in quotes",
        ),
    ),
    "a number in a list of text": (
        changed("registries/team/allow_pull", [210987654321]),
        Problem(
            "stack.registries.team.allow_pull[0]", "210987654321 (a whole number)", "text", "put it in quotes"
        ),
    ),
    "text in the place of a number": (
        changed("runners/build/group", "forty-two"),
        Problem("stack.runners.build.group", "'forty-two' (text)", GROUP_NUMBER),
    ),
    "digits that are no number for Python": (
        changed("runners/build/group", "9" * 5000),
        Problem("stack.runners.build.group", f"'{'9' * 5000}' (text)", GROUP_NUMBER),
    ),
    "a number in quotes": (
        changed("runners/build/host/concurrent", "4"),
        Problem(
            "stack.runners.build.host.concurrent", "'4' (text)", "a whole number", "write it without quotes"
        ),
    ),
    "a number with its unit": (
        changed("runners/build/maximum_timeout", "2h"),
        Problem(
            "stack.runners.build.maximum_timeout",
            "'2h' (text)",
            "a whole number: The maximum job timeout in seconds; 600 or more",
        ),
    ),
    "a broken number": (
        changed("runners/build/host/concurrent", 2.5),
        Problem(
            "stack.runners.build.host.concurrent",
            "2.5 (a number)",
            "a whole number: The number of jobs that run at the same time",
        ),
    ),
    "true in the place of a number": (
        changed("runners/build/group", True),
        Problem("stack.runners.build.group", "True (true or false)", GROUP_NUMBER),
    ),
    "text in the place of true or false": (
        changed("runners/build/protected", "yes"),
        Problem(
            "stack.runners.build.protected",
            "'yes' (text)",
            "true or false: Whether it runs only jobs of protected branches and tags",
        ),
    ),
    "text in the place of a list": (
        changed("runners/build/registries", "team"),
        Problem("stack.runners.build.registries", "text", "a list", "put it in square brackets"),
    ),
    "a mapping in the place of a list": (
        changed("variables", {"DEPLOY_REGION": "eu-west-1"}),
        Problem("stack.variables", "a mapping", "a list: The CI variables"),
    ),
    "text in the place of a mapping": (
        changed("registries/team", "ecr"),
        Problem(
            "stack.registries.team",
            "text",
            "a mapping: The container registries, by the name that runners and images refer to",
        ),
    ),
    "text in the place of a mapping with one required text": (
        changed("runners/build/services", ["postgres:17"]),
        Problem(
            "stack.runners.build.services[0]",
            "text",
            "a mapping with name, alias, entrypoint, command, environment",
            "write {name: …}",
        ),
    ),
    "text in the place of a mapping with six keys": (
        changed("runners/build/config", {"docker": {"services": ["redis:7"]}}),
        Problem(
            "stack.runners.build.config.docker.services[0]",
            "text",
            "a mapping with name, alias, command, entrypoint, environment, suspend_data_path: "
            "Services of every job",
        ),
    ),
    "text in the place of a mapping with seven keys": (
        changed("runners/build/config", {"cache": "s3"}),
        Problem("stack.runners.build.config.cache", "text", "a mapping: The distributed cache"),
    ),
    "an Output in an f-string": (
        changed("runners/build/description", f"{pulumi.Output.from_input('x')}"),
        Problem(
            "stack.runners.build.description",
            "text with an Output in it, such as from an f-string",
            "text, or an Output",
            "use pulumi.Output.format, pulumi.Output.concat or apply",
        ),
    ),
    "nothing in the place of a mapping": (
        changed("registries/team/ecr", None),
        Problem(
            "stack.registries.team.ecr",
            "nothing",
            "a mapping with account, region, caches: An Amazon ECR registry, `{}` for this account's: "
            "short-lived credentials from the runner manager's role",
        ),
    ),
    "a service without its image": (
        changed("runners/build/services", [{"alias": "cache"}]),
        Problem(
            "stack.runners.build.services[0]",
            "no 'name'",
            "'name' is required: The image of the service, in the form of a runner's `image`",
        ),
    ),
    "a list of repositories with a mapping in it": (
        changed("registries/team/repositories", ["ci/base", {"keep_images": 5}]),
        Problem(
            "stack.registries.team.repositories",
            "a list",
            "a mapping: The repositories by name, such as `private/image`, or a list of names",
        ),
    ),
}
MEANINGS: dict[str, tuple[Any, Problem]] = {
    "a gitlab_url with the path of the API": (
        changed("gitlab_url", "https://gitlab.example.com/api/v4/"),
        Problem(
            "stack.gitlab_url",
            "'https://gitlab.example.com/api/v4/'",
            "GitLab's address without /api/v4, such as https://gitlab.example.com",
        ),
    ),
    "a gitlab_url with a password": (
        changed("gitlab_url", "https://me:hunter2@gitlab.example.com"),
        Problem(
            "stack.gitlab_url",
            "an address with a user or password",
            "GitLab's address without /api/v4, such as https://gitlab.example.com",
            "it is in config.toml in plain text; runners authenticate by their tokens",
        ),
    ),
    "a gitlab_url without scheme": (
        changed("gitlab_url", "gitlab.example.com"),
        Problem(
            "stack.gitlab_url",
            "'gitlab.example.com'",
            "GitLab's address without /api/v4, such as https://gitlab.example.com",
        ),
    ),
    "a registry's name": (
        changed("registries/My_Team", {"ecr": {"region": "eu-west-2"}, "repositories": ["ci/base"]}),
        Problem(
            "stack.registries.My_Team",
            "'My_Team'",
            "a name of a-z, 0-9 and '-', that starts with a letter, 32 characters at most",
        ),
    ),
    "a runner's name": (
        changed("runners/b.1", {"group": 42, "host": {}}),
        Problem(
            'stack.runners["b.1"]',
            "'b.1'",
            "a name of a-z, 0-9 and '-', that starts with a letter, 32 characters at most",
        ),
    ),
    "a registry of no kind": (
        changed("registries/other", {"host": "other.example"}),
        Problem(
            "stack.registries.other",
            "no kind of registry",
            REGISTRY_KINDS,
            "static: {username: …, password: …}, for a fixed user and password; gitlab: {}, for GitLab's own",
        ),
    ),
    "nothing but a name of a registry": (
        changed("registries/other", {}),
        Problem(
            "stack.registries.other",
            "no kind of registry",
            REGISTRY_KINDS,
            "ecr: {}, for ECR of this account",
        ),
    ),
    "the host of ECR in place of its kind": (
        changed("registries/other", {"host": "111122223333.dkr.ecr.eu-west-1.amazonaws.com"}),
        Problem(
            "stack.registries.other",
            "no kind of registry",
            REGISTRY_KINDS,
            "write ecr: {account: \"111122223333\", region: eu-west-1} in place of 'host'",
        ),
    ),
    "a fixed password for ECR": (
        changed("registries/other", {**STATIC, "host": "111122223333.dkr.ecr.eu-west-1.amazonaws.com"}),
        Problem(
            "stack.registries.other.static",
            "a fixed password for 111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "ecr: {account: \"111122223333\", region: eu-west-1}, in place of 'host' and 'static'",
            "a password of ECR expires after 12 hours; the host requests one by its role",
        ),
    ),
    "a fixed password for the public gallery": (
        changed("registries/other", {**STATIC, "host": "public.ecr.aws"}),
        Problem(
            "stack.registries.other.static",
            "a fixed password for public.ecr.aws",
            "ecr_public: {}, in place of 'host' and 'static'",
            "a password of ECR expires after 12 hours; the host requests one by its role",
        ),
    ),
    "a repository with the registry's host": (
        changed(
            "registries/other",
            {
                "ecr": {"account": "111122223333"},
                "repositories": ["111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools"],
            },
        ),
        Problem(
            'stack.registries.other.repositories["111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools"]',
            "'111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools'",
            "a name without the registry's host",
            "write 'tools'",
        ),
    ),
    "an image of a misspelt registry": (
        changed("runners/build/image", "taem/ci/base:1"),
        Problem(
            "stack.runners.build.image",
            "'taem/ci/base:1', which is an image of Docker Hub",
            f"an image of the declared registries ({REGISTRIES}) or a public one",
            "did you mean 'team/ci/base:1'? Docker Hub's is docker.io/taem/ci/base:1",
        ),
    ),
    "a registry of both kinds": (
        changed("registries/team/static", {"username": "me", "password": "pass-word"}),
        Problem("stack.registries.team", "ecr, static", REGISTRY_KINDS),
    ),
    "a host for ecr": (
        changed("registries/team/host", "registry.example.com"),
        Problem(
            "stack.registries.team.host",
            "'host', together with 'ecr'",
            f"'host' only together with {KINDS_WITH_HOST}",
            "the host follows from the kind of the registry",
        ),
    ),
    "an account that is none": (
        changed("registries/shared/ecr/account", "2109-8765-4321"),
        Problem("stack.registries.shared.ecr.account", "'2109-8765-4321'", "an AWS account, 12 digits"),
    ),
    "an account of other digits": (
        changed("registries/shared/ecr/account", "٢١٠٩٨٧٦٥٤٣٢١"),
        Problem("stack.registries.shared.ecr.account", "'٢١٠٩٨٧٦٥٤٣٢١'", "an AWS account, 12 digits"),
    ),
    "a region that is none": (
        changed("registries/shared/ecr/region", "virginia"),
        Problem("stack.registries.shared.ecr.region", "'virginia'", "an AWS region, such as eu-west-1"),
    ),
    "ecr without repositories": (
        without("registries/shared/repositories"),
        Problem(
            "stack.registries.shared",
            "no repositories",
            "at least one under 'repositories'",
            "name the repositories that runners pull from: their role allows only these",
        ),
    ),
    "a repository's name": (
        changed("registries/shared/repositories", ["platform/toolchain", "Platform/Scanner"]),
        Problem(
            'stack.registries.shared.repositories["Platform/Scanner"]',
            "'Platform/Scanner'",
            "a repository name of ECR: 2 to 256 of a-z, 0-9, '.', '_', '-' and '/'",
        ),
    ),
    "no image kept": (
        changed("registries/team/repositories", {"ci/base": {"keep_images": 0}}),
        Problem('stack.registries.team.repositories["ci/base"].keep_images', "0", "1 or more"),
    ),
    "no days for untagged images": (
        changed("registries/team/repositories", {"ci/base": {"untagged_days": -1}}),
        Problem('stack.registries.team.repositories["ci/base"].untagged_days', "-1", "1 or more"),
    ),
    "an account that may pull": (
        changed("registries/team/allow_pull", ["210987654321", "everyone"]),
        Problem("stack.registries.team.allow_pull[1]", "'everyone'", "an AWS account, 12 digits"),
    ),
    "allow_pull of another account's registry": (
        changed("registries/shared/allow_pull", ["123456789012"]),
        Problem(
            "stack.registries.shared.allow_pull",
            "a list of accounts",
            "no 'allow_pull' for a registry of another account",
            "the owner must allow this account to pull, by a policy on each repository",
        ),
    ),
    "settings of another account's repository": (
        changed("registries/shared/repositories", {"platform/toolchain": {"keep_images": 5}}),
        Problem(
            'stack.registries.shared.repositories["platform/toolchain"]',
            "keep_images",
            "no settings: the stack creates no repositories there",
        ),
    ),
    "allow_pull of a static registry": (
        changed("registries/legacy/allow_pull", ["123456789012"]),
        Problem(
            "stack.registries.legacy.allow_pull",
            "'allow_pull', together with 'static'",
            "'allow_pull' only together with ecr",
            "only ECR grants access to AWS accounts",
        ),
    ),
    "a static registry without host": (
        without("registries/legacy/host"),
        Problem(
            "stack.registries.legacy", "no 'host'", "the registry's host, such as registry.example.com:5000"
        ),
    ),
    "a host with a scheme": (
        changed("registries/legacy/host", "https://registry.example.com"),
        Problem(
            "stack.registries.legacy.host",
            "'https://registry.example.com'",
            HOST_FORM,
        ),
    ),
    "a host that ends with a slash": (
        changed("registries/legacy/host", "registry.example.com/"),
        Problem("stack.registries.legacy.host", "'registry.example.com/'", HOST_FORM),
    ),
    "a path in upper case": (
        changed("registries/legacy/host", "registry.example.com/Team"),
        Problem("stack.registries.legacy.host", "'registry.example.com/Team'", HOST_FORM),
    ),
    "a path that climbs": (
        changed("registries/legacy/host", "registry.example.com/../team"),
        Problem("stack.registries.legacy.host", "'registry.example.com/../team'", HOST_FORM),
    ),
    "credentials for a path on an old runner": (
        declared_with(
            "legacy", {**STATIC, "host": "registry.example.com:5000/team"}, runner_version="17.4.2"
        ),
        Problem(
            "stack.runners.build.registries[2]",
            "'legacy', whose credentials are for a path, on runner 17.4.2",
            "a registry without a path, or runner 17.5 or newer",
            "an older runner uses the credentials for the whole host",
        ),
    ),
    "a required digest that only the host could ask for": (
        by_digest({"static": {"secret": SECRET_ARN}}, image="vault/tools:1"),
        Problem(
            "stack.runners.build.image",
            "'vault/tools:1', an image without a digest",
            DIGEST_FORM,
            f"{REQUIRED}its password is read only on the runner host",
        ),
    ),
    "a required digest that only a job could ask for": (
        by_digest({"gitlab": {}}, services=[{"name": "vault.example/redis:7"}]),
        Problem(
            "stack.runners.build.services[0].name",
            "'vault.example/redis:7', an image without a digest",
            DIGEST_FORM,
            f"{REQUIRED}only jobs have credentials for it",
        ),
    ),
    "a required digest that a helper's registry has": (
        by_digest({"helper": "/usr/bin/docker-credential-gcr"}, image="vault/tools:1"),
        Problem(
            "stack.runners.build.image",
            "'vault/tools:1', an image without a digest",
            DIGEST_FORM,
            f"{REQUIRED}its credential helper is only on the runner host",
        ),
    ),
    "digests on a runner that is too old for them": (
        by_digest(host={"runner_version": "17.0.1"}),
        Problem(
            "stack.runners.build.require_digests",
            "true, on runner 17.0.1",
            "runner 17.1 or newer",
            "an older runner pulls a service with only a digest by the tag latest",
        ),
    ),
    "a parameter that is no ARN": (
        changed("registries/vault/static", {"parameter": "/ci/vault"}),
        Problem(
            "stack.registries.vault.static.parameter",
            "text",
            "the ARN of a parameter: arn:aws:ssm:REGION:ACCOUNT:parameter/NAME",
        ),
    ),
    "a key that is no ARN": (
        changed("registries/vault/static/key", "alias/ci"),
        Problem("stack.registries.vault.static.key", "text", "the ARN of a KMS key"),
    ),
    "a key of a password in the declaration": (
        changed("registries/legacy/static/key", "arn:aws:kms:eu-west-1:123456789012:key/0a1b"),
        Problem(
            "stack.registries.legacy.static",
            "key, password, username",
            STATIC_FORM,
            "use 'key' together with 'secret' or 'parameter'",
        ),
    ),
    "an official image of Docker Hub without library/": (
        changed(
            "registries/hub",
            {"pull_through": "docker-hub", "upstream_secret": UPSTREAM_SECRET, "repositories": ["redis"]},
        ),
        Problem(
            "stack.registries.hub.repositories.redis",
            "'redis'",
            "library/redis",
            "write library/redis: a cache needs the full name of an official image of Docker Hub",
        ),
    ),
    "caches of this account": (
        changed("registries/team/ecr", {"caches": ["hub"]}),
        Problem(
            "stack.registries.team.ecr.caches",
            "prefixes of caches, without 'account'",
            "'caches' together with 'account'",
            "declare a cache of this account as a separate registry: pull_through: docker-hub",
        ),
    ),
    "a cache of another account by no prefix": (
        changed("registries/shared/ecr/caches", ["hub/"]),
        Problem(
            "stack.registries.shared.ecr.caches[0]",
            "'hub/'",
            "a name of 2 to 30 characters that does not end with '-'",
            "it is the prefix of the cached repositories in ECR",
        ),
    ),
    "an image by a dual-stack name": (
        changed("runners/build/image", "123456789012.dkr-ecr.eu-west-1.on.aws/ci/base:1"),
        Problem(
            "stack.runners.build.image",
            "'123456789012.dkr-ecr.eu-west-1.on.aws/ci/base:1', with the dual-stack host of an ECR registry",
            "the registry's IPv4 host, which the credentials are for, or its name in the declaration",
            "write 123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base:1",
        ),
    ),
    "an unknown upstream": (
        changed("registries/hub", {"pull_through": "dockerhub"}),
        Problem(
            "stack.registries.hub.pull_through",
            "'dockerhub'",
            "docker-hub, ecr-public, ghcr, gitlab, kubernetes, quay",
            "did you mean 'docker-hub'?",
        ),
    ),
    "an upstream that wants a login": (
        changed("registries/hub", {"pull_through": "docker-hub"}),
        Problem(
            "stack.registries.hub",
            "neither upstream_secret nor upstream_credentials, for docker-hub",
            "one of upstream_secret and upstream_credentials",
            "ECR caches docker-hub only with credentials; without credentials: ecr-public, kubernetes, quay",
        ),
    ),
    "an upstream that wants no login": (
        changed("registries/hub", {"pull_through": "quay", "upstream_secret": UPSTREAM_SECRET}),
        Problem(
            "stack.registries.hub.upstream_secret",
            "'upstream_secret', for quay",
            "no 'upstream_secret': ECR pulls from quay without credentials",
        ),
    ),
    "a secret that ECR may not read": (
        changed("registries/hub", {"pull_through": "ghcr", "upstream_secret": SECRET_ARN}),
        Problem(
            "stack.registries.hub.upstream_secret",
            "text",
            "the ARN of a Secrets Manager secret whose name starts with ecr-pullthroughcache/",
            "ECR can read only secrets with this prefix",
        ),
    ),
    "a name that is no prefix": (
        changed("registries/q", {"pull_through": "quay"}),
        Problem(
            "stack.registries.q",
            "'q'",
            "a name of 2 to 30 characters that does not end with '-'",
            "it is the prefix of the cached repositories in ECR",
        ),
    ),
    "an upstream secret of a registry of another kind": (
        changed("registries/team/upstream_secret", UPSTREAM_SECRET),
        Problem(
            "stack.registries.team.upstream_secret",
            "'upstream_secret', together with 'ecr'",
            "'upstream_secret' only together with pull_through",
            "only a pull-through cache has an upstream",
        ),
    ),
    "settings of a cached repository": (
        changed(
            "registries/hub", {"pull_through": "quay", "repositories": {"prometheus": {"keep_images": 3}}}
        ),
        Problem(
            "stack.registries.hub.repositories.prometheus",
            "keep_images",
            "no settings: the stack creates no repositories there",
        ),
    ),
    "a repository below the prefix of a cache": (
        changed("registries/private", {"pull_through": "quay"}),
        Problem(
            'stack.registries.team.repositories["private/image"]',
            "'private/image', below the prefix of the registry 'private'",
            "a name that does not start with private/",
            "ECR pulls repositories with this prefix from quay.io",
        ),
    ),
    "a fixed password for the host of a cache": (
        {
            "registries": {
                "hub": {"pull_through": "quay"},
                "legacy": {
                    "static": {"secret": SECRET_ARN},
                    "host": "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                },
            }
        },
        Problem(
            "stack.registries.legacy",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com, which is also the host of the registry 'hub'",
            "one registry for each host",
            "put the repositories of both under 'hub'",
        ),
    ),
    "two public galleries": (
        {"registries": {"one": {"ecr_public": {}}, "two": {"ecr_public": {}}}},
        Problem(
            "stack.registries.two",
            "public.ecr.aws, which is also the host of the registry 'one'",
            "one registry for each host",
            "put the repositories of both under 'one'",
        ),
    ),
    "gitlab without host": (
        changed("registries/own", {"gitlab": {}}),
        Problem(
            "stack.registries.own", "no 'host'", "the registry's host, such as registry.example.com:5000"
        ),
    ),
    "a job's own credentials for a path": (
        changed("registries/own", {"gitlab": {}, "host": "registry.gitlab.com/group"}),
        Problem(
            "stack.registries.own.host",
            "'registry.gitlab.com/group'",
            "a host without a path: the job's own credentials are for the whole registry",
            "a path is allowed with a deploy_token",
        ),
    ),
    "a deploy token without password": (
        changed(
            "registries/own",
            {"gitlab": {"deploy_token": {"username": "u", "password": ""}}, "host": "registry.gitlab.com"},
        ),
        Problem("stack.registries.own.gitlab.deploy_token", "an empty value", "'username' and 'password'"),
    ),
    "a helper by its name": (
        changed("registries/google", {"helper": "gcr", "host": "gcr.io"}),
        Problem(
            "stack.registries.google.helper",
            "'gcr'",
            "an absolute path, such as /usr/bin/docker-credential-gcr",
        ),
    ),
    "a helper on the runner's PATH": (
        changed("registries/google", {"helper": "/usr/local/bin/docker-credential-gcr", "host": "gcr.io"}),
        Problem(
            "stack.registries.google.helper",
            "'/usr/local/bin/docker-credential-gcr'",
            "a path outside /usr/local/bin",
            "there, a job's DOCKER_AUTH_CONFIG could use it with the manager's identity for another host",
        ),
    ),
    "a docker_auth of GitLab's registry": (
        changed("registries/legacy", {"gitlab": {}, "host": "registry.gitlab.com"}),
        Problem(
            "stack.variables[0].docker_auth[0]",
            "'legacy', GitLab's registry with the job's own credentials",
            "a registry with 'username' and 'password'",
            "every job has these credentials; for images of other projects, declare a deploy_token",
        ),
    ),
    "a docker_auth of a helper": (
        changed("registries/legacy", {"helper": "/usr/bin/docker-credential-gcr", "host": "gcr.io"}),
        Problem(
            "stack.variables[0].docker_auth[0]",
            "'legacy', whose password comes from its credential helper",
            "a registry with 'username' and 'password'",
            "its passwords expire: use a runner of this stack, whose host runs the helper",
        ),
    ),
    "a host that images cannot name": (
        changed("registries/legacy/host", "registry"),
        Problem(
            "stack.registries.legacy.host",
            "'registry'",
            HOST_FORM,
        ),
    ),
    "a user without password": (
        without("registries/legacy/static/password"),
        Problem(
            "stack.registries.legacy.static",
            "username",
            STATIC_FORM,
        ),
    ),
    "an empty password": (
        changed("registries/legacy/static/password", ""),
        Problem(
            "stack.registries.legacy.static",
            "username",
            STATIC_FORM,
        ),
    ),
    "a password and a secret": (
        changed("registries/vault/static", {"username": "me", "password": "pass-word", "secret": SECRET_ARN}),
        Problem(
            "stack.registries.vault.static",
            "password, secret, username",
            STATIC_FORM,
        ),
    ),
    "a secret that is no ARN": (
        changed("registries/vault/static/secret", "ci/vault"),
        Problem("stack.registries.vault.static.secret", "text", SECRET_FORM),
    ),
    "a runner without a scope": (
        without("runners/build/group"),
        Problem(
            "stack.runners.build",
            "no group, project or instance",
            "exactly one of 'group', 'project' and 'instance: true'",
        ),
    ),
    "a runner of two scopes": (
        changed("runners/build/project", 7),
        Problem(
            "stack.runners.build", "group, project", "exactly one of 'group', 'project' and 'instance: true'"
        ),
    ),
    "a group's number": (
        changed("runners/build/group", 0),
        Problem("stack.runners.build.group", "0", "the group's ID in GitLab"),
    ),
    "a timeout that GitLab refuses": (
        changed("runners/build/maximum_timeout", 599),
        Problem("stack.runners.build.maximum_timeout", "599 seconds", "600 to 2147483647 seconds"),
    ),
    "a timeout that GitLab's database refuses": (
        changed("runners/build/maximum_timeout", 2**31),
        Problem("stack.runners.build.maximum_timeout", "2147483648 seconds", "600 to 2147483647 seconds"),
    ),
    "a note that is too long": (
        changed("runners/build/maintenance_note", "a" * 1025),
        Problem("stack.runners.build.maintenance_note", "a longer text", "1024 characters at most"),
    ),
    "a runner's description that is too long": (
        changed("runners/build/description", "a" * 1025),
        Problem("stack.runners.build.description", "a longer text", "1024 characters at most"),
    ),
    "too many tags": (
        changed("runners/build/tags", [f"tag-{number}" for number in range(51)]),
        Problem("stack.runners.build.tags", "51 tags", "50 tags at most"),
    ),
    "other projects of a group runner": (
        changed("runners/build/other_projects", [7]),
        Problem(
            "stack.runners.build.other_projects",
            "projects, for a group or instance runner",
            "none: only a project runner has other projects",
        ),
    ),
    "other projects of a locked runner": (
        {"runners": {"build": {"project": 7, "other_projects": [8], "locked": True, "host": {}}}},
        Problem(
            "stack.runners.build.other_projects", "projects, for a locked runner", "none, or locked: false"
        ),
    ),
    "another project that is the runner's own": (
        {"runners": {"build": {"project": 7, "other_projects": [8, 7], "host": {}}}},
        Problem("stack.runners.build.other_projects[1]", "7, a duplicate", "each project once"),
    ),
    "another project twice": (
        {"runners": {"build": {"project": 7, "other_projects": [8, 8], "host": {}}}},
        Problem("stack.runners.build.other_projects[1]", "8, a duplicate", "each project once"),
    ),
    "another project that cannot be": (
        {"runners": {"build": {"project": 7, "other_projects": [0], "host": {}}}},
        Problem("stack.runners.build.other_projects[0]", "0", "the project's ID in GitLab"),
    ),
    "a generation before the first": (
        changed("runners/build/generation", 0),
        Problem("stack.runners.build.generation", "0", "1 or more"),
    ),
    "the generation before the first": (
        changed("runners/build/keep_previous", True),
        Problem(
            "stack.runners.build.keep_previous",
            "true, for the first generation",
            "true with generation: 2 or more",
            "to register the runner again, increase its generation",
        ),
    ),
    "a runner that never gets a job": (
        changed("runners/idle", {"group": 42, "run_untagged": False, "host": {}}),
        Problem(
            "stack.runners.idle.run_untagged",
            "false, with no tags",
            "true, or some tags",
            "without tags and untagged jobs, the runner never gets a job",
        ),
    ),
    "a runner without host": (
        without("runners/build/host"),
        Problem(
            "stack.runners.build",
            "none of host, host_of, fleet",
            "exactly one of host, host_of, fleet",
            "host: {} uses the defaults",
        ),
    ),
    "a runner with a host and another's": (
        with_second_runner(host={}, host_of="build"),
        Problem(
            "stack.runners.second",
            "'host' and 'host_of'",
            "exactly one of host, host_of, fleet",
        ),
    ),
    "the host of an unknown runner": (
        with_second_runner(host_of="biuld"),
        Problem(
            "stack.runners.second.host_of",
            "'biuld', which is not a declared runner",
            "build",
            "did you mean 'build'?",
        ),
    ),
    "a runner on its own host, which it does not have": (
        with_second_runner(host_of="second"),
        Problem(
            "stack.runners.second.host_of",
            "'second', the runner itself",
            "build",
            "host: {} creates a separate host",
        ),
    ),
    "a runner with a host and a fleet": (
        changed("runners/build/fleet", FLEET),
        Problem(
            "stack.runners.build",
            "'host' and 'fleet'",
            "exactly one of host, host_of, fleet",
        ),
    ),
    "a fleet without an instance": (
        changed("runners/burst", {"group": 42, "fleet": FLEET | {"max_instances": 0}}),
        Problem("stack.runners.burst.fleet.max_instances", "0", "1 or more"),
    ),
    "the host of a fleet's manager": (
        changed(
            "runners", {"burst": {"group": 42, "fleet": FLEET}, "second": {"group": 42, "host_of": "burst"}}
        ),
        Problem(
            "stack.runners.second.host_of",
            "'burst', which declares no host",
            "no runner: no other runner declares a host",
        ),
    ),
    "a cache that keeps nothing": (
        changed("cache", {"expire_days": 0}),
        Problem("stack.cache.expire_days", "0", "1 or more"),
    ),
    "a key of a cache that is none": (
        changed("cache", {"kms_key": "alias/ci"}),
        Problem(
            "stack.cache.kms_key", "'alias/ci'", "the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID"
        ),
    ),
    "the host of a runner that has none": (
        changed(
            "runners",
            {
                "build": {"group": 42, "host": {}},
                "second": {"group": 42, "host_of": "build"},
                "third": {"group": 42, "host_of": "second"},
            },
        ),
        Problem("stack.runners.third.host_of", "'second', which declares no host", "build"),
    ),
    "the only runner on another's host": (
        changed("runners", {"build": {"group": 42, "host_of": "other"}}),
        Problem(
            "stack.runners.build.host_of",
            "'other', which is not a declared runner",
            "no runner: no other runner declares a host",
        ),
    ),
    "no jobs at all": (
        changed("runners/build/limit", 0),
        Problem("stack.runners.build.limit", "0", "1 or more"),
    ),
    "digests on the old runner of another's host": (
        with_second_runner(
            {"runner_version": "17.0.1"},
            host_of="build",
            require_digests=True,
            image=f"alpine:3@{DIGEST}",
        ),
        Problem(
            "stack.runners.second.require_digests",
            "true, on runner 17.0.1",
            "runner 17.1 or newer",
            "an older runner pulls a service with only a digest by the tag latest",
        ),
    ),
    "an undeclared registry": (
        changed("runners/build/registries", ["team", "shard", "legacy"]),
        Problem(
            "stack.runners.build.registries[1]",
            "'shard', which is not a declared registry",
            REGISTRIES,
            "did you mean 'shared'?",
        ),
    ),
    "an undeclared registry that resembles none": (
        changed("runners/build/registries", ["team", "quay"]),
        Problem(
            "stack.runners.build.registries[1]",
            "'quay', which is not a declared registry",
            REGISTRIES,
            "declare it under `registries`",
        ),
    ),
    "a registry twice": (
        changed("runners/build/registries", ["team", "shared", "team"]),
        Problem("stack.runners.build.registries[2]", "'team', a duplicate", "each registry once"),
    ),
    "no jobs at once": (
        changed("runners/build/host/concurrent", 0),
        Problem("stack.runners.build.host.concurrent", "0", "1 or more"),
    ),
    "a disk that is too small": (
        changed("runners/build/host/disk_gb", 19),
        Problem("stack.runners.build.host.disk_gb", "19", "20 or more"),
    ),
    "an operating system": (
        changed("runners/build/host/os", "debian-13"),
        Problem(
            "stack.runners.build.host.os",
            "'debian-13'",
            ", ".join(OPERATING_SYSTEMS),
            "did you mean 'debian-12'?",
        ),
    ),
    "Session Manager where its agent is not": (
        changed("runners/build/host", {"os": "debian-12", "session_manager": True}),
        Problem(
            "stack.runners.build.host.session_manager",
            "true, on debian-12",
            "true with your own 'ami', or another 'os'",
            "the published AMIs do not contain the Systems Manager agent",
        ),
    ),
    "logs for a time that CloudWatch does not have": (
        changed("runners/build/host/logs", {"retention_days": 10}),
        Problem(
            "stack.runners.build.host.logs.retention_days",
            "10",
            "one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, "
            "2922, 3288, 3653",
        ),
    ),
    "alarms for no topic": (
        changed("runners/build/host/alarms", {"topic": "ci-alarms"}),
        Problem(
            "stack.runners.build.host.alarms.topic",
            "'ci-alarms'",
            "the ARN of an SNS topic, such as arn:aws:sns:eu-west-1:123456789012:alarms",
        ),
    ),
    "metrics for the world": (
        changed("runners/build/host/metrics", "public"),
        Problem("stack.runners.build.host.metrics", "'public'", "loopback, vpc"),
    ),
    "a boundary by its name": (
        changed("runners/build/host/permissions_boundary", "ci-boundary"),
        Problem(
            "stack.runners.build.host.permissions_boundary",
            "'ci-boundary'",
            "the ARN of a policy, such as arn:aws:iam::123456789012:policy/boundary",
        ),
    ),
    "a role's path that does not end": (
        changed("runners/build/host/role_path", "/ci"),
        Problem(
            "stack.runners.build.host.role_path",
            "'/ci'",
            "a path that starts and ends with '/', such as /ci/runners/, of 512 characters at most",
        ),
    ),
    "an instance type": (
        changed("runners/build/host/instance_type", "large"),
        Problem(
            "stack.runners.build.host.instance_type",
            "'large'",
            "a family and a size of EC2, such as m6i.large",
            "add a family, such as m6i.large",
        ),
    ),
    "a machine image": (
        changed("runners/build/host/ami", "al2023"),
        Problem("stack.runners.build.host.ami", "'al2023'", "an id that starts with ami-"),
    ),
    "a subnet": (
        changed(
            "runners/build/host", {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-01234567", "public"]}
        ),
        Problem("stack.runners.build.host.subnets[1]", "'public'", "an id that starts with subnet-"),
    ),
    "a VPC without subnets": (
        changed("runners/build/host/vpc", "vpc-0123456789abcdef0"),
        Problem(
            "stack.runners.build.host",
            "only one of 'vpc' and 'subnets'",
            "both or neither",
            "the subnets belong to the VPC",
        ),
    ),
    "a version": (
        changed("runners/build/host/runner_version", "19"),
        Problem("stack.runners.build.host.runner_version", "'19'", "such as 19.3.0"),
    ),
    "an image that is none": (
        changed("runners/build/image", "team/ci/base:-1"),
        Problem(
            "stack.runners.build.image",
            "'team/ci/base:-1': '-1' is not a tag: up to 128 letters, digits and _.-, "
            "not starting with . or -",
            IMAGE_FORM,
        ),
    ),
    "an image of a registry that the runner does not use": (
        changed("runners/build/image", "vault/tools:1"),
        Problem(
            "stack.runners.build.image",
            "'vault/tools:1', an image of the registry 'vault'",
            "an image of the registries that this runner uses (team, shared, legacy) or a public one",
            "add 'vault' to the runner's registries",
        ),
    ),
    "an image, by its host, of a registry that the runner does not use": (
        changed("runners/build/image", "registry.partner.example/tools:1"),
        Problem(
            "stack.runners.build.image",
            "'registry.partner.example/tools:1', an image of the registry 'vault'",
            "an image of the registries that this runner uses (team, shared, legacy) or a public one",
            "add 'vault' to the runner's registries",
        ),
    ),
    "a service of a registry that the runner does not use": (
        changed("runners/build/services", [{"name": "redis:7"}, {"name": "vault/tools:1"}]),
        Problem(
            "stack.runners.build.services[1].name",
            "'vault/tools:1', an image of the registry 'vault'",
            "an image of the registries that this runner uses (team, shared, legacy) or a public one",
            "add 'vault' to the runner's registries",
        ),
    ),
    "an image of a repository that is not declared": (
        changed("runners/build/image", "team/ci/bse:1"),
        Problem(
            "stack.runners.build.image",
            "the repository 'ci/bse' of the registry 'team'",
            "private/image, ci/base",
            "did you mean 'ci/base'?",
        ),
    ),
    "an image of an ECR registry that is not declared": (
        changed("runners/build/image", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools:1"),
        Problem(
            "stack.runners.build.image",
            "'111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools:1', an image of an ECR registry that is not "
            "declared",
            "an image of the declared registries (team, shared, legacy, vault) or a public one",
            "declare the registry under `registries` and name it under the runner's registries",
        ),
    ),
    "two static registries for one host": (
        changed("registries/vault/host", "registry.example.com:5000"),
        Problem(
            "stack.registries.vault",
            "registry.example.com:5000, which is also the host of the registry 'legacy'",
            "one registry for each host",
            "put the repositories of both under 'legacy'",
        ),
    ),
    "a static registry at the host of an ECR one": (
        changed("registries/other", {"host": FOREIGN_HOST, "static": {"secret": SECRET_ARN}}),
        Problem(
            "stack.registries.other",
            f"{FOREIGN_HOST}, which is also the host of the registry 'shared'",
            "one registry for each host",
            "put the repositories of both under 'shared'",
        ),
    ),
    "a variable with neither value nor docker_auth": (
        {"variables": [{"group": 42, "key": "KEY"}]},
        Problem(
            "stack.variables[0]",
            "neither of 'value' and 'docker_auth'",
            "exactly one of 'value' and 'docker_auth'",
        ),
    ),
    "a variable with value and docker_auth": (
        changed("variables/0/value", "a-longer-value"),
        Problem(
            "stack.variables[0]",
            "both of 'value' and 'docker_auth'",
            "exactly one of 'value' and 'docker_auth'",
        ),
    ),
    "a variable without a scope": (
        {"variables": [{"key": "KEY", "value": "a-longer-value"}]},
        Problem(
            "stack.variables[0]",
            "no group, project or instance",
            "exactly one of 'group', 'project' and 'instance: true'",
        ),
    ),
    "a variable of no instance": (
        {"variables": [{"key": "KEY", "value": "a-longer-value", "instance": False}]},
        Problem("stack.variables[0]", "instance", "exactly one of 'group', 'project' and 'instance: true'"),
    ),
    "a variable's name": (
        changed("variables/1/key", "DEPLOY-REGION"),
        Problem("stack.variables[1].key", "'DEPLOY-REGION'", "1 to 255 letters, digits and '_'"),
    ),
    "an environment of the instance": (
        {"variables": [{"instance": True, "key": "KEY", "value": "a-value", "environment_scope": "prod"}]},
        Problem("stack.variables[0].environment_scope", "'prod'", "none, for the instance"),
    ),
    "several environments in one": (
        changed("variables/1/environment_scope", "staging,prod"),
        Problem("stack.variables[1].environment_scope", "'staging,prod'", SCOPE_FORM),
    ),
    "an environment of nothing": (
        changed("variables/1/environment_scope", ""),
        Problem("stack.variables[1].environment_scope", "''", SCOPE_FORM),
    ),
    "an environment with a space at its end, which GitLab takes off": (
        changed("variables/1/environment_scope", "prod "),
        Problem("stack.variables[1].environment_scope", "'prod '", SCOPE_FORM),
    ),
    "a hidden variable of the instance": (
        {"variables": [{"instance": True, "key": "KEY", "value": "a-longer-value", "hidden": True}]},
        Problem(
            "stack.variables[0].hidden",
            "true, for the instance",
            "false: GitLab hides only variables of groups and projects",
        ),
    ),
    "a hidden variable that is not masked": (
        {"variables": [{"group": 42, "key": "KEY", "value": "short", "hidden": True, "masked": False}]},
        Problem(
            "stack.variables[0].hidden",
            "true, with masked: false",
            "a hidden variable is always masked",
            "remove 'masked'",
        ),
    ),
    "a hidden value that GitLab cannot mask": (
        {"variables": [{"group": 42, "key": "KEY", "value": "short", "hidden": True}]},
        Problem(
            "stack.variables[0].hidden",
            "true, for a value that GitLab cannot mask",
            "a value of one line, 8 or more characters, letters, digits and _ + = / @ : . ~ -",
            "with raw: true every character but white space may be masked; or hidden: false",
        ),
    ),
    "a hidden docker_auth that is not raw": (
        changed("variables/0", {"project": 7, "docker_auth": ["legacy"], "hidden": True, "raw": False}),
        Problem(
            "stack.variables[0].raw",
            "false, for a masked DOCKER_AUTH_CONFIG",
            "true",
            "GitLab masks JSON only when it is raw",
        ),
    ),
    "a value that is too long for the instance": (
        {"variables": [{"instance": True, "key": "KEY", "value": "a" * 10_001, "file": True}]},
        Problem("stack.variables[0].value", "10001 characters", "10000 characters at most, for the instance"),
    ),
    "a value that is too long for an environment": (
        {"variables": [{"group": 42, "key": "KEY", "value": "ä" * (LONGEST // 2)}]},
        Problem(
            "stack.variables[0].value",
            f"{LONGEST} bytes",
            "128 KiB at most, including the key: Linux starts no process with a longer variable",
            "file: true gives jobs the path of a file instead",
        ),
    ),
    "a description that is too long": (
        changed("variables/1/description", "a" * 256),
        Problem("stack.variables[1].description", "a longer text", "255 characters at most"),
    ),
    "a masked value that GitLab cannot mask": (
        {"variables": [{"group": 42, "key": "KEY", "value": "short", "masked": True}]},
        Problem(
            "stack.variables[0].masked",
            "true, for a value that GitLab cannot mask",
            "a value of one line, 8 or more characters, letters, digits and _ + = / @ : . ~ -",
            "with raw: true every character but white space may be masked; or masked: false",
        ),
    ),
    "a masked raw value that GitLab cannot mask": (
        {"variables": [{"group": 42, "key": "KEY", "value": "of two words", "masked": True, "raw": True}]},
        Problem(
            "stack.variables[0].masked",
            "true, for a value that GitLab cannot mask",
            "a value of one line, 8 or more characters, any characters but white space",
        ),
    ),
    "credsStore inside a DOCKER_AUTH_CONFIG": (
        {"variables": [{"group": 42, "key": "DOCKER_AUTH_CONFIG", "value": '{"credsStore": "ecr-login"}'}]},
        Problem(
            "stack.variables[0].value",
            "credsStore",
            "docker_auth: [REGISTRY, …] with declared registries",
            "Docker uses credsStore for every registry, so it breaks public pulls",
        ),
    ),
    "a variable in place of a password": (
        changed("registries/legacy/static/password", "${NEXUS_PASSWORD}"),
        Problem("stack.registries.legacy.static.password", *VARIABLE),
    ),
    "a variable of jobs in place of a password": (
        changed(
            "registries/legacy",
            {
                "host": "registry.gitlab.com",
                "gitlab": {"deploy_token": {"username": "gitlab-ci-token", "password": "$CI_JOB_TOKEN"}},
            },
        ),
        Problem("stack.registries.legacy.gitlab.deploy_token.password", *VARIABLE),
    ),
    "a DOCKER_AUTH_CONFIG that is not JSON": (
        {"variables": [{"group": 42, "key": "DOCKER_AUTH_CONFIG", "value": "ci:pass-word-1234"}]},
        Problem(
            "stack.variables[0].value",
            "text that is not a Docker configuration, which the runner ignores",
            'JSON: {"auths": {HOST: {"auth": …}}}',
            "docker_auth: [REGISTRY, …] writes it from declared registries",
        ),
    ),
    "an ECR password in a DOCKER_AUTH_CONFIG": (
        {"variables": [{"group": 42, "key": "DOCKER_AUTH_CONFIG", "value": ECR_PASSWORD}]},
        Problem(
            "stack.variables[0].value",
            f"a fixed password for {FOREIGN_HOST}",
            "registries with a user and password of their own",
            "an ECR password expires after 12 hours: declare "
            '`ecr: {account: "210987654321", region: us-east-1}` as a registry of a runner of this stack, '
            "or of hosted_auth",
        ),
    ),
    "a masked docker_auth that is not raw": (
        changed("variables/0", {"project": 7, "docker_auth": ["legacy"], "masked": True, "raw": False}),
        Problem(
            "stack.variables[0].raw",
            "false, for a masked DOCKER_AUTH_CONFIG",
            "true",
            "GitLab masks JSON only when it is raw",
        ),
    ),
    "a docker_auth of no registry": (
        changed("variables/0/docker_auth", []),
        Problem("stack.variables[0].docker_auth", "no registry", REGISTRIES),
    ),
    "a docker_auth of an undeclared registry": (
        changed("variables/0/docker_auth", ["legcy"]),
        Problem(
            "stack.variables[0].docker_auth[0]",
            "'legcy', which is not a declared registry",
            REGISTRIES,
            "did you mean 'legacy'?",
        ),
    ),
    "a docker_auth of ECR": (
        changed("variables/0/docker_auth", ["legacy", "team"]),
        Problem(
            "stack.variables[0].docker_auth[1]",
            "'team', an ECR registry",
            "a registry with 'username' and 'password'",
            "an ECR password expires after 12 hours: use a runner of this stack, or hosted_auth",
        ),
    ),
    "a docker_auth of a password that is not known here": (
        changed("variables/0/docker_auth", ["vault"]),
        Problem(
            "stack.variables[0].docker_auth[0]",
            "'vault', whose password is read from Secrets Manager, by the host",
            "a registry with 'username' and 'password'",
            "the variable's value must be known when the stack is applied",
        ),
    ),
    "a variable twice": (
        changed("variables/0", {"group": 42, "key": "DEPLOY_REGION", "value": "us-east-1"}),
        Problem(
            "stack.variables[1]",
            "DEPLOY_REGION of group 42, which variables[0] also declares",
            "each key once for each scope and environment",
        ),
    ),
}


# Keys of config.toml itself. The values are not shown: any may be a secret in the wrong place.
CONFIG: dict[str, tuple[Any, Problem]] = {
    "a key of a table, outside of it": (
        configured({"privileged": True}),
        Problem("stack.runners.build.config.privileged", "unknown key", "", "write it below 'docker'"),
    ),
    "a misspelt key of a runner's section": (
        configured({"docker": {"memmory": "2g"}}),
        Problem("stack.runners.build.config.docker.memmory", "unknown key", "", "is `memory` meant?"),
    ),
    "a key in both of its spellings": (
        configured({"tls-ca-file": "/ca.pem", "tls_ca_file": "/other.pem"}),
        Problem("stack.runners.build.config.tls-ca-file", "unknown key", "", "is `tls_ca_file` meant?"),
    ),
    "a refused key as config.toml spells it": (
        configured({"cache": {"s3": {"BucketName": "x", "SecretKey": "y"}}}),
        Problem(
            "stack.runners.build.config.cache.s3.secret_key",
            "the key 'secret_key', which is not allowed here",
            "the other keys",
            "a host's files contain no secrets: the role of the host grants access",
        ),
    ),
    "a key that was removed": (
        configured({"pre_clone_script": "true"}),
        Problem(
            "stack.runners.build.config.pre_clone_script",
            "the key was removed after GitLab Runner 16.11",
            "",
            "use `pre_get_sources_script`",
        ),
    ),
    "another executor's section": (
        configured({"kubernetes": {}}),
        Problem(
            "stack.runners.build.config.kubernetes", "the key belongs to another executor", "", "leave it out"
        ),
    ),
    "a misspelt key of the manager": (
        configured({}, host={"loglevel": "debug"}),
        Problem("stack.runners.build.host.config.loglevel", "unknown key", "", "is `log_level` meant?"),
    ),
    "a wrong type": (
        configured({"docker": {"network_mtu": "1450-canary"}}),
        Problem("stack.runners.build.config.docker.network_mtu", "text", f"a whole number: {NETWORK_MTU}"),
    ),
    "a number in the place of text": (
        configured({"docker": {"cpus": 2}}),
        Problem("stack.runners.build.config.docker.cpus", "a whole number", "text", "put it in quotes"),
    ),
    "a part of a number": (
        configured({}, host={"check_interval": 1.5}),
        Problem("stack.runners.build.host.config.check_interval", "a number", CHECK_INTERVAL),
    ),
    "no number": (
        configured({"autoscaler": {"policy": [{"scale_factor": "much"}]}}),
        Problem(
            "stack.runners.build.config.autoscaler.policy[0].scale_factor",
            "text",
            f"a number: {SCALE_FACTOR}",
        ),
    ),
    "a limit in config.toml": (
        configured({"limit": 3}),
        Problem(
            "stack.runners.build.config.limit",
            "the key 'limit', which is not allowed here",
            "the other keys",
            "use 'limit' of the runner",
        ),
    ),
    "an image in config.toml": (
        configured({"docker": {"image": "alpine"}}),
        Problem(
            "stack.runners.build.config.docker.image",
            "the key 'image', which is not allowed here",
            "the other keys",
            "use 'image' of the runner",
        ),
    ),
    "runners in config.toml": (
        configured({}, host={"runners": [{"token": "glrt-canary"}]}),
        Problem(
            "stack.runners.build.host.config.runners",
            "the key 'runners', which is not allowed here",
            "the other keys",
            "use 'runners' of the stack",
        ),
    ),
    "a fleet's size in the words of config.toml": (
        changed(
            "runners/burst",
            {"group": 42, "fleet": FLEET, "config": {"autoscaler": {"max_instances": 9}}},
        ),
        Problem(
            "stack.runners.burst.config.autoscaler.max_instances",
            "the key 'max_instances', which is not allowed here",
            "the other keys",
            "use 'max_instances' of the fleet",
        ),
    ),
    "settings of a fleet, for a runner on a host": (
        configured({"autoscaler": {"update_interval": "2m"}}),
        Problem(
            "stack.runners.build.config.autoscaler",
            "settings of a fleet, which the runner does not have",
            "the other keys",
            "declare a 'fleet' in place of the host",
        ),
    ),
    "two words on who reads the metrics": (
        changed("runners/build/host", {"metrics": "loopback", "config": {"listen_address": ":9252"}}),
        Problem(
            "stack.runners.build.host.config.listen_address",
            "an address, together with 'metrics'",
            "one of the two",
            "'metrics' sets the address, and opens the port",
        ),
    ),
    "a secret key of a cache": (
        configured({"cache": {"s3": {"secret_key": "canary"}}}),
        Problem(
            "stack.runners.build.config.cache.s3.secret_key",
            "the key 'secret_key', which is not allowed here",
            "the other keys",
            "a host's files contain no secrets: the role of the host grants access",
        ),
    ),
    "a value that is known later": (
        configured({"environment": ["A=b", output()]}),
        Problem(
            "stack.runners.build.config.environment[1]",
            "an Output",
            "text",
            "config.toml is validated in a preview, so it accepts no Outputs; and it contains no secrets",
        ),
    ),
    "an encrypted value": (
        configured({"environment": ["A=b", encrypted()]}),
        Problem(
            "stack.runners.build.config.environment[1]",
            "an encrypted value",
            "a plain value",
            "a host's files contain no secrets: pulumi config set --path, without --secret",
        ),
    ),
    "images of one's own choice where digests are required": (
        configured(
            {"docker": {"allowed_images": ["**"]}},
            image=f"alpine:3@{DIGEST}",
            services=[],
            require_digests=True,
        ),
        Problem(
            "stack.runners.build.config.docker.allowed_images",
            "patterns of images",
            "'allowed_images' without 'require_digests'",
        ),
    ),
}


def _cases(table: dict[str, tuple[Any, Problem]]) -> list[Any]:
    return [pytest.param(declared, problem, id=name) for name, (declared, problem) in table.items()]


@pytest.mark.parametrize(("declared", "problem"), _cases(SHAPES) + _cases(MEANINGS) + _cases(CONFIG))
def test_a_bad_declaration_has_exactly_this_problem(declared: Any, problem: Problem) -> None:
    assert problems_of(declared) == [problem]


@pytest.mark.parametrize(
    ("service", "fixes"),
    [
        ({"image": "redis:7", "alias": "cache"}, {"image": "did you mean 'name'?"}),
        ({"image": "redis:7", "label": "cache"}, {"image": "", "label": ""}),
        ({"name": "redis:7", "image": "redis:7"}, {"image": "write it beside 'services'"}),
    ],
)
def test_the_fix_of_the_only_unknown_key_is_the_only_missing_key(service: Any, fixes: dict[str, str]) -> None:
    problems = problems_of(changed("runners/build/services", [service]))
    unknown = {each.path.rpartition(".")[2]: each.fix for each in problems if "not known here" in each.found}
    assert unknown == fixes


def test_two_ecr_registries_of_one_account_and_region_are_one_host() -> None:
    declared = changed("registries/other", {"ecr": {}, "repositories": ["other/image"]})
    (problem,) = problems_of(declared, environment=None)
    assert problem == Problem(
        "stack.registries.other",
        "this account's ECR, which is also the host of the registry 'team'",
        "one registry for each host",
        "put the repositories of both under 'team'",
    )


def test_two_registries_of_one_host_are_found_when_the_account_is_known() -> None:
    own = {"ecr": {"account": ENVIRONMENT.account}, "repositories": ["other/image"]}
    declared = changed("registries/other", own)
    assert problems_of(declared, environment=None) == []
    (problem,) = problems_of(declared, ENVIRONMENT)
    assert problem == Problem(
        "stack.registries.other",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com, which is also the host of the registry 'team'",
        "one registry for each host",
        "put the repositories of both under 'team'",
    )


def test_the_registry_of_an_image_is_found_when_the_account_is_known() -> None:
    image = f"{ENVIRONMENT.account}.dkr.ecr.eu-west-1.amazonaws.com/ci/base:1"
    declared = changed("runners/build/registries", ["shared"])
    declared["runners"]["build"]["image"] = image
    assert problems_of(declared, environment=None) == []
    (problem,) = problems_of(declared, ENVIRONMENT)
    assert problem.found == f"{image!r}, an image of the registry 'team'"
    assert problem.fix == "add 'team' to the runner's registries"


def test_a_runner_has_no_cache_of_its_own_in_a_stack_with_a_cache() -> None:
    own = {"cache": {"path": "elsewhere", "max_uploaded_archive_size": 1_000_000}}
    declared = changed("runners/build/config", own)
    assert problems_of(declared) == []
    (problem,) = problems_of(declared | {"cache": {}})
    assert problem.path == "stack.runners.build.config.cache.path"
    assert problem.found == "a cache of the runner, in a stack with a 'cache'"


def test_a_cache_is_in_this_account_even_if_the_account_is_unknown() -> None:
    declared = changed("registries/private", {"pull_through": "quay"})
    declared["registries"]["shared"]["repositories"] = ["private/toolchain"]
    declared["registries"]["regional"] = {"ecr": {"region": "us-east-1"}, "repositories": ["private/image"]}
    found = problems_of(declared, environment=None)
    assert [each.path for each in found] == ['stack.registries.team.repositories["private/image"]']


def test_registries_of_two_regions_are_two_hosts() -> None:
    declared = changed("registries/other", {"ecr": {"region": "eu-west-2"}, "repositories": ["ci/base"]})
    assert problems_of(declared, environment=None) == []
    assert problems_of(declared, ENVIRONMENT) == []


def test_one_key_in_two_environments_is_not_a_duplicate() -> None:
    variables = [
        {"group": 42, "key": "KEY", "value": "a-value", "environment_scope": scope} for scope in ("*", "prod")
    ]
    assert problems_of({"variables": variables}) == []


def test_all_problems_are_reported_together() -> None:
    declared = changed("runners/build/host/concurrent", 0)
    declared["registries"]["legacy"]["host"] = "https://registry.example.com"
    declared["variables"][1]["key"] = "DEPLOY-REGION"
    assert [problem.path for problem in problems_of(declared)] == [
        "stack.registries.legacy.host",
        "stack.runners.build.host.concurrent",
        "stack.variables[1].key",
    ]


def test_an_image_of_a_registry_whose_name_is_misspelt_is_one_problem() -> None:
    problems = problems_of(changed("runners/build/registries", ["taem", "legacy"]))
    assert [each.path for each in problems] == ["stack.runners.build.registries[0]"]


def test_an_unused_registry_and_an_undeclared_one_are_two_problems() -> None:
    problems = problems_of(changed("runners/build/registries", ["hub", "legacy"]))
    assert sorted(each.path for each in problems) == [
        "stack.runners.build.image",
        "stack.runners.build.registries[0]",
    ]


def test_the_text_of_one_problem() -> None:
    with pytest.raises(DeclarationError) as raised:
        parse_stack(changed("runners/build/imgae", "alpine"))
    assert str(raised.value) == (
        "The declaration has a problem; nothing was created.\n"
        "\n"
        "stack.runners.build.imgae\n"
        "  found:   the key 'imgae', which is not known here\n"
        f"  allowed: {RUNNER_KEYS}\n"
        "  fix:     did you mean 'image'?"
    )


def test_a_package_without_its_source_quotes_no_field(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_source(_: object) -> str:
        raise OSError("could not get source code")

    monkeypatch.setattr(inspect, "getsource", no_source)
    field_docstrings.cache_clear()
    with pytest.raises(DeclarationError) as raised:
        parse_stack(changed("runners/build/group", "team"))
    assert raised.value.problems == (Problem("stack.runners.build.group", "'team' (text)", "a whole number"),)


def test_the_text_of_several_problems() -> None:
    declared = changed("runners/build/host", {"concurrent": 0, "disk_gb": 1})
    with pytest.raises(DeclarationError) as raised:
        parse_stack(declared)
    assert str(raised.value) == (
        "The declaration has 2 problems; nothing was created.\n"
        "\n"
        "stack.runners.build.host.concurrent\n"
        "  found:   0\n"
        "  allowed: 1 or more\n"
        "\n"
        "stack.runners.build.host.disk_gb\n"
        "  found:   1\n"
        "  allowed: 20 or more"
    )


def test_paths_of_separate_registries_start_with_the_given_name() -> None:
    with pytest.raises(DeclarationError) as raised:
        parse_stack({"registries": {"team": {"ecr": {}}}}, path="puller")
    assert [problem.path for problem in raised.value.problems] == ["puller.registries.team"]


def test_paths_of_separate_repositories_start_with_the_given_name() -> None:
    with pytest.raises(DeclarationError) as raised:
        repositories({"repositories": {"ci/base": {"keep_images": 0}}}, "images")
    assert [problem.path for problem in raised.value.problems] == [
        'images.repositories["ci/base"].keep_images'
    ]


@pytest.mark.parametrize("environment", [None, ENVIRONMENT], ids=["account unknown", "account known"])
@pytest.mark.parametrize(
    "image",
    [
        "team/ci/base:1",
        "shared/platform/toolchain:1",
        f"{ENVIRONMENT.account}.dkr.ecr.eu-west-1.amazonaws.com/ci/base:1",
        "alpine:3.22",
        "ghcr.io/team/app",
        "vault/tools:1",
        "vault.example/tools:1",
    ],
)
def test_an_image_whose_digest_can_be_looked_up_is_accepted(image: str, environment: Any) -> None:
    assert problems_of(by_digest(image=image), environment) == []


def test_a_declared_digest_needs_no_lookup() -> None:
    vault = {"static": {"secret": SECRET_ARN}}
    assert problems_of(by_digest(vault, image=f"vault/tools@{DIGEST}")) == []


def pinned_problems(image: str, digests: dict[str, str]) -> list[Problem]:
    """The problems of a runner that requires digests, with these looked up."""
    runner = parse_stack(by_digest(image=image, services=[{"name": "redis:7"}])).runners["build"]
    try:
        check_pinned([runner], digests, "stack")
    except DeclarationError as error:
        return list(error.problems)
    return []


def test_a_required_digest_that_cannot_be_looked_up() -> None:
    assert pinned_problems("team/ci/base:1", {"team/ci/base:1": DIGEST}) == [
        Problem(
            "stack.runners.build.services[0].name",
            "'redis:7', whose digest cannot be resolved now: see Pulumi's messages",
            "NAME:TAG@sha256:DIGEST, or an image that exists in its registry",
            "push the image before you set require_digests, or declare its digest",
        )
    ]


def test_a_digest_that_is_not_required_may_be_missing() -> None:
    check_pinned(parse_stack(by_digest(require_digests=False)).runners.values(), {}, "stack")


@pytest.mark.parametrize("image", ["team/ci/base:1", f"team/ci/base:1@{DIGEST}"])
def test_required_digests_that_are_found(image: str) -> None:
    assert pinned_problems(image, {"team/ci/base:1": DIGEST, "redis:7": DIGEST}) == []
