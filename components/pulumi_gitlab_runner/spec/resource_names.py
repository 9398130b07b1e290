"""The names that resource names are derived from: no two resources of a stack have the same name."""

from collections.abc import Iterator, Mapping

from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.runners import RunnerDeclaration

HOSTED_AUTH = "hosted-auth"
"""The part before the names of the functions of `hosted_auth` in Parameter Store and CloudWatch."""


def renaming_problems(runners: Mapping[str, RunnerDeclaration], path: str) -> Iterator[Problem]:
    """The problems of `renamed_from`: the resources of two runners cannot have the same name."""
    owners = {name: name for name, each in runners.items() if "renamed_from" not in each}
    for name, each in runners.items():
        if "renamed_from" not in each:
            continue
        at, first = join_path(path, name, "renamed_from"), each["renamed_from"]
        owner = owners.setdefault(first, name)
        if first == name:
            yield Problem(at, f"{first!r}, its current name", "the first name of the runner", "leave it out")
        elif owner != name:
            yield Problem(
                at,
                f"{first!r}, which resources of {join_path(path, owner)} already use",
                "a name that no other runner has as its name or first name",
                f"rename {owner!r}",
            )


def runner_name_problems(runners: Mapping[str, RunnerDeclaration], path: str) -> Iterator[Problem]:
    """The problems of runners with the name of a resource of another runner's host."""
    hosts = {name: each["host"] for name, each in runners.items() if "host" in each}
    appended = (
        ("boot", [name for name, host in hosts.items() if "docker" not in host]),
        ("files", [name for name, host in hosts.items() if "docker" in host]),
        ("boot", [name for name, each in runners.items() if "fleet" in each]),
    )
    for ending, names in appended:
        first_names = {runners[name].get("renamed_from", name): name for name in names}
        yield from ending_problems(first_names, ending, path)


def parameter_name_problems(
    runners: Mapping[str, RunnerDeclaration], prefix: str, path: str
) -> Iterator[Problem]:
    """The problems of a host whose role could read the parameters of the functions of `hosted_auth`.

    Args:
        runners: the runners of a stack with `hosted_auth`.
        prefix: the prefix of the hosts' names in Parameter Store.
        path: the path of the runners.
    """
    for name, each in runners.items():
        in_ec2 = "fleet" in each or ("host" in each and "docker" not in each["host"])
        if in_ec2 and f"{prefix}{each.get('renamed_from', name)}" == HOSTED_AUTH:
            yield Problem(
                join_path(path, name),
                f"{HOSTED_AUTH!r}, below whose name the parameters of 'hosted_auth' are: the role of this "
                "host could read them",
                "another name, or another 'path_prefix'",
            )


def ending_problems(names: Mapping[str, str], ending: str, path: str) -> Iterator[Problem]:
    """The problems of names that equal another name with a suffix that the library appends.

    Args:
        names: the declared names, by the names of their resources.
        ending: the suffix of some resource names, without its `-`.
        path: the path of the names in the declaration.
    """
    for first, name in names.items():
        other = names.get(first.removesuffix(f"-{ending}"), name)
        if other != name:
            yield Problem(
                join_path(path, name),
                f"{first!r}, which is also the name of a resource of {join_path(path, other)}",
                f"another name than that of {other!r} with '-{ending}'",
            )
