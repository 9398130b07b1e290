"""Mirrors: images of other registries that are copied into a declared registry."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.images.reference import TAG, InvalidImageReference, parse
from pulumi_gitlab_runner.spec.gitlab_scope import GitLabScope, ScopeDeclaration, parse_scope, scope_problems
from pulumi_gitlab_runner.spec.images import registry_of, why_not_asked
from pulumi_gitlab_runner.spec.inputs import Deferred, check_key, model_of, strict
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path
from pulumi_gitlab_runner.spec.regions import host_region_problems
from pulumi_gitlab_runner.spec.registries import Registry, undeclared_registry, undeclared_repository
from pulumi_gitlab_runner.spec.variables import Variable

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?")
_VARIABLE = re.compile(r"[a-zA-Z0-9_]*")


@strict
class MirroredImageDeclaration(TypedDict):
    """One mirrored image: its source and its target."""

    image: str
    """The source image, such as `postgres:17`, `postgres:17@sha256:…`, or `legacy/app:1` of a declared
    registry. With a digest, exactly that image is copied. Without a digest, the image that the tag names at
    the first copy is kept: when the tag moves, a preview warns, and the new image is copied after its digest
    is declared."""
    repository: NotRequired[str]
    """The target repository in the registry. Default: `mirror/` and the name of the image in `images`."""
    tag: NotRequired[str]
    """The target tag. Default: the source's tag, or `latest`."""
    platforms: NotRequired[list[str]]
    """The platforms that the image must have, such as `linux/arm64`. All its platforms are copied. Default:
    any."""


@strict
class MirrorVariablesDeclaration(ScopeDeclaration):
    """CI variables with the names of the mirrored images, for jobs."""

    prefix: NotRequired[str]
    """The prefix of each variable's key; the image's name follows in upper case. Default `IMAGE_`:
    `IMAGE_POSTGRES`."""


@strict
class MirrorDeclaration(TypedDict):
    """Images that are copied into a declared registry, with all their platforms."""

    registry: str
    """The name of the target registry: an ECR registry with repositories that the stack creates, or a
    registry with a fixed user and password that may push."""
    images: dict[str, MirroredImageDeclaration]
    """The images, by name. The short form is the image itself: `{postgres: "postgres:17"}`."""
    delete: NotRequired[bool]
    """Whether an image is deleted when it is no longer declared, and by `destroy`. Default false."""
    variables: NotRequired[MirrorVariablesDeclaration]
    """CI variables with the images by their digests, `IMAGE_POSTGRES=HOST/REPOSITORY:TAG@sha256:…`. Default:
    none."""


@dataclass(frozen=True)
class MirroredImage:
    """One image, with the defaults filled in.

    Attributes:
        name: its name in `images`.
        source: the source image as declared, without its digest.
        digest: the declared digest.
        repository: the target repository.
        tag: the target tag.
        platforms: the platforms that it must have.
    """

    shown = ("source", "digest", "repository", "tag", "platforms")

    name: str
    source: str
    digest: str | None
    repository: str
    tag: str
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True)
class MirrorVariables:
    """The settings of a mirror's CI variables, with the defaults filled in."""

    scope: GitLabScope
    prefix: str = "IMAGE_"

    def key(self, image: str) -> str:
        """The key of the CI variable of an image."""
        return self.prefix + image.upper().replace("-", "_")


@dataclass(frozen=True)
class Mirror:
    """A mirror: images for one registry, with the defaults filled in."""

    shown = ("registry", "images", "delete")

    name: str
    registry: str
    images: tuple[MirroredImage, ...]
    delete: bool = False
    variables: MirrorVariables | None = None

    def image_name(self, image: MirroredImage) -> str:
        """The mirrored image as a runner declares it: `REGISTRY/REPOSITORY:TAG`."""
        return f"{self.registry}/{image.repository}:{image.tag}"


def parse_mirror(name: str, declaration: MirrorDeclaration) -> Mirror:
    """The mirror that a valid declaration describes."""
    images = tuple(_parse_image(key, each) for key, each in declaration["images"].items())
    return model_of(Mirror, declaration, {"variables": _parse_variables}, name=name, images=images)


