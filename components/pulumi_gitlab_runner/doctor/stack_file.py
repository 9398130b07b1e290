"""The runner of a stack's file, without its secrets."""

import json
import os
import re
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.findings.image_names import Shorthands
from pulumi_gitlab_runner.doctor.host_files import DeclaredFiles
from pulumi_gitlab_runner.doctor.pull_rights import AskEcr, PullRights
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost, declared_runner
from pulumi_gitlab_runner.doctor.runner_tags import RunnerTags, StackRunners
from pulumi_gitlab_runner.host.files import host_files
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.spec import AwsEnvironment, DeclarationError, Stack, parse_stack
from pulumi_gitlab_runner.spec.aws_environment import partition_of
from pulumi_gitlab_runner.spec.inputs import is_known, known
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.problems import refuse
from pulumi_gitlab_runner.spec.regions import region_problems
from pulumi_gitlab_runner.spec.registries.pull_through import DOCKER_HUB, PullThroughRegistry
from pulumi_gitlab_runner.spec.runners import Registration
from pulumi_gitlab_runner.spec.stack import GITLAB_COM
from pulumi_gitlab_runner.spec.stack_file import PROJECT, StackFile, StackFileError, parse_stack_file


@dataclass(frozen=True)
class StackInFile:
    """A stack that a file declares.

    Attributes:
        directory: the directory of the stack files.
        name: the stack's name.
        account: the AWS account of the stack, 12 digits. Default: that of the caller's credentials.
    """

    directory: Path
    name: str
    account: str | None = None


def runner_of_stack(stack: StackInFile, runner: str | None, version: str | None) -> RunnerHost:
    """The runner that a stack's file declares, with the files of its host; images have no digests.

    Args:
        stack: the stack.
        runner: the runner's name. Default: the only runner of the stack.
        version: the runner's version. Default: the declared one.

    Raises:
        UsageError: the stack or the runner does not exist, or the declaration has problems.
    """
    found = _runner(stack, runner)
    manager = found.manager
    inputs = ManagerInputs.of(found.declared, manager, found.environment)
    files = host_files(inputs, HostParameters(f"/{PROJECT}/{stack.name}/{manager.resource_name}"))
    texts = DeclaredFiles({path: file.content for path, file in files.items()})
    name = f"{found.name} of the stack {stack.name}"
    runner_host = declared_runner(texts, name, found.name, version or manager.host.runner_version)
    return found.with_declaration(runner_host)


def live_runner_of_stack(
    stack: StackInFile, runner: str | None, version: str | None, container: str | None
) -> RunnerHost:
    """The same runner, as it runs: on its instance, through Systems Manager, or in its container.

    Arguments as for `runner_of_stack`; the default of the version is the installed one. `container` is the
    name of the manager's container on a Docker host. Default: the one found by its name.

    Raises:
        UsageError: as for `runner_of_stack`; or the host does not allow Systems Manager, or does not answer.
    """
    from pulumi_gitlab_runner.doctor.live.docker_container import (
        DockerCommand,
        container_named,
        container_of,
        container_runner,
    )
    from pulumi_gitlab_runner.doctor.live.runner import asks_ecr, live_runner
    from pulumi_gitlab_runner.doctor.live.systems_manager import instance_of

    found = _runner(stack, runner)
    host = found.manager.host
    if host.docker:
        docker = DockerCommand(_read(stack).docker_host)
        resource = found.manager.resource_name
        there = container_named(container, docker) if container else container_of(resource, docker)
        name = f"{found.name} of the stack {stack.name}, in the container {there.name}"
        return found.with_declaration(container_runner(there, name, found.name, version))
    if not host.session_manager:
        raise UsageError(
            f"the host of {found.name} does not allow Systems Manager: declare `session_manager: true` for it"
        )
    instance = instance_of(f"/{PROJECT}/{stack.name}/{found.manager.resource_name}", found.environment.region)
    name = f"{found.name} of the stack {stack.name}, on {instance.number}"
    runner_there = live_runner(instance.run, name, found.name, version)
    return found.with_declaration(runner_there, asks_ecr(instance.run))


@dataclass(frozen=True)
class _StackRunner:
    """A runner in a stack's file, with its declaration."""

    name: str
    manager: Manager
    declared: Stack
    environment: AwsEnvironment

    def with_declaration(self, host: RunnerHost, ask_ecr: AskEcr | None = None) -> RunnerHost:
        """The runner with what only its declaration says; `ask_ecr` asks ECR with the role of a live host."""
        return replace(
            host,
            architecture=self._architecture,
            stack_runners=_stack_runners(self.declared),
            pull_rights=self._pull_rights(ask_ecr),
        )

    @property
    def _architecture(self) -> str | None:
        """The architecture of the machines of its jobs; None with an AMI or an engine of the user's."""
        host, fleet = self.manager.host, self.manager.fleet
        if host.docker or (fleet or host).ami is not None:
            return None
        return (fleet or host).architecture

    def _pull_rights(self, ask_ecr: AskEcr | None) -> PullRights | None:
        """The rights of the manager's role; None if its policies are not the stack's alone."""
        host = self.manager.host
        if host.docker or host.policies:
            return None
        registries = self.declared.registries_of(self.manager).values()
        access = [registry.pull_access(self.environment) for registry in registries]
        arns = tuple(arn for each in access for arn in (*each.repositories, *each.cached))
        return PullRights(self.environment.account, arns, ask_ecr)


