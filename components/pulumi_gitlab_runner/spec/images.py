"""Images as a declaration names them: `team/ci/base:1` is `ci/base` of the registry called `team`."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from pulumi_gitlab_runner.images.ecr import ECR_HOST, classic_host, is_dual_stack
from pulumi_gitlab_runner.images.reference import InvalidImageReference, parse
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import Problem, did_you_mean, listed
from pulumi_gitlab_runner.spec.registries import EcrImage, PullThroughRegistry, Registry
from pulumi_gitlab_runner.spec.registries.addresses import known_address
from pulumi_gitlab_runner.spec.registries.pull_through import official_image_advice


def expand_registry_name(image: str, registries: Mapping[str, Registry], environment: AwsEnvironment) -> str:
    """The image with its registry's address, where it names a declared registry; else unchanged."""
    name, _, rest = image.partition("/")
    if rest and name in registries:
        return f"{registries[name].address_in(environment)}/{rest}"
    return image


def ecr_image(image: str, registries: Mapping[str, Registry], environment: AwsEnvironment) -> EcrImage | None:
    """What to ask ECR about an image; None where it is of another registry.

    Args:
        image: as declared.
        registries: those that may hold it, by name.
        environment: where the stack lives.
    """
    registry, repository = registry_of(image, registries, environment)
    return registry.ecr_image(repository, parse(image).tag or "latest") if registry else None


def why_not_asked(registry: Registry | None) -> str:
    """Why a registry cannot be asked for digests where Pulumi runs; empty where it can.

    Args:
        registry: a declared one, or None for any other, which is asked without credentials.
    """
    if registry is None or not registry.not_asked:
        return ""
    return f"the registry {registry.name!r} is not asked: {registry.not_asked}"


def digest_problems(
    image: str, path: str, registries: Mapping[str, Registry], environment: AwsEnvironment | None
) -> Iterator[Problem]:
    """The problems of an image of a runner that runs digests only.

    Args:
        image: as declared.
        path: its place in the declaration.
        registries: all that are declared.
        environment: where the stack lives; None while that is not known.
    """
    try:
        reference = parse(image, path)
    except InvalidImageReference:
        return
    reason = why_not_asked(registry_of(image, registries, environment)[0])
    if reason and not reference.digest:
        yield Problem(
            path,
            f"{image!r}, an image without a digest",
            "NAME:TAG@sha256:DIGEST, or an image of a registry that can be asked for it",
            f"the runner has require_digests, and {reason}",
        )


def image_problems(
    image: str,
    path: str,
    registries: Mapping[str, Registry],
    used: Sequence[str],
    environment: AwsEnvironment | None,
) -> Iterator[Problem]:
    """The problems of an image of a runner.

    Args:
        image: as declared.
        path: its place in the declaration.
        registries: all that are declared.
        used: the names of those that the runner uses.
        environment: where the stack lives; None while that is not known.
    """
    try:
        reference = parse(image, path)
    except InvalidImageReference as error:
        yield Problem(path, error.found, error.allowed)
        return
    registry, repository = registry_of(image, registries, environment)
    if registry is None:
        if is_dual_stack(reference.registry):
            classic = image.replace(reference.registry, classic_host(reference.registry), 1)
            yield Problem(
                path,
                f"{image!r}, by the dual-stack name of an ECR registry",
                "the registry's classic name, which credentials are kept for, or its name in the declaration",
                f"write {classic}",
            )
        elif similar := _similar(image, registries):
            yield Problem(
                path,
                f"{image!r}, which is an image of Docker Hub",
                f"an image of the declared registries ({listed(registries)}) or a public one",
                f"did you mean {similar!r}? Docker Hub's is docker.io/{image}",
            )
        elif _private_ecr(reference.registry, registries, environment):
            yield Problem(
                path,
                f"{image!r}, an image of an ECR registry that is not declared",
                f"an image of the declared registries ({listed(registries)}) or a public one",
                "declare the registry under `registries` and name it under the runner's registries",
            )
        return
    if registry.name not in used and registries.keys() >= set(used):
        yield Problem(
            path,
            f"{image!r}, an image of the registry {registry.name!r}",
            f"an image of the registries that this runner uses ({listed(used)}) or a public one",
            f"add {registry.name!r} to the runner's registries",
        )
    if isinstance(registry, PullThroughRegistry):
        right = registry.name_in_the_cache(repository)
        if right != repository:
            whole = f"{right}".join(image.rsplit(repository, 1))
            yield Problem(
                path,
                f"{image!r}, an official image of Docker Hub without library/",
                f"{registry.name}/{right}",
                official_image_advice(whole),
            )
            return
    if not registry.may_hold(repository):
        yield Problem(
            path,
            f"the repository {repository!r} of the registry {registry.name!r}",
            listed(registry.repositories),
            did_you_mean(repository, list(registry.repositories)) or "declare the repository in its registry",
        )


def _similar(image: str, registries: Mapping[str, Registry]) -> str:
    """The image of a declared registry with a similar name, where that one has the repository; else empty."""
    name, _, rest = image.partition("/")
    repository = parse(image).repository.removeprefix(f"{name}/")
    having = [each.name for each in registries.values() if repository in each.repositories]
    return next((f"{each}/{rest}" for each in get_close_matches(name, having)), "")


def registry_of(
    image: str, registries: Mapping[str, Registry], environment: AwsEnvironment | None
) -> tuple[Registry | None, str]:
    """The registry that an image is of, by its name or else by its address, and the repository in it.

    Args:
        image: as declared.
        registries: all that may be meant, by name.
        environment: where the stack lives; None while that is not known.
    """
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


def _private_ecr(host: str, registries: Mapping[str, Registry], environment: AwsEnvironment | None) -> bool:
    """Whether a host is an ECR registry that no declared one can turn out to be."""
    if not ECR_HOST.fullmatch(host):
        return False
    return all(known_address(registry, environment) for registry in registries.values())
