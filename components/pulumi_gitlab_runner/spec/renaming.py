"""Renamed runners, which keep their resources."""

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
