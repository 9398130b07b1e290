"""The files of the host of the sandbox's runner."""

from functools import cache
from typing import Any

from pulumi_gitlab_runner.host.files import HostFile, host_files
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack

from tests.spec.declaration import ENVIRONMENT, STACKS, stack_file

PARAMETERS = HostParameters("/gitlab-runner/sandbox/build")


@cache
def sandbox_files(
    environment: AwsEnvironment = ENVIRONMENT, *, token: str | None = None, maximum_timeout: int | None = None
) -> dict[str, HostFile]:
    """The files of the host of the sandbox's runner `build`; with a token, they have it and a runner ID."""
    (sandbox,) = (path for path in STACKS if path.name == "Pulumi.sandbox.yaml")
    declared = stack_file(sandbox)
    if maximum_timeout:
        declared["runners"]["build"]["maximum_timeout"] = maximum_timeout
    tokens, runner_ids = ({"build": token}, {"build": 11}) if token else (None, None)
    return files_of_build(declared, environment, runner_ids=runner_ids, tokens=tokens)


def files_of_build(
    declared: dict[str, Any],
    environment: AwsEnvironment = ENVIRONMENT,
    *,
    runner_ids: dict[str, int] | None,
    tokens: dict[str, str] | None = None,
) -> dict[str, HostFile]:
    """The files of the host of the runner `build` of a declaration."""
    stack = parse_stack(declared, environment)
    manager = stack.managers["build"]
    inputs = ManagerInputs(
        manager,
        stack.registries_of(manager),
        environment,
        "https://gitlab.example.com",
        runner_ids=runner_ids,
        tokens=tokens or {},
    )
    return host_files(inputs, PARAMETERS)
