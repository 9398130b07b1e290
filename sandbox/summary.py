"""The summary of a stack's outputs on the terminal."""

import json
from collections.abc import Mapping
from typing import Any

from pulumi_gitlab_runner.terminal import Folded, TerminalTable
from rich.console import Console


def show(outputs: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the registries, built and mirrored images, runners and CI variables among a stack's outputs.

    Args:
        outputs: the JSON of `pulumi stack output --json`: `registries` by name (`host`, `repositories` by
            name), `builds` (the image of each, by name), `mirrors` by name (the images of each, by name),
            `docker_policies` by runner, `required_policies` by registry, `runners` by name (`id`, `tags`,
            `scope`, `host`), `variables` as a list (`scope`, `key`, `masked`, `protected`). All are optional.
        console: the console; by default standard output.
    """
    console = console or Console(highlight=False)
    for table in _tables(outputs):
        if table.rows:
            console.print()
            console.print(table)
    for name, policy in outputs.get("docker_policies", {}).items():
        _print_policy(
            console,
            f"The AWS credentials of the manager {name} on its Docker host need this policy:",
            policy,
        )
    for name, policy in outputs.get("required_policies", {}).items():
        registry, _, whole = name.partition("/")
        where = (
            "set this permissions policy on the registry"
            if whole
            else "add this policy to each of its repositories"
        )
        _print_policy(console, f"The owner of the registry {registry} must {where}:", policy)


def _tables(outputs: Mapping[str, Any]) -> tuple[TerminalTable, ...]:
    registries = TerminalTable("Registry", "Repository", "Address")
    for name, registry in outputs.get("registries", {}).items():
        repositories = registry.get("repositories", {})
        if not repositories:
            registries.add(name, "", registry["host"])
        for repository, url in repositories.items():
            registries.add(name, repository, url)

    builds = TerminalTable("Build", "Image")
    for name, image in outputs.get("builds", {}).items():
        builds.add(name, image)

    mirrored = TerminalTable("Mirrored image", "Address")
    for images in outputs.get("mirrors", {}).values():
        for name, image in images.items():
            mirrored.add(name, image)

    runners = TerminalTable("Runner", "In GitLab", "Tags", "Host")
    for name, runner in outputs.get("runners", {}).items():
        tags = ", ".join(runner.get("tags", []))
        runners.add(name, f"#{_number(runner['id'])}, {runner['scope']}", tags, runner.get("host", ""))

    variables = TerminalTable("CI variable", "Scope", "Job logs", "Available to")
    for variable in outputs.get("variables", []):
        variables.add(
            variable["key"],
            variable["scope"],
            "masked" if variable["masked"] else "visible",
            "protected branches and tags" if variable["protected"] else "all jobs",
        )
    return registries, builds, mirrored, runners, variables


def _print_policy(console: Console, title: str, policy: str) -> None:
    """Print a policy without folded lines, so that it can be copied."""
    console.print()
    console.print(Folded(title))
    text = _json(json.loads(policy), console.width)
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _json(value: Any, width: int, indent: int = 0, taken: int = 0) -> str:
    """Return indented JSON in which values that fit on one line are not split.

    Args:
        value: the value.
        width: the width of a line, in characters.
        indent: the indentation of `value`.
        taken: the characters before `value` on its first line.
    """
    short = json.dumps(value)
    if not isinstance(value, dict | list) or indent + taken + len(short) < width:
        return short
    inner = indent + 2
    if isinstance(value, dict):
        keys = {key: f"{json.dumps(key)}: " for key in value}
        parts = [f"{start}{_json(value[key], width, inner, len(start))}" for key, start in keys.items()]
        opened, closed = "{", "}"
    else:
        parts = [_json(each, width, inner) for each in value]
        opened, closed = "[", "]"
    lines = ",\n".join(f"{' ' * inner}{part}" for part in parts)
    return f"{opened}\n{lines}\n{' ' * indent}{closed}"


def _number(value: object) -> str:
    """Return an id as a string: Pulumi converts numbers to floats."""
    return str(int(value)) if isinstance(value, float) else str(value)