def _parse_variables(declaration: MirrorVariablesDeclaration) -> MirrorVariables:
    return model_of(MirrorVariables, declaration, scope=parse_scope(declaration))


def _parse_image(name: str, declaration: MirroredImageDeclaration) -> MirroredImage:
    reference = parse(declaration["image"])
    return model_of(
        MirroredImage,
        {"repository": f"mirror/{name}", "tag": reference.tag or "latest", **declaration},
        name=name,
        source=declaration["image"].partition("@")[0],
        digest=reference.digest,
    )


def mirror_variables(mirror: Mirror, references: Mapping[str, object]) -> tuple[Variable, ...]:
    """The CI variables of a mirror, not masked, since job logs contain the names of images.

    Args:
        mirror: the mirror.
        references: the mirrored images, Outputs, by their names in `images`.
    """
    if mirror.variables is None:
        return ()
    return tuple(
        Variable(
            scope=mirror.variables.scope,
            key=mirror.variables.key(image),
            masked=False,
            value=Deferred(f"mirrors.{mirror.name}.images.{image}", reference),
        )
        for image, reference in references.items()
    )


def mirror_problems(
    declaration: MirrorDeclaration, path: str, registries: Mapping[str, Registry]
) -> Iterator[Problem]:
    """The problems of a mirror, given the declared registries."""
    name, at = declaration["registry"], join_path(path, "registry")
    registry = registries.get(name)
    if registry is None:
        yield undeclared_registry(name, at, registries)
    elif not registry.created and not registry.login:
        yield Problem(
            at,
            f"{name!r}, a registry that this stack cannot push to",
            "an ECR registry that the stack creates, or one with 'username' and 'password'",
        )
    if not declaration["images"]:
        yield Problem(join_path(path, "images"), "no images", "at least one")
    taken: dict[tuple[str, str], str] = {}
    for key, image in declaration["images"].items():
        at = join_path(path, "images", key)
        yield from _image_problems(key, image, at, registry, registries)
        try:
            built = _parse_image(key, image)
        except InvalidImageReference:
            continue
        first = taken.setdefault((built.repository, built.tag), key)
        if first != key:
            yield Problem(
                at,
                f"{built.repository}:{built.tag}, which is also the target of {first!r}",
                "another repository or tag",
            )
    if "variables" in declaration:
        variables, at = declaration["variables"], join_path(path, "variables")
        yield from scope_problems(variables, at)
        yield from check_key(variables, "prefix", at, form_problems, _VARIABLE, "letters, digits and '_'")


def _image_problems(
    name: str,
    declaration: MirroredImageDeclaration,
    path: str,
    target: Registry | None,
    registries: Mapping[str, Registry],
) -> Iterator[Problem]:
    allowed = "a name of a-z, 0-9, '-' and '_', that starts with a letter"
    yield from form_problems(name, path, _NAME, allowed)
    try:
        built = _parse_image(name, declaration)
    except InvalidImageReference as error:
        yield Problem(join_path(path, "image"), error.found, error.allowed)
        return
    yield from host_region_problems(parse(declaration["image"]).registry, join_path(path, "image"))
    reason = why_not_asked(registry_of(declaration["image"], registries, None)[0])
    if reason:
        yield Problem(
            join_path(path, "image"),
            f"{declaration['image']!r}, which Pulumi cannot read",
            "an image of a registry that Pulumi can read, or a public one",
            reason,
        )
    allowed = "1 to 128 letters, digits and '_.-', not starting with . or -"
    yield from form_problems(built.tag, join_path(path, "tag"), TAG, allowed)
    repository = built.repository
    if target is not None and target.repositories and repository not in target.repositories:
        at = join_path(path, "repository") if "repository" in declaration else path
        yield undeclared_repository(repository, at, target, "declare it among its `repositories`")
    allowed = "OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/arm64 or linux/arm/v7"
    yield from check_key(declaration, "platforms", path, form_problems, _PLATFORM, allowed)
