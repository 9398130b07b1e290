"""The host of the sandbox's runner, as its tests see it."""

from functools import cache

from pulumi_gitlab_runner.host.files import HostFile, HostParameters, host_files
from pulumi_gitlab_runner.spec import AwsEnvironment, build_stack

from tests.spec.declaration import ENVIRONMENT, STACKS, stack_file

PARAMETERS = HostParameters("/gitlab-runner/sandbox/build")


@cache
def sandbox_files(
    environment: AwsEnvironment = ENVIRONMENT, *, token: str | None = None, maximum_timeout: int | None = None
) -> dict[str, HostFile]:
    """The files of the host of the sandbox's runner `build`."""
    (sandbox,) = (path for path in STACKS if path.name == "Pulumi.sandbox.yaml")
    declared = stack_file(sandbox)
    if maximum_timeout:
        declared["runners"]["build"]["maximum_timeout"] = maximum_timeout
    stack = build_stack(declared, environment)
    manager = stack.managers["build"]
    return host_files(
        manager,
        stack.registries_of(manager),
        environment,
        PARAMETERS,
        gitlab_url="https://gitlab.example.com",
        runner_ids={"build": 11},
        tokens={"build": token} if token else None,
    )
