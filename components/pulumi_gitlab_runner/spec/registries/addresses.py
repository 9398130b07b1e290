"""The addresses of registries, as far as they are known without AWS, and registries with the same host."""

from collections.abc import Iterator, Mapping

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import is_known, known
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.ecr import EcrRegistry
from pulumi_gitlab_runner.spec.registries.pull_through import PullThroughRegistry
from pulumi_gitlab_runner.spec.registries.registry import Registry


def known_address(registry: Registry, environment: AwsEnvironment | None) -> str | None:
    """The prefix of a registry's repositories in image references; None if not known yet."""
    at = registry.environment_known_from(environment)
    return registry.address_in(at) if at else None


def shared_host_problems(
    registries: Mapping[str, Registry], environment: AwsEnvironment | None, path: str
) -> Iterator[Problem]:
    """The problems of registries with the same host: only one of them could use its credentials.

    This account's ECR registry and its pull-through caches have the same credentials, so they may have the
    same host, but not the same repositories.
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
                f"{described}, which is also the host of the registry {first!r}",
                "one registry for each host",
                f"put the repositories of both under {first!r}",
            )
    for name, registry in registries.items():
        if isinstance(registry, EcrRegistry):
            yield from _cached_name_problems(registry, registries, environment, join_path(path, name))


def _host(registry: Registry, environment: AwsEnvironment | None) -> tuple[object, str]:
    """A comparable identity of a registry's host, and its description in messages."""
    at = registry.environment_known_from(environment)
    if at:
        host = registry.host_in(at)
        return host, host
    if not isinstance(registry, EcrRegistry):
        if isinstance(registry, PullThroughRegistry):
            return (None, None), "this account's ECR"
        return (registry.name,), "its host"  # compared after it is resolved
    if not (is_known(registry.account) and is_known(registry.region)):
        return (registry.name,), "its ECR"  # compared after it is resolved
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
    """The problems of repositories with the prefix of a cache, which ECR would pull from upstream."""
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
                    f"ECR pulls repositories with this prefix from {cache.upstream_host}",
                )
