"""Findings about names that are short for a registry of the stack in its declaration, and nowhere else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.images.reference import DOCKER_HUB, InvalidImageReference, parse, without_password


@dataclass(frozen=True)
class Shorthands:
    """What may be meant by a name without a registry's host.

    Attributes:
        addresses: the addresses of a stack's registries, by the name that its declaration has for them.
        hosts: the hosts of the registries that a runner host has credentials for.
    """

    addresses: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()


def shorthand_findings(image: str, shorthands: Shorthands) -> Iterator[Finding]:
    """A job's image that begins with the name of a registry of the stack: in a job that is Docker Hub."""
    try:
        reference = parse(image)
    except InvalidImageReference:
        return
    name, _, rest = image.partition("/")
    if reference.registry != DOCKER_HUB or not rest or name in (DOCKER_HUB, "index.docker.io"):
        return
    meant, why = "", ""
    if name in shorthands.addresses:
        meant = f"{shorthands.addresses[name]}/{rest}"
        why = f"{name} is a registry in the stack's declaration, and in a job it is a name of Docker Hub"
    elif reference.repository.count("/") > 1 and shorthands.hosts:
        meant = " or ".join(f"{host}/{rest}" for host in shorthands.hosts)
        why = "names of Docker Hub have two parts at most, so there is no such image"
    if meant:
        shown = without_password(str(reference))
        yield Finding(
            FindingName.SHORTHAND, without_password(image), f"in a job it is {shown}", why, f"write {meant}"
        )
