"""What the names of resources follow from: no two of a stack have the same."""

from collections.abc import Iterator, Mapping

from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.runners import RunnerDeclaration


def renaming_problems(runners: Mapping[str, RunnerDeclaration], path: str) -> Iterator[Problem]:
    """The problems of the first names of runners: the resources of two cannot have the same.

    Args:
        runners: all that are declared.
        path: their place in the declaration.
    """
    owners = {name: name for name, each in runners.items() if "renamed_from" not in each}
    for name, each in runners.items():
        if "renamed_from" not in each:
            continue
        at, first = join_path(path, name, "renamed_from"), each["renamed_from"]
        owner = owners.setdefault(first, name)
        if first == name:
            yield Problem(at, f"{first!r}, its name now", "the name that it had at first", "leave it out")
        elif owner != name:
            yield Problem(
                at,
                f"{first!r}, as the resources of {join_path(path, owner)} are named",
                "a name that no other runner has, or had at first",
                f"give {owner!r} a name of its own",
            )


def runner_name_problems(runners: Mapping[str, RunnerDeclaration], path: str) -> Iterator[Problem]:
    """The problems of runners whose name is that of a resource of another runner's host.

    Args:
        runners: all that are declared.
        path: their place in the declaration.
    """
    hosts = {name: each["host"] for name, each in runners.items() if "host" in each}
    alike = (
        ("boot", [name for name, host in hosts.items() if "docker" not in host]),
        ("files", [name for name, host in hosts.items() if "docker" in host]),
        ("boot", [name for name, each in runners.items() if "fleet" in each]),
    )
    for ending, names in alike:
        first_names = {runners[name].get("renamed_from", name): name for name in names}
        yield from ending_problems(first_names, ending, path)


def ending_problems(names: Mapping[str, str], ending: str, path: str) -> Iterator[Problem]:
    """The problems of names that are another name with an ending which the library appends.

    Args:
        names: the name that the resources of each have, with the one that is declared.
        ending: what some resources of each have at the end of their name, after a `-`.
        path: the place of what is declared.
    """
    for first, name in names.items():
        other = names.get(first.removesuffix(f"-{ending}"), name)
        if other != name:
            yield Problem(
                join_path(path, name),
                f"{first!r}, as a resource of {join_path(path, other)} is named",
                f"another name than that of {other!r} with '-{ending}'",
            )