def _runner(stack: StackInFile, runner: str | None) -> _StackRunner:
    declared, environment = _declared(stack)
    names = list(declared.runners)
    if runner is None and len(names) == 1:
        runner = names[0]
    if runner is None or runner not in declared.runners:
        named = f"no runner {runner!r}" if runner else f"{len(names)} runners"
        listed = ", ".join(names)
        raise UsageError(f"the stack {stack.name} declares {named}; select one with --runner: {listed}")
    return _StackRunner(runner, declared.manager_of(runner), declared, environment)


def _stack_runners(declared: Stack) -> StackRunners:
    runners = tuple(_runner_tags(name, each.registration) for name, each in declared.runners.items())
    return StackRunners(runners, known(declared.gitlab_url) == GITLAB_COM)


def _runner_tags(name: str, registration: Registration) -> RunnerTags:
    """The settings of a runner that a stack declares."""
    tags = known(registration.tags) if is_known(registration.tags) else None
    all_known = tags is not None and all(map(is_known, tags))
    return RunnerTags(
        name,
        frozenset(map(known, tags)) if tags is not None and all_known else None,
        bool(registration.run_untagged),
        registration.protected,
        registration.paused,
    )


def runners_of_stack(stack: StackInFile) -> StackRunners:
    """The runners of a stack, with their tags in GitLab; errors as for `shorthands_of_stack`."""
    return _stack_runners(_declared(stack)[0])


def shorthands_of_stack(stack: StackInFile) -> Shorthands:
    """The registries of a stack that a short name may refer to; errors as for `runner_of_stack`."""
    declared, environment = _declared(stack)
    addresses = {name: registry.address_in(environment) for name, registry in declared.registries.items()}
    hub_caches = (
        addresses[name]
        for name, registry in declared.registries.items()
        if isinstance(registry, PullThroughRegistry) and registry.upstream == DOCKER_HUB
    )
    return Shorthands(addresses, hub_caches=tuple(hub_caches))


@cache
def _declared(stack: StackInFile) -> tuple[Stack, AwsEnvironment]:
    """The declaration in a stack's file, with its AWS account and region."""
    file = _read(stack)
    region = file.region or os.environ.get("AWS_REGION")
    if not region:
        raise UsageError(f"the stack {stack.name} has no aws:region, and AWS_REGION is not set: set either")
    try:
        refuse(region_problems(region, "aws:region" if file.region else "AWS_REGION"))
        environment = _environment(region, stack.account)
        return parse_stack(file.declaration, environment), environment
    except DeclarationError as error:
        raise UsageError(str(error)) from None


def _read(stack: StackInFile) -> StackFile:
    stacks = stack.directory
    path = stacks / f"Pulumi.{stack.name}.yaml"
    gitlab_url = os.environ.get("GITLAB_BASE_URL") or os.environ.get("CI_API_V4_URL")
    try:
        return parse_stack_file(path.read_text(encoding="utf-8"), gitlab_url)
    except OSError as error:
        known = sorted(each.name.split(".")[1] for each in stacks.glob("Pulumi.*.yaml"))
        there = f"; {stacks} has: {', '.join(known)}" if known else "; set their directory with --stacks-dir"
        reason = (error.strerror or "unreadable").lower()
        raise UsageError(f"{path} cannot be read: {reason}{there}") from None
    except StackFileError as error:
        raise UsageError(f"{path} is not a stack's configuration file: {error}") from None


def region_of_stack(stack: StackInFile) -> str | None:
    """The region in a stack's file; None if the file does not exist, or has no region."""
    try:
        return _read(stack).region
    except UsageError:
        return None


def _environment(region: str, account: str | None) -> AwsEnvironment:
    """The AWS account and region; by default, the account is looked up with the AWS CLI."""
    partition = partition_of(region)
    if account:
        if not re.fullmatch(r"\d{12}", account):
            raise UsageError(f"--account {account}: write its 12 digits, such as 123456789012")
        return AwsEnvironment(account, region, partition)
    command = ["aws", "sts", "get-caller-identity", "--region", region, "--output", "json"]
    try:
        asked = subprocess.run(command, capture_output=True, check=True, timeout=15)
        return AwsEnvironment(json.loads(asked.stdout)["Account"], region, partition)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        raise UsageError(
            "the AWS account of the stack is not known: set it with --account, or set credentials for the "
            "AWS CLI"
        ) from None
