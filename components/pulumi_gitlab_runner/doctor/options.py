"""The options of `runner-doctor`. Modules that are slow to import are imported where they are used."""

import argparse
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from pulumi_gitlab_runner import __version__
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.printable import printable

_EXAMPLES = """examples:
  runner-doctor image registry.example.com:5000/app:1   one image, on a runner host
  runner-doctor job .gitlab-ci.yml --stack dev          all images of a pipeline
  runner-doctor pin --check .gitlab-ci.yml              fail if an image is not pinned
  runner-doctor host --root DIR                         rendered or copied files of a host
  runner-doctor --explain cannot-be-pinned              the meaning of a finding
  eval "$(runner-doctor --completion bash)"             shell completion in bash (also zsh)
  runner-doctor --completion fish | source              shell completion in fish

Run `runner-doctor COMMAND --help` for the options of a command.

Exit status: 0 no findings, 1 findings, 2 a usage error."""

_ONE_OF_SEVERAL = "the name of the runner, if there are several"

_Command = Callable[..., argparse.ArgumentParser]
"""Adds a command with its name, help and examples."""


class _Parser(argparse.ArgumentParser):
    """A parser whose messages contain no terminal control characters from its arguments."""

    def error(self, message: str) -> NoReturn:
        """Print the problem of the arguments, and exit."""
        super().error(printable(message))


class _Answer(argparse.Action):
    """An option that works without a command."""

    def __call__(
        self, parser: argparse.ArgumentParser, _namespace: object, values: Any, _option: object = None
    ) -> None:
        """Print the answer, and exit."""
        try:
            print(self.const(values))
        except UsageError as error:
            parser.error(str(error))
        parser.exit()


def _explanation(name: str) -> str:
    from pulumi_gitlab_runner.doctor.explanations import EXPLANATIONS
    from pulumi_gitlab_runner.doctor.finding import FindingName
    from pulumi_gitlab_runner.spec.problems import did_you_mean

    try:
        explained = EXPLANATIONS[FindingName(name)]
    except ValueError:
        names = sorted(each.value for each in FindingName)
        hint = did_you_mean(name, names) or f"only: {', '.join(names)}"
        raise UsageError(f"unknown finding {name!r}, {hint}") from None
    paragraphs = (name, explained.what, f"To fix it: {explained.fix}", f"See {explained.page}")
    return "\n\n".join(
        textwrap.fill(each, 80, break_long_words=False, break_on_hyphens=False) for each in paragraphs
    )


def _completion(shell: str) -> str:
    if shell not in ("bash", "zsh", "fish"):
        raise UsageError(f"--completion accepts bash, zsh or fish, not {shell!r}")
    from argcomplete.shell_integration import shellcode

    script: str = shellcode(["runner-doctor"], shell=shell)
    return script


def argument_parser() -> argparse.ArgumentParser:
    """The parser of the command line, also used for the reference in the documentation."""
    parser = _Parser(
        prog="runner-doctor",
        description="Explain which credentials GitLab Runner pulls an image with, and fix failed pulls.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option, metavar, answer, help_text in (
        ("--version", None, lambda _: f"runner-doctor {__version__}", "show the version and exit"),
        ("--explain", "FINDING", _explanation, "explain a finding, with its fix and documentation"),
        ("--completion", "SHELL", _completion, "print the completion script for bash, zsh or fish"),
    ):
        number = None if metavar else 0
        parser.add_argument(
            option, action=_Answer, nargs=number, metavar=metavar, const=answer, help=help_text
        )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_image, _add_job, _add_pin, _add_host, _add_online, _add_leftovers):
        add(partial(_command, commands))
    return parser


def _command(
    commands: "argparse._SubParsersAction[_Parser]", name: str, help_text: str, *examples: str
) -> argparse.ArgumentParser:
    added = commands.add_parser(
        name,
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}.",
        epilog="examples:\n" + "\n".join(f"  {example}" for example in examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    added.set_defaults(name=name)
    return added


def _add_image(command: _Command) -> None:
    image = command(
        "image",
        "explain how the runner pulls an image",
        "runner-doctor image registry.example.com:5000/app:1",
        "runner-doctor image nginx --hosted --docker-auth-config @auth.json",
    )
    image.add_argument("image", metavar="IMAGE", help="the image, as written in .gitlab-ci.yml")
    _add_runner_options(image)
    _add_variable_options(image)
    _add_offline(image)
    _add_format(image)


def _add_job(command: _Command) -> None:
    job = command(
        "job",
        "explain how the runner pulls the images and services of a pipeline",
        "runner-doctor job .gitlab-ci.yml",
        "runner-doctor job .gitlab-ci.yml test --stack prod --runner build",
        "runner-doctor job .gitlab-ci.yml --gitlab https://gitlab.example.com",
        "runner-doctor job .gitlab-ci.yml --format code-quality >gl-code-quality-report.json",
    )
    job.add_argument("file", type=Path, metavar="FILE", help="the pipeline, .gitlab-ci.yml")
    job.add_argument("job", nargs="?", metavar="JOB", help="examine only this job")
    _add_runner_options(job, f"{_ONE_OF_SEVERAL} (default for a stack: the one that runs the jobs)")
    _add_variable_options(job)
    _add_pipeline_options(job)
    _add_offline(job)
    _add_format(job, "sarif", "code-quality")


def _add_pin(command: _Command) -> None:
    pin = command(
        "pin",
        "pin the images of a pipeline to their digests",
        "runner-doctor pin .gitlab-ci.yml",
        "runner-doctor pin --check .gitlab-ci.yml --format sarif >pins.sarif",
        "runner-doctor pin .gitlab-ci.yml --variable CI_REGISTRY_IMAGE=registry.example.com/team",
    )
    pin.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="the pipeline, .gitlab-ci.yml; pin also changes its local includes",
    )
    pin.add_argument(
        "--check",
        action="store_true",
        help="change nothing; report images that are not pinned, or whose tags have moved",
    )
    pin.add_argument(
        "--variable",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="the value of a variable in an image name; can be repeated",
    )
    _add_pipeline_options(pin)
    _add_format(pin, "sarif", "code-quality")


