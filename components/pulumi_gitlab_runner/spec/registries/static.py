"""Registries with a fixed user and password."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.repositories import KEY_ARN, Repository, repositories_of

_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]+")
_PARAMETER_ARN = re.compile(r"arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[a-zA-Z0-9/_.-]+")
_FORMS = ({"username", "password"}, {"secret"}, {"parameter"}, {"secret", "key"}, {"parameter", "key"})


@dataclass(frozen=True)
class StaticRegistry:
    """A registry with a fixed user and password.

    The password itself is not kept here: it goes from the declaration straight into Parameter Store.

    Attributes:
        host: with its port, and with a path where the credentials are for what is below it.
        username: None where user and password lie elsewhere.
        secret: the ARN of the Secrets Manager secret that holds both, if one does.
        parameter: the ARN of the parameter of the user's own that holds both, if one does.
        key: the ARN of the key that encrypts that secret or parameter, if it is a customer-managed one.
    """

    name: str
    host: str
    username: str | None = None
    secret: str | None = None
    parameter: str | None = None
    key: str | None = None
    repositories: Mapping[str, Repository] = field(default_factory=dict)

    @property
    def declared(self) -> bool:
        """Whether user and password stand in the declaration, rather than elsewhere."""
        return not (self.secret or self.parameter)

    def host_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """What the credentials are for: the host, with the path below it if there is one."""
        return self.host

    def address_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """What stands before a repository in the name of an image."""
        return self.host


def build_static(name: str, declaration: RegistryDeclaration) -> StaticRegistry:
    """The registry that a declaration without problems describes."""
    static = declaration.get("static", {})
    return StaticRegistry(
        name,
        declaration.get("host", ""),
        static.get("username"),
        static.get("secret"),
        static.get("parameter"),
        static.get("key"),
        repositories_of(declaration),
    )


def static_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with a fixed user and password."""
    static = declaration["static"]
    path = join_path(path, "static")
    given = {key for key, value in static.items() if value}
    if given not in _FORMS:
        yield Problem(
            path,
            listed(sorted(given), "neither"),
            "'username' and 'password', or 'secret', or 'parameter', none of them empty",
            "'key' stands beside 'secret' or 'parameter'" if "key" in given else "",
        )
    for key, form, described in (
        ("secret", _SECRET_ARN, "the ARN of a Secrets Manager secret"),
        ("parameter", _PARAMETER_ARN, "the ARN of a parameter: arn:aws:ssm:REGION:ACCOUNT:parameter/NAME"),
        ("key", KEY_ARN, "the ARN of a KMS key"),
    ):
        value = static.get(key)
        if isinstance(value, str) and value and not form.fullmatch(value):
            yield Problem(join_path(path, key), "text", described)
