"""The files of a runner host, rendered from a declaration as by its component."""

from collections.abc import Sequence
from typing import Any

from pulumi_gitlab_runner.host.files import files_as_json, host_files
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.spec import parse_stack

from tests.review.previews import FILES, step
from tests.spec.declaration import ENVIRONMENT

TEAM = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
LEGACY = "registry.example.com:5000"
VAULT = "registry.partner.example"
SHARED = "210987654321.dkr.ecr.us-east-1.amazonaws.com"
GOOGLE = "europe-docker.pkg.dev"
AZURE = "example.azurecr.io/team_a"
PUBLIC = "public.ecr.aws"
_DECLARED: dict[str, Any] = {
    "gitlab_url": "https://gitlab.example.com",
    "registries": {
        "team": {"ecr": {}, "repositories": ["private/image"]},
        "legacy": {"host": LEGACY, "static": {"username": "user", "password": "pass-word-1234"}},
        "vault": {
            "host": VAULT,
            "static": {"secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/vault-AbCdEf"},
        },
        "shared": {"ecr": {"account": "210987654321", "region": "us-east-1"}, "repositories": ["tools"]},
        "google": {"host": GOOGLE, "helper": "/usr/bin/docker-credential-gcloud"},
        "azure": {"host": AZURE, "helper": "/usr/bin/docker-credential-acr-env"},
        "public": {"ecr_public": {}},
    },
}
_RUNNER = {"group": 42, "image": "alpine:3", "tags": ["docker"]}


def host_inputs(
    registries: Sequence[str] = ("team",), runners: Sequence[str] = ("build",), **docker: Any
) -> dict[str, Any]:
    """The inputs of the files of a host with these runners; the registries and the `[runners.docker]` are
    those of the first."""
    first, *others = runners
    host = {"instance_type": "t3.large", "concurrent": 1}
    declared: dict[str, Any] = {
        first: {**_RUNNER, "registries": list(registries), "config": {"docker": docker}, "host": host},
        **{each: {**_RUNNER, "host_of": first} for each in others},
    }
    stack = parse_stack({**_DECLARED, "runners": declared}, ENVIRONMENT)
    manager = stack.managers[first]
    registries_of_manager = stack.registries_of(manager)
    inputs = ManagerInputs(manager, registries_of_manager, ENVIRONMENT, "https://gitlab.example.com")
    files = host_files(inputs, HostParameters(f"/gitlab-runner/prod/{first}"))
    return {"key": f"{first}/files.json", "content": files_as_json(files)}


def host_step(old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any]:
    """The step of a host's files."""
    operation = "create" if old is None else "delete" if new is None else "same" if old == new else "update"
    name = str((new or old or {})["key"]).replace("/files.json", "-files")
    return step(operation, FILES, name, old, new, diffReasons=["content"])
