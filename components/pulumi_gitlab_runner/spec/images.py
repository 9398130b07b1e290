"""The images of a declaration: `team/ci/base:1` is the repository `ci/base` of the registry `team`."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from pulumi_gitlab_runner.images.ecr import ECR_HOST, PUBLIC_HOST, classic_host, is_dual_stack
from pulumi_gitlab_runner.images.reference import DOCKER_HUB, ImageReference, InvalidImageReference, parse
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import Problem, listed
from pulumi_gitlab_runner.spec.regions import host_region_problems
from pulumi_gitlab_runner.spec.registries import (
    EcrImage,
    PullThroughRegistry,
    Registry,
    undeclared_repository,
)
from pulumi_gitlab_runner.spec.registries.addresses import known_address
from pulumi_gitlab_runner.spec.registries.pull_through import official_image_advice


def expand_registry_name(image: str, registries: Mapping[str, Registry], environment: AwsEnvironment) -> str:
    """The image with the address of its registry if it names a declared registry; else unchanged."""
    name, _, rest = image.partition("/")
    if rest and name in registries:
        return f"{registries[name].address_in(environment)}/{rest}"
    return image


def ecr_image(image: str, registries: Mapping[str, Registry], environment: AwsEnvironment) -> EcrImage | None:
    """The repository and tag of an image in ECR; None for an image of another registry."""
    registry, repository = registry_of(image, registries, environment)
    return registry.ecr_image(repository, parse(image).tag or "latest") if registry else None


def why_not_asked(registry: Registry | None) -> str:
    """The reason for which Pulumi cannot look up digests in a registry; empty if it can.

    Args:
        registry: a declared registry; None for any other, in which digests are looked up without credentials.
    """
    if registry is None or not registry.not_asked:
        return ""
    return f"digests of the registry {registry.name!r} are not looked up: {registry.not_asked}"


def digest_problems(
    image: str, path: str, registries: Mapping[str, Registry], environment: AwsEnvironment | None
) -> Iterator[Problem]:
    """The problems of an image of a runner with `require_digests`."""
    try:
        reference = parse(image, path)
    except InvalidImageReference:
        return
    reason = why_not_asked(registry_of(image, registries, environment)[0])
    if reason and not reference.digest:
        yield Problem(
            path,
            f"{image!r}, an image without a digest",
            "NAME:TAG@sha256:DIGEST, or an image of a registry in which Pulumi can look it up",
            f"the runner has require_digests, and {reason}",
        )


def image_problems(
    image: str,
    path: str,
    registries: Mapping[str, Registry],
    used: Sequence[str],
    environment: AwsEnvironment | None,
) -> Iterator[Problem]:
    """The problems of an image of a runner."""
    try:
        reference = parse(image, path)
    except InvalidImageReference as error:
        yield Problem(path, error.found, error.allowed)
        return
    registry, repository = registry_of(image, registries, environment)
    if registry is None:
        yield from _undeclared_problems(image, path, reference.registry, registries, environment)
        return
    if image.partition("/")[0] not in registries and _public(reference):
        return
    if registry.name not in used and not _misspelt(registry.name, used, registries):
        yield Problem(
            path,
            f"{image!r}, an image of the registry {registry.name!r}",
            f"an image of the registries that this runner uses ({listed(used)}) or a public one",
            f"add {registry.name!r} to the runner's registries",
        )
    if isinstance(registry, PullThroughRegistry):
        right = registry.name_in_the_cache(repository)
        if right != repository:
            found = f"{image!r}, an official image of Docker Hub without library/"
            fix = official_image_advice(right.join(image.rsplit(repository, 1)))
            yield Problem(path, found, f"{registry.name}/{right}", fix)
            return
    if not registry.may_hold(repository):
        yield undeclared_repository(repository, path, registry)


def _undeclared_problems(
    image: str,
    path: str,
    host: str,
    registries: Mapping[str, Registry],
    environment: AwsEnvironment | None,
) -> Iterator[Problem]:
    """The problems of an image on a host without a declared registry."""
    allowed = f"an image of the declared registries ({listed(registries)}) or a public one"
    if found := list(host_region_problems(host, path)):
        yield from found
    elif is_dual_stack(host):
        yield Problem(
            path,
            f"{image!r}, with the dual-stack host of an ECR registry",
            "the registry's IPv4 host, which the credentials are for, or its name in the declaration",
            f"write {image.replace(host, classic_host(host), 1)}",
        )
    elif similar := _similar(image, registries):
        fix = f"did you mean {similar!r}? Docker Hub's is docker.io/{image}"
        yield Problem(path, f"{image!r}, which is an image of Docker Hub", allowed, fix)
    elif _private_ecr(host, registries, environment):
        fix = "declare the registry under `registries` and name it under the runner's registries"
        yield Problem(path, f"{image!r}, an image of an ECR registry that is not declared", allowed, fix)


def _misspelt(name: str, used: Sequence[str], registries: Mapping[str, Registry]) -> bool:
    """Whether an undeclared registry that a runner names is likely to be this one: a problem of its own."""
    return any(each not in registries and name in get_close_matches(each, registries) for each in used)


def _similar(image: str, registries: Mapping[str, Registry]) -> str:
    """The image of a declared registry with a similar name, where that one has the repository; else empty."""
    name, _, rest = image.partition("/")
    repository = parse(image).repository.removeprefix(f"{name}/")
    having = [each.name for each in registries.values() if repository in each.repositories]
    return next((f"{each}/{rest}" for each in get_close_matches(name, having)), "")


def registry_of(
    image: str, registries: Mapping[str, Registry], environment: AwsEnvironment | None
) -> tuple[Registry | None, str]:
    """The registry of an image, found by its name or else by its address, and the repository in it."""
    reference = parse(image)
    name, _, rest = image.partition("/")
    if rest and name in registries:
        return registries[name], reference.repository.removeprefix(f"{name}/")
    name = f"{reference.registry.lower()}/{reference.repository}"
    found: tuple[Registry | None, str] = None, reference.repository
    longest = 0
    for registry in registries.values():
        address = known_address(registry, environment)
        if address and name.startswith(f"{address}/") and len(address) > longest:
            found, longest = (registry, name.removeprefix(f"{address}/")), len(address)
    return found


def _public(image: ImageReference) -> bool:
    """Whether everyone may pull an image: an official image of Docker Hub, or an image of ECR Public."""
    return image.registry == PUBLIC_HOST or (
        image.registry == DOCKER_HUB and image.repository.startswith("library/")
    )


def _private_ecr(host: str, registries: Mapping[str, Registry], environment: AwsEnvironment | None) -> bool:
    """Whether a host is an ECR registry that is certainly not declared: every declared address is known."""
    if not ECR_HOST.fullmatch(host):
        return False
    return all(known_address(registry, environment) for registry in registries.values())
