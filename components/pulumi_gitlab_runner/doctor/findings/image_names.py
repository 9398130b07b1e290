"""Findings about names of images: invalid ones, and short ones that are another image in a job."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.images.reference import (
    DOCKER_HUB,
    InvalidImageReference,
    names_docker_hub,
    parse,
    without_password,
)


def image_name_findings(image: str) -> Iterator[Finding]:
    """An image name that is not a valid image reference."""
    try:
        parse(image)
    except InvalidImageReference as error:
        yield Finding(
            FindingName.IMAGE_NAME,
            without_password(image) or "image",
            error.found,
            "it cannot be pulled",
            f"write {error.allowed}",
        )


@dataclass(frozen=True)
class Shorthands:
    """The registries that a short name may refer to.

    Attributes:
        addresses: the addresses of a stack's registries, by their names in its declaration.
        hosts: the hosts of the registries that a runner host has credentials for.
        hub_caches: the addresses of a stack's pull-through caches of Docker Hub.
    """

    addresses: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    hub_caches: tuple[str, ...] = ()


def shorthand_findings(image: str, shorthands: Shorthands) -> Iterator[Finding]:
    """A job's image with a short name of the declaration, which is another image in a job."""
    try:
        reference = parse(image)
    except InvalidImageReference:
        return
    yield from official_image_findings(image, shorthands)
    name, _, rest = image.partition("/")
    if reference.registry != DOCKER_HUB or not rest or names_docker_hub(image):
        return
    meant, why = "", ""
    if name in shorthands.addresses:
        meant = f"{shorthands.addresses[name]}/{rest}"
        why = f"{name} is a registry only in the declaration; in a job, it is a namespace of Docker Hub"
    elif reference.repository.count("/") > 1 and shorthands.hosts:
        meant = " or ".join(f"{host}/{rest}" for host in shorthands.hosts)
        why = "repositories of Docker Hub have two parts at most, so there is no such image"
    if meant:
        shown = without_password(str(reference))
        yield Finding(
            FindingName.SHORTHAND, without_password(image), f"in a job it is {shown}", why, f"write {meant}"
        )


def official_image_findings(image: str, shorthands: Shorthands) -> Iterator[Finding]:
    """An official image of Docker Hub without `library/`, in a pull-through cache."""
    for cache in shorthands.hub_caches:
        rest = image.removeprefix(f"{cache}/")
        if rest != image and "/" not in rest:
            yield Finding(
                FindingName.SHORTHAND,
                image,
                "in a pull-through cache, an official image of Docker Hub needs the prefix library/",
                f"ECR finds no repository {rest.partition(':')[0].partition('@')[0]!r} upstream",
                f"write {cache}/library/{rest}",
            )
