"""The configuration of the function that renews CI variables, `configuration.json`, without secrets."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from importlib.resources import files
from urllib.parse import urlsplit

from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.certificate_authorities import Authorities, trust
from pulumi_gitlab_runner.spec.hosted_auth import HostedAuth
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.regions import region_of
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret
from pulumi_gitlab_runner.spec.variables import Variable

_CODE = files(__package__) / "renewal"


def code() -> dict[str, str]:
    """The code of the function: the text of each file, by its path in the archive."""
    sources = (each for each in _CODE.iterdir() if each.name.endswith(".py"))
    return {f"renewal/{each.name}": each.read_text(encoding="utf-8") for each in sources}


def mark_of(names: HostParameters) -> str:
    """The description that marks a variable as created by this function; at most 255 characters."""
    return f"Kept fresh by {names.prefix.strip('/')}"[:255]


def configuration(
    auth: HostedAuth,
    registries: Iterable[Registry],
    environment: AwsEnvironment,
    names: HostParameters,
    *,
    gitlab_url: str,
    authorities: Authorities = (),
) -> str:
    """The text of `configuration.json`.

    Args:
        auth: the declaration.
        registries: the registries of the declaration.
        environment: the AWS account and region of the stack.
        names: the names of the parameters with the passwords and the token of the declaration.
        gitlab_url: the URL of GitLab.
        authorities: the certificate authorities; those for GitLab are trusted.
    """
    trusted = trust(authorities, urlsplit(gitlab_url).netloc)
    settings = {
        "mark": mark_of(names),
        **({"gitlab_authorities": trusted} if trusted else {}),
        "gitlab_url": gitlab_url,
        "gitlab_token": _token(auth, environment, names),
        "registries": {each.host_in(environment): _source(each, environment, names) for each in registries},
        "variables": [variable_settings(each) for each in auth.variables],
    }
    return json.dumps(settings, indent=2, sort_keys=True) + "\n"


def variable_settings(variable: Variable) -> dict[str, str | bool]:
    """A variable in the format of the function's configuration."""
    return {
        "scope": str(variable.scope),
        "key": variable.key,
        "environment_scope": variable.environment_scope,
        "protected": variable.protected,
    }


def _source(registry: Registry, environment: AwsEnvironment, names: HostParameters) -> dict[str, str]:
    """The source of a registry's credentials."""
    source = registry.renewal(environment, names.registry(registry.name))
    assert source, f"{registry.name} has no credentials that a function could read"  # noqa: S101 - checked in spec
    return {key: value for key, value in asdict(source).items() if value is not None}


def _token(auth: HostedAuth, environment: AwsEnvironment, names: HostParameters) -> dict[str, str]:
    """The place of the token that writes the variables: a secret or a parameter."""
    stored = auth.token or StoredSecret()
    for kind, arn in (("secret", stored.secret), ("parameter", stored.parameter)):
        if arn is not None:
            return {"kind": kind, "region": region_of(known(arn)), "id": known(arn)}
    return {"kind": "parameter", "region": environment.region, "id": names.token("gitlab")}


def fingerprint(text: str, secrets: Iterable[object]) -> str:
    """A fingerprint of everything that determines the value of a variable, except the other variables.

    Args:
        text: the content of `configuration.json`.
        secrets: the versions of the parameters that the function reads.
    """
    settings = {key: value for key, value in json.loads(text).items() if key != "variables"}
    sources = json.dumps([settings, code(), list(secrets)], sort_keys=True)
    return hashlib.sha256(sources.encode()).hexdigest()
