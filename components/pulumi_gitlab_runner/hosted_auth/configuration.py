"""What the function that renews CI variables is told: `configuration.json`, which holds no secret."""

import hashlib
import json
from collections.abc import Iterable
from importlib.resources import files

from pulumi_gitlab_runner.host.files import HostParameters
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, region_of
from pulumi_gitlab_runner.spec.hosted_auth import HostedAuth
from pulumi_gitlab_runner.spec.registries import (
    EcrPublicRegistry,
    EcrRegistry,
    PullThroughRegistry,
    Registry,
    StaticRegistry,
)
from pulumi_gitlab_runner.spec.registries.ecr_public import ECR_PUBLIC_REGION
from pulumi_gitlab_runner.spec.stored_secret import Stored, StoredSecret
from pulumi_gitlab_runner.spec.variables import Variable

_CODE = files(__package__) / "renewal"


def code() -> dict[str, str]:
    """The function's own code: the text of each file, by its path in the archive."""
    sources = (each for each in _CODE.iterdir() if each.name.endswith(".py"))
    return {f"renewal/{each.name}": each.read_text(encoding="utf-8") for each in sources}


def mark_of(names: HostParameters) -> str:
    """The description of variables of a function's making, by which it knows them; 255 characters at most."""
    return f"Kept fresh by {names.prefix.strip('/')}"[:255]


def configuration(
    auth: HostedAuth,
    registries: Iterable[Registry],
    environment: AwsEnvironment,
    names: HostParameters,
    *,
    gitlab_url: str,
) -> str:
    """The text of `configuration.json`.

    Args:
        auth: what is declared.
        registries: its registries.
        environment: where the stack lives.
        names: of the parameters that hold what the declaration itself has: passwords, and the token.
        gitlab_url: GitLab's address.
    """
    told = {
        "mark": mark_of(names),
        "gitlab_url": gitlab_url,
        "gitlab_token": _token(auth, environment, names),
        "registries": {each.host_in(environment): _source(each, environment, names) for each in registries},
        "variables": [variable_told(each) for each in auth.variables],
    }
    return json.dumps(told, indent=2, sort_keys=True) + "\n"


def variable_told(variable: Variable) -> dict[str, str | bool]:
    """One variable, as the function is told of it."""
    return {
        "scope": str(variable.scope),
        "key": variable.key,
        "environment_scope": variable.environment_scope,
        "protected": variable.protected,
    }


def _source(registry: Registry, environment: AwsEnvironment, names: HostParameters) -> dict[str, str]:
    """Where the credentials of a registry come from."""
    match registry:
        case EcrRegistry():
            return {"kind": "ecr", "region": registry.region or environment.region}
        case PullThroughRegistry():
            return {"kind": "ecr", "region": environment.region}
        case EcrPublicRegistry():
            return {"kind": "ecr-public", "region": ECR_PUBLIC_REGION}
        case StaticRegistry():
            own = StoredSecret(parameter=names.registry(registry.name)) if registry.declared else registry
            return _place(own, environment)
    raise AssertionError(f"{registry.name} has no credentials that a function could read")


def _token(auth: HostedAuth, environment: AwsEnvironment, names: HostParameters) -> dict[str, str]:
    """Where the token that writes the variables lies."""
    return _place(auth.token or StoredSecret(parameter=names.token("gitlab")), environment)


def _place(stored: Stored, environment: AwsEnvironment) -> dict[str, str]:
    """A secret or a parameter: one of the user's own by its ARN, else by its name."""
    kind, place = ("secret", stored.secret) if stored.secret else ("parameter", str(stored.parameter))
    region = region_of(place) if place.startswith("arn:") else environment.region
    return {"kind": kind, "region": region, "id": place}


def fingerprint(told: str, secrets: Iterable[object]) -> str:
    """Changes with everything by which a variable's value is made, but not with other variables.

    Args:
        told: the text of `configuration.json`.
        secrets: the versions of the parameters that the function reads.
    """
    made_by = {key: value for key, value in json.loads(told).items() if key != "variables"}
    text = json.dumps([made_by, code(), list(secrets)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
