"""`./dev render`: the files of a runner host, from a stack's configuration, without an engine."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pulumi_gitlab_runner.host.docker_manager import CURRENT, docker_manager_files
from pulumi_gitlab_runner.host.files import LINK, HostFile, host_files
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.spec import AwsEnvironment, DeclarationError, parse_stack
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.stack_file import PROJECT, StackFile, StackFileError, parse_stack_file

from sandbox.environment import Sandbox
from sandbox.errors import SandboxError
from sandbox.paths import stack_file
from sandbox.services.aws import ACCOUNT

MANIFEST = "manifest.json"
NOT_REGISTERED = "glrt-not-registered"


def render(stack: str, runner: str, directory: Path, sandbox: Sandbox | None) -> None:
    """Write the files of a runner's host to a directory; see `files_of` and `write_tree`."""
    files = files_of(stack, runner, sandbox)
    write_tree(files, directory)
    print(f"The host of the runner {runner} of the stack {stack}, in {directory}:")
    for path, file in sorted(files.items()):
        leads = f" -> {file.content}" if file.mode == LINK else ""
        print(f"  {file.mode} root  /{path}{leads}")
    print("The service gitlab-runner-credentials writes the file that the Docker configuration links to.")
    print("The images have tags here. A preview resolves the tags to digests.")


def write_tree(files: Mapping[str, HostFile], directory: Path) -> None:
    """Write a host's files to a directory, with a manifest of their modes and owners.

    The mode of a symbolic link is `link`.

    Args:
        files: the files, by their path relative to the host's root.
        directory: created if it does not exist; otherwise empty, or with a tree of an earlier call.

    Raises:
        SandboxError: the directory is not empty, and has no manifest.
    """
    if directory.exists() and any(directory.iterdir()) and not (directory / MANIFEST).exists():
        raise SandboxError(
            f"{directory} holds something else: name an empty directory, or one rendered before"
        )
    for path, file in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if file.mode == LINK:
            target.symlink_to(file.content)
            continue
        # Not readable for others at any time: it may contain the runner's token.
        target.touch(mode=0o600)
        target.write_text(file.content, encoding="utf-8")
        target.chmod(int(file.mode, 8))
    manifest = {path: {"mode": file.mode, "owner": "root", "group": "root"} for path, file in files.items()}
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def files_of(stack: str, runner: str, sandbox: Sandbox | None) -> dict[str, HostFile]:
    """Return the files of a runner's host, by their path relative to its root.

    For a Docker host, these are the files of the manager's container, without passwords and an access key.

    Args:
        stack: the stack's name; its configuration is read from `stacks/`.
        runner: the runner's name.
        sandbox: the sandbox of the stack; tokens and ids are those of the runners registered in it, if it is
            running. The tokens of other stacks are the placeholders that their hosts replace.

    Raises:
        SandboxError: the stack or runner is not found, or the declaration has problems.
    """
    file = _read(stack, sandbox)
    environment = _environment(stack, file, sandbox)
    try:
        declared = parse_stack(file.declaration, environment)
    except DeclarationError as error:
        raise SandboxError(str(error)) from None
    if runner not in declared.runners:
        raise SandboxError(
            f"the stack {stack} declares no runner {runner!r}, only: {', '.join(declared.runners) or 'none'}"
        )
    manager = declared.manager_of(runner)
    parameters = HostParameters(f"/{PROJECT}/{stack}/{manager.resource_name}")
    tokens, numbers = (
        ({}, {}) if sandbox is None else _registered(sandbox, environment.region, manager, parameters)
    )
    inputs = ManagerInputs.of(declared, manager, environment, runner_ids=numbers, tokens=tokens)
    if manager.host.docker:
        delivered = docker_manager_files(inputs)
        return {f"{CURRENT.lstrip('/')}/{path}": file for path, file in delivered.items()}
    return host_files(inputs, parameters)


def _read(stack: str, sandbox: Sandbox | None) -> StackFile:
    path = stack_file(stack)
    gitlab_url = sandbox.services["gitlab"].url if sandbox else os.environ.get("GITLAB_BASE_URL")
    try:
        return parse_stack_file(path.read_text(), gitlab_url)
    except StackFileError as error:
        raise SandboxError(f"{path} is not a stack's file: {error}") from None


def _environment(stack: str, file: StackFile, sandbox: Sandbox | None) -> AwsEnvironment:
    region = file.region or os.environ.get("AWS_REGION")
    if not region:
        raise SandboxError(f"the stack {stack} has no aws:region, and AWS_REGION is not set")
    if sandbox is not None:
        return AwsEnvironment(ACCOUNT, region)
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        identity = boto3.client("sts", region_name=region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise SandboxError(
            f"cannot determine the AWS account of the stack {stack}: {error}\n"
            "Set credentials as for the AWS CLI (AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret)."
        ) from None
    return AwsEnvironment(identity["Account"], region, identity["Arn"].split(":")[1])


def _registered(
    sandbox: Sandbox, region: str, manager: Manager, parameters: HostParameters
) -> tuple[dict[str, str], dict[str, int]]:
    """The tokens of a manager's runners, and the ids of those registered in the sandbox."""
    import boto3
    import httpx
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    aws = boto3.client(
        "ssm",
        region_name=region,
        endpoint_url=sandbox.services["aws"].url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106 - the sandbox accepts any
        config=Config(connect_timeout=2, retries={"total_max_attempts": 1}),
    )
    verify = f"{sandbox.services['gitlab'].url}/api/v4/runners/verify"
    tokens, numbers = {}, {}
    for runner in manager.runners:
        stored = {"Name": parameters.token(runner.name), "WithDecryption": True}
        try:
            token = aws.get_parameter(**stored)["Parameter"]["Value"]
            numbers[runner.name] = httpx.post(verify, json={"token": token}).raise_for_status().json()["id"]
            tokens[runner.name] = token
        except (BotoCoreError, ClientError, httpx.HTTPError):
            tokens[runner.name] = f"{NOT_REGISTERED}-{runner.name}"  # tokens of runners are unique
    return tokens, numbers
