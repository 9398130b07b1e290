"""Registry credentials for hosted and instance runners: CI variables that a Lambda function renews."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.finding import Finding, warning
from pulumi_gitlab_runner.spec.gitlab_scope import GitLabScope, id_problems
from pulumi_gitlab_runner.spec.inputs import (
    Deferred,
    IdInput,
    Input,
    SecretInput,
    Value,
    check_key,
    model_of,
    number,
    strict,
)
from pulumi_gitlab_runner.spec.observation import (
    AlarmsDeclaration,
    Logs,
    LogsDeclaration,
    alarms_problems,
    logs_problems,
    parse_logs,
)
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed
from pulumi_gitlab_runner.spec.registries import Registry, undeclared_registry
from pulumi_gitlab_runner.spec.roles import ROLE_SHOWN, RoleDeclaration, role_problems
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret, stored_problems
from pulumi_gitlab_runner.spec.variables import (
    DOCKER_AUTH_CONFIG,
    Variable,
    environment_scope_problems,
    key_problems,
)

_LONGEST_HOURS = 10
"""The longest interval of renewals, in hours. An ECR password is valid for 12 hours
(docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html), and a job needs it for its pulls after it
has started."""


@strict
class GitLabTokenDeclaration(TypedDict):
    """A GitLab access token with the scope `api`: the token itself, or its secret or parameter in AWS.

    It needs the Maintainer role in each project, and the Owner role in each group.
    """

    value: NotRequired[SecretInput[str]]
    """The token: a secret. It is stored in Parameter Store, and the function reads it at each run."""
    secret: NotRequired[Input[str]]
    """The ARN of the Secrets Manager secret that stores it, as plain text."""
    parameter: NotRequired[Input[str]]
    """The ARN of the Parameter Store parameter that stores it."""
    key: NotRequired[Input[str]]
    """The ARN of the KMS key that encrypts `secret` or `parameter`, if it is not an AWS managed key."""


@strict
class HostedAuthDeclaration(RoleDeclaration):
    """A CI variable of projects and groups with registry credentials that a Lambda function renews.

    Every job of these projects can read it: use it only for runners whose hosts you do not manage, such as
    hosted runners.
    """

    registries: list[str]
    """The registries, by name. At least one of ECR; registries with a fixed password can be added, since one
    variable contains the credentials of all registries."""
    projects: NotRequired[list[IdInput]]
    """The project IDs."""
    groups: NotRequired[list[IdInput]]
    """The group IDs: every project in these groups and their subgroups gets the variable."""
    gitlab_token: GitLabTokenDeclaration
    """The token that updates the variable."""
    key: NotRequired[str]
    """The key of the variable. Default `DOCKER_AUTH_CONFIG`, which the runner and Docker read."""
    protected: NotRequired[bool]
    """Whether only jobs of protected branches and tags get it. Default false."""
    environment_scope: NotRequired[str]
    """The environments whose jobs get it, `*` as a wildcard; for a group it needs GitLab Premium. Default
    `*`."""
    every: NotRequired[int]
    """The interval of renewals in hours, 1 to 10: an ECR password is valid for 12 hours. Default 6."""
    alarms: NotRequired[AlarmsDeclaration]
    """The SNS topic to notify when a renewal fails, and when none has succeeded for `every` + 1 hours.
    Default: none."""
    logs: NotRequired[LogsDeclaration]
    """The log of the function in CloudWatch Logs. Default: kept for 30 days."""


@dataclass(frozen=True)
class HostedAuth:
    """A renewed CI variable of projects and groups, with the defaults filled in.

    `token` is the secret or parameter with the GitLab token; None if the declaration contains the token,
    `own_token`.
    """

    shown = ("key", "registries", "protected", "environment_scope", "every", *ROLE_SHOWN)

    name: str
    registries: tuple[str, ...]
    scopes: tuple[GitLabScope, ...]
    key: str
    every: int
    logs: Logs
    protected: bool = False
    environment_scope: str = "*"
    alarm_topic: Value[str] | None = None
    permissions_boundary: Value[str] | None = None
    role_path: Value[str] = "/"
    token: StoredSecret | None = None
    own_token: Deferred[str] | None = field(default=None, compare=False)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The CI variable of each project and group."""
        return tuple(
            Variable(
                scope=scope,
                key=self.key,
                docker_auth=self.registries,
                masked=True,
                protected=self.protected,
                raw=True,
                environment_scope=self.environment_scope,
            )
            for scope in self.scopes
        )


