"""The hosts of registries, as far as they are known without asking AWS, and registries that share one."""

from collections.abc import Iterator, Mapping

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import is_known, known
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.ecr import EcrRegistry
from pulumi_gitlab_runner.spec.registries.pull_through import PullThroughRegistry
from pulumi_gitlab_runner.spec.registries.registry import Registry


def known_address(registry: Registry, environment: AwsEnvironment | None) -> str | None:
    """The prefix of a registry's repositories in the name of an image, as far as it is known."""
    at = registry.environment_known_from(environment)
    return registry.address_in(at) if at else None


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
    """The key by which a registry's host is compared, and its name in messages."""
    at = registry.environment_known_from(environment)
    if at:
        host = registry.host_in(at)
        return host, host
    if not isinstance(registry, EcrRegistry):
        if isinstance(registry, PullThroughRegistry):
            return (None, None), "this account's ECR"
        return (registry.name,), "its host"  # compared when it is known
    if not (is_known(registry.account) and is_known(registry.region)):
        return (registry.name,), "its ECR"  # likewise
    described = (
        "this account's ECR" if registry.account is None else f"the ECR of account {known(registry.account)}"
    )
    return (registry.account, registry.region), described


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
