"""What a stack has made, for people to read."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

WIDTH = 160
"""Columns for a line, at least: an address stays in one piece; a narrower terminal wraps it by itself."""


def show(outputs: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the registries, built and mirrored images, runners and CI variables among a stack's outputs.

    Args:
        outputs: as `pulumi stack output --json` gives them: `registries` by name (`host`, `repositories` by
            name), `builds` (the image of each, by name), `mirrors` by name (the images of each, by name),
            `docker_policies` by runner, `required_policies` by registry, `runners` by name (`id`, `tags`,
            `scope`, `host`), `variables` as a list (`scope`, `key`, `masked`, `protected`). What is not
            there is left out.
        console: where to; by default standard output.
    """
    console = console or Console()
    console.width = max(console.width, WIDTH)

    registries = _table("Registry", "Repository", "Address")
    for name, registry in outputs.get("registries", {}).items():
        repositories = registry.get("repositories", {})
        if not repositories:
            registries.add_row(name, "", registry["host"])
        for repository, url in repositories.items():
            registries.add_row(name, repository, url)

    builds = _table("Build", "Image")
    for name, image in outputs.get("builds", {}).items():
        builds.add_row(name, image)

    mirrored = _table("Mirrored image", "As")
    for images in outputs.get("mirrors", {}).values():
        for name, image in images.items():
            mirrored.add_row(name, image)

    runners = _table("Runner", "In GitLab", "Tags", "Host")
    for name, runner in outputs.get("runners", {}).items():
        tags = ", ".join(runner.get("tags", []))
        runners.add_row(name, f"#{_number(runner['id'])}, {runner['scope']}", tags, runner.get("host", ""))

    variables = _table("CI variable", "Of", "In job logs", "Given to")
    for variable in outputs.get("variables", []):
        variables.add_row(
            variable["key"],
            variable["scope"],
            "masked" if variable["masked"] else "shown",
            "protected branches and tags" if variable["protected"] else "every job",
        )

    for table in (registries, builds, mirrored, runners, variables):
        if table.row_count:
            console.print()
            console.print(table)
    for name, policy in outputs.get("docker_policies", {}).items():
        console.print(f"\nThe AWS credentials of the manager {name}, on its Docker host, need this policy:")
        console.print(policy, markup=False, highlight=False)
    for name, policy in outputs.get("required_policies", {}).items():
        registry, _, whole = name.partition("/")
        where = (
            "set it as the registry's permissions policy" if whole else "put it on each of its repositories"
        )
        console.print(f"\nThe owner of the registry {registry} must take this policy, and {where}:")
        console.print(policy, markup=False, highlight=False)


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _number(value: object) -> str:
    """Return an identifier without the fraction that numbers have on their way through Pulumi."""
    return str(int(value)) if isinstance(value, float) else str(value)