def parse_hosted_auth(name: str, declaration: HostedAuthDeclaration) -> HostedAuth:
    """The variable that a valid declaration describes."""
    token, alarms = declaration["gitlab_token"], declaration.get("alarms")
    return model_of(
        HostedAuth,
        {"key": DOCKER_AUTH_CONFIG, "every": 6, **declaration},
        name=name,
        scopes=_scopes(declaration),
        logs=parse_logs(declaration.get("logs", {})),
        alarm_topic=alarms["topic"] if alarms else None,
        token=None if "value" in token else model_of(StoredSecret, token),
        own_token=token.get("value"),
    )


def hosted_auth_problems(
    declaration: HostedAuthDeclaration, path: str, registries: Mapping[str, Registry]
) -> Iterator[Problem]:
    """The problems of a renewed CI variable, given the declared registries."""
    yield from _registry_problems(declaration["registries"], join_path(path, "registries"), registries)
    scopes = _scopes(declaration)
    if not scopes:
        yield Problem(path, "neither projects nor groups", "at least one, by its ID in GitLab")
    for scope in scopes:
        at = join_path(path, f"{scope.kind}s")
        if scope.number is not None:
            yield from id_problems(scope.number, at, scope.kind)
        if scopes.count(scope) > 1:
            yield Problem(at, f"{scope} more than once", f"each {scope.kind} once")
    yield from stored_problems(declaration["gitlab_token"], join_path(path, "gitlab_token"), ("value",))
    yield from key_problems(declaration.get("key", DOCKER_AUTH_CONFIG), path)
    if "environment_scope" in declaration:
        yield from environment_scope_problems(declaration["environment_scope"], path)
    every = declaration.get("every", 1)
    if not 1 <= every <= _LONGEST_HOURS:
        yield Problem(
            join_path(path, "every"),
            f"{every} hours",
            f"1 to {_LONGEST_HOURS} hours",
            "an ECR password is valid for 12 hours, and jobs need it for their pulls after they have started",
        )
    yield from check_key(declaration, "alarms", path, alarms_problems)
    yield from check_key(declaration, "logs", path, logs_problems)
    yield from role_problems(declaration, path)


def hosted_auth_warnings(auth: HostedAuth, path: str) -> Iterator[Finding]:
    """Warnings about valid settings that are probably not intended."""
    if auth.protected:
        yield warning(
            join_path(path, "protected"),
            "jobs of other branches and tags, including merge requests, pull without these credentials",
            "remove the key, or protect every branch whose jobs pull",
        )


def _scopes(declaration: HostedAuthDeclaration) -> tuple[GitLabScope, ...]:
    projects = (GitLabScope("project", number(each)) for each in declaration.get("projects", ()))
    groups = (GitLabScope("group", number(each)) for each in declaration.get("groups", ()))
    return (*projects, *groups)


def _registry_problems(names: list[str], path: str, registries: Mapping[str, Registry]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        at = join_path(path, index)
        registry = registries.get(name)
        if registry is None:
            yield undeclared_registry(name, at, registries)
        elif registry.no_login and not (registry.by_role or registry.login or registry.in_aws):
            yield Problem(
                at,
                f"{name!r}, {registry.description}",
                "a registry of ECR, or one with a fixed password",
                registry.no_login,
            )
    used = [registries[name] for name in names if name in registries]
    if not any(each.by_role for each in used):
        fixed = all(each.login or each.in_aws for each in used)
        fix = "declare a fixed password under `variables`, with docker_auth: it needs no renewal"
        found = listed(names, "no registry")
        yield Problem(path, found, "at least one registry of ECR", fix if names and fixed else "")


def keeps_secrets(auth: HostedAuth, registries: Mapping[str, Registry]) -> bool:
    """Whether the declaration contains the token, or the password of a registry that it names."""
    used = (registries[name] for name in auth.registries)
    return auth.token is None or any(each.login for each in used)