def _add_host(command: _Command) -> None:
    host = command(
        "host",
        "examine a runner host",
        "runner-doctor host",
        "runner-doctor host --root DIR",
        "runner-doctor host --stack prod --runner build --live",
    )
    files = "the directory with the files of a host (default: /, this host)"
    host.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help=files)
    _add_runner_name(host)
    _add_stack_options(host, host)
    _add_format(host)
    host.set_defaults(hosted=False)


def _add_online(command: _Command) -> None:
    online = command(
        "online",
        "check that the runners of a stack are online in GitLab",
        "pulumi stack output runners --json | runner-doctor online --wait 600",
    )
    output = "the output of `pulumi stack output runners --json` (default: -, the standard input)"
    online.add_argument("runners", type=Path, nargs="?", default=Path("-"), metavar="FILE", help=output)
    online.add_argument(
        "--wait",
        type=float,
        default=0,
        metavar="SECONDS",
        help="how long to wait for the runners (default: 0)",
    )
    _add_format(online)


def _add_leftovers(command: _Command) -> None:
    left = command(
        "leftovers",
        "list resources that a stack created and that are not in its state; read-only",
        "runner-doctor leftovers --stack prod",
        "pulumi stack export --stack prod | runner-doctor leftovers --stack prod --state -",
        "runner-doctor leftovers --stack prod --no-state --region eu-west-1",
    )
    left.add_argument("--stack", required=True, help="the name of the stack, as in pulumi --stack")
    left.add_argument("--project", help="the Pulumi project (default: the project in ./Pulumi.yaml)")
    where = left.add_mutually_exclusive_group()
    where.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="the output of `pulumi stack export`, or - (default: run the command)",
    )
    where.add_argument(
        "--no-state", action="store_true", help="the state is lost: list all resources that the stack created"
    )
    regions = "an AWS region; can be repeated (default: those of the state, the stack file, AWS_REGION)"
    left.add_argument("--region", action="append", default=[], help=regions)
    left.add_argument(
        "--only", choices=("aws", "gitlab"), help="search only in AWS or in GitLab (default: both)"
    )
    _add_stacks_directory(left, argparse.SUPPRESS)
    _add_format(left)


def _add_format(parser: argparse.ArgumentParser, *others: str) -> None:
    parser.add_argument(
        "--format",
        choices=("text", "json", *others),
        default="text",
        help="the output format (default: text)",
    )
    parser.add_argument(
        "--json", action="store_const", dest="format", const="json", help="short for --format json"
    )


def _add_offline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offline", action="store_true", help="do not send requests to registries")


def _add_pipeline_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("pipeline")
    group.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the value of a pipeline input; can be repeated",
    )
    merge = "the GitLab that merges the pipeline and its includes; requires an access token in GITLAB_TOKEN"
    group.add_argument("--gitlab", metavar="URL", help=merge)
    project = "the path or ID of the project in GitLab (default: from the Git remote origin)"
    group.add_argument("--project", metavar="PROJECT", help=project)


def _add_runner_options(parser: argparse.ArgumentParser, of_several: str = _ONE_OF_SEVERAL) -> None:
    group = parser.add_argument_group("runner (default: the runner of this host)")
    which = group.add_mutually_exclusive_group()
    _add_stack_options(group, which)
    which.add_argument("--root", type=Path, metavar="DIR", help="a directory with the files of a host")
    which.add_argument(
        "--hosted",
        action="store_true",
        help="a hosted runner, or a runner with a host that you cannot access",
    )
    _add_runner_name(group, of_several)


def _add_runner_name(group: argparse._ActionsContainer, which: str = _ONE_OF_SEVERAL) -> None:
    group.add_argument("--runner", metavar="NAME", help=which)
    version = "the version of the runner, such as 18.11.0 (default: the version of the host)"
    group.add_argument("--runner-version", metavar="VERSION", help=version)


def _add_stack_options(group: argparse._ActionsContainer, which: argparse._ActionsContainer) -> None:
    which.add_argument("--stack", help="the stack that declares the runner")
    live = "with --stack: examine the running host, by Systems Manager or its Docker Engine"
    group.add_argument("--live", action="store_true", help=live)
    container = "with --live on a Docker host: the container of the manager, if several stacks have one"
    group.add_argument("--container", metavar="NAME", help=container)
    _add_stacks_directory(group, "the directory of the stack files (default: stacks)")
    group.add_argument(
        "--account", help="the AWS account of the stack (default: the account of your credentials)"
    )


def _add_stacks_directory(group: argparse._ActionsContainer, help_text: str) -> None:
    group.add_argument("--stacks-dir", type=Path, default=Path("stacks"), metavar="DIR", help=help_text)


def _add_variable_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("CI variables of the job")
    group.add_argument(
        "--docker-auth-config",
        metavar="TEXT|@FILE",
        help="the value of DOCKER_AUTH_CONFIG in the job, project or group",
    )
    other = "another variable; can be repeated. GitLab's own credentials: CI_REGISTRY, CI_JOB_TOKEN"
    group.add_argument("--variable", action="append", default=[], metavar="KEY=VALUE", help=other)
    group.add_argument(
        "--variables", type=Path, metavar="FILE", help="the variables in JSON, as listed by GitLab's API"
    )
    group.add_argument("--protected", action="store_true", help="the branch or tag of the job is protected")
