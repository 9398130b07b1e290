"""The reference of the commands, generated from their options, and of the environment variables."""

import argparse
import re
from collections.abc import Iterator

from pulumi_gitlab_runner.doctor import options as doctor
from pulumi_gitlab_runner.images.pinned import OFFLINE
from pulumi_gitlab_runner.review import command_line as review
from pulumi_gitlab_runner.review import deploy_command, drift_command
from pulumi_gitlab_runner.review.options import TOKEN_VARIABLE

COMMANDS = (
    doctor.argument_parser,
    review.argument_parser,
    deploy_command.argument_parser,
    drift_command.argument_parser,
)

_ABOUT = """\
The Python package installs these commands. `runner-doctor` explains image pulls: see
[Troubleshooting](../troubleshooting.md). `runner-review`, `runner-deploy` and `runner-drift` are for
pipelines, and `templates/stack.yml` runs them: see [Merge requests and pipelines](../merge-requests.md).
"""
_VARIABLES = (
    (
        OFFLINE,
        "`pulumi preview`, `pulumi up`",
        "Any value: images in registries other than ECR are not resolved to digests, and keep their tags.",
    ),
    ("GITLAB_TOKEN", "the GitLab provider, `runner-doctor`", "An access token for GitLab's API."),
    (
        "GITLAB_BASE_URL",
        "the GitLab provider, `runner-doctor online` and `leftovers`",
        "GitLab's API, `https://gitlab.example.com/api/v4/`. Default: the CI job's GitLab, or GitLab.com.",
    ),
    (
        TOKEN_VARIABLE,
        "`runner-review`, `runner-deploy`, `runner-drift`",
        "An access token to write notes and issues and to read plans. Default of `--token-variable`.",
    ),
    ("DOCKER_AUTH_CONFIG", "`runner-doctor`", "The variable for `docker pull` on this machine."),
    (
        "DOCKER_CONFIG",
        "`runner-doctor`",
        "The directory of the Docker configuration for `docker pull`. Default: `~/.docker`.",
    ),
    (
        "HTTPS_PROXY, HTTP_PROXY, NO_PROXY",
        "all",
        "The proxy for requests to registries and GitLab. The names can be in lower case.",
    ),
)


def page() -> str:
    """The page in Markdown."""
    parts = ["# Commands\n", _ABOUT]
    for make in COMMANDS:
        parts += _sections(make(), 2)
    parts.append("## Environment variables\n\n| Variable | Read by | Meaning |\n| --- | --- | --- |")
    parts += [f"| `{name.replace(', ', '`, `')}` | {by} | {meaning} |" for name, by, meaning in _VARIABLES]
    return "\n".join(parts) + "\n"


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The subcommands of a command, by their names."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _sections(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    anchor = parser.prog.replace(" ", "-")
    yield f"{'#' * level} {parser.prog} {{#{anchor}}}\n\n{_text(parser.description or '')}\n"
    commands = subcommands(parser)
    rows = list(_rows(parser))
    if rows:
        yield "| Option | Meaning |\n| --- | --- |"
        yield from rows
        yield ""
    examples, status = _epilog(parser.epilog or "")
    if examples:
        yield f"```sh\n{examples}\n```\n"
    if status:
        yield f"{_text(status)}\n"
    for each in commands.values():
        yield from _sections(each, level + 1)


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.help in (None, argparse.SUPPRESS) or isinstance(
            action, argparse._HelpAction | argparse._SubParsersAction
        ):
            continue
        name = ", ".join(action.option_strings) or str(action.metavar)
        if action.option_strings and action.nargs != 0:
            choices = "|".join(map(str, action.choices)) if action.choices else ""
            name += f" {action.metavar or choices or action.dest.upper()}"
        mark = "\\*" if action.required and (action.option_strings or action.nargs is None) else ""
        text = str(action.help) % {"prog": parser.prog, "default": action.default}
        yield f"| `{name}`{mark} | {_text(text)} |"


def _epilog(text: str) -> tuple[str, str]:
    """The examples in the epilog of a help text, and its description of the exit status."""
    lines = re.findall(r"^  (.+)$", text, re.MULTILINE)
    examples = "\n".join(re.sub(r"(\S {2,})(?=\S)", r"\1# ", line) for line in lines)
    status = re.search(r"Exit status: .+", text, re.DOTALL)
    return examples, status[0] if status else ""


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
