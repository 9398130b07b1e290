"""The files of a runner host, rendered from a declaration as its component does it."""

from copy import deepcopy
from typing import Any

from pulumi_gitlab_runner.host.files import HostParameters, files_as_json, host_files
from pulumi_gitlab_runner.spec import build_stack

from tests.review.previews import FILES, step
from tests.spec.declaration import ENVIRONMENT

TEAM = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
LEGACY = "registry.example.com:5000"
VAULT = "registry.partner.example"
_DECLARED: dict[str, Any] = {
    "gitlab_url": "https://gitlab.example.com",
    "registries": {
        "team": {"ecr": {}, "repositories": ["private/image"]},
        "legacy": {"host": LEGACY, "static": {"username": "user", "password": "pass-word-1234"}},
        "vault": {
            "host": VAULT,
            "static": {"secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/vault-AbCdEf"},
        },
    },
    "runners": {
        "build": {
            "group": 42,
            "image": "alpine:3",
            "tags": ["docker"],
            "registries": ["team"],
            "host": {"instance_type": "t3.large", "concurrent": 1},
        }
    },
}


def host_inputs(registries: list[str] | None = None, **docker: Any) -> dict[str, Any]:
    """The inputs of the files of the host `build`, with these registries and this `[runners.docker]`."""
    declared = deepcopy(_DECLARED)
    declared["runners"]["build"] |= {"registries": registries or ["team"], "config": {"docker": docker}}
    stack = build_stack(declared, ENVIRONMENT)
    manager = stack.managers["build"]
    files = host_files(
        manager,
        stack.registries_of(manager),
        ENVIRONMENT,
        HostParameters("/gitlab-runner/prod/build"),
        gitlab_url="https://gitlab.example.com",
    )
    return {"key": "build/files.json", "content": files_as_json(files)}


def host_step(old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any]:
    """The step of the host's files."""
    operation = "create" if old is None else "delete" if new is None else "same" if old == new else "update"
    return step(operation, FILES, "build-files", old, new, diffReasons=["content"])
