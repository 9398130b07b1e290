"""The hosts of registries, as far as they are known without asking AWS, and what shares one."""

from collections.abc import Iterator, Mapping

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, partition_of
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.ecr import EcrRegistry
from pulumi_gitlab_runner.spec.registries.kinds import Registry
from pulumi_gitlab_runner.spec.registries.pull_through import PullThroughRegistry

_NOWHERE = AwsEnvironment("", "")


def known_environment(registry: Registry, environment: AwsEnvironment | None) -> AwsEnvironment | None:
    """The environment in which the registry's host is known; None while it depends on the stack's account."""
    if environment is not None:
        return environment
    if isinstance(registry, PullThroughRegistry):
        return None
    if not isinstance(registry, EcrRegistry):
        return _NOWHERE
    if registry.account is None or registry.region is None:
        return None
    partition = partition_of(registry.region)
    return AwsEnvironment(registry.account, registry.region, partition)


def known_address(registry: Registry, environment: AwsEnvironment | None) -> str | None:
    """What stands before a repository in the name of an image, as far as it is known."""
    known = known_environment(registry, environment)
    return registry.address_in(known) if known else None


def shared_host_problems(
    registries: Mapping[str, Registry], environment: AwsEnvironment | None, path: str
) -> Iterator[Problem]:
    """Two registries for one host: the credentials of only one could be used.

    This account's ECR registry and what is pulled through it have the same credentials, so they may share
    their host; but not a repository.
    """
    seen: dict[object, str] = {}
    for name, registry in registries.items():
        identity, described = _host(registry, environment)
        first = seen.setdefault(identity, name)
        if first == name:
            continue
        if not _share_credentials(registry, registries[first]):
            yield Problem(
                join_path(path, name),
                f"{described}, which is the host of the registry {first!r} too",
                "one registry for each host",
                f"put the repositories of both under {first!r}",
            )
    for name, registry in registries.items():
        if isinstance(registry, EcrRegistry):
            yield from _cached_name_problems(registry, registries, environment, join_path(path, name))


def _host(registry: Registry, environment: AwsEnvironment | None) -> tuple[object, str]:
    """What a registry's host is the same by, and how to call it."""
    known = known_environment(registry, environment)
    if known:
        host = registry.host_in(known)
        return host, host
    account, region = (
        (registry.account, registry.region) if isinstance(registry, EcrRegistry) else (None, None)
    )
    return (account, region), "this account's ECR" if account is None else f"the ECR of account {account}"


def _share_credentials(one: Registry, other: Registry) -> bool:
    either = (EcrRegistry, PullThroughRegistry)
    return (
        isinstance(one, either)
        and isinstance(other, either)
        and (isinstance(one, PullThroughRegistry) or isinstance(other, PullThroughRegistry))
    )


def _cached_name_problems(
    registry: EcrRegistry, registries: Mapping[str, Registry], environment: AwsEnvironment | None, path: str
) -> Iterator[Problem]:
    """Repositories that lie below the prefix of a cache: ECR would look for their images upstream."""
    caches = [
        each
        for each in registries.values()
        if isinstance(each, PullThroughRegistry)
        and _host(each, environment)[0] == _host(registry, environment)[0]
    ]
    for repository in registry.repositories:
        for cache in caches:
            if repository.startswith(f"{cache.prefix}/"):
                yield Problem(
                    join_path(path, "repositories", repository),
                    f"{repository!r}, below the prefix of the registry {cache.name!r}",
                    f"a name that does not start with {cache.prefix}/",
                    f"ECR pulls through {cache.upstream_host} what is below it",
                )
