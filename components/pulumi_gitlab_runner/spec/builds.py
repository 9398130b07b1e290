"""Images that a stack builds from a Dockerfile, and pushes to a declared repository."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.rules.environment import SECRET_NAME
from pulumi_gitlab_runner.images.content_tag import CONTENT_TAG
from pulumi_gitlab_runner.images.ecr import is_mutable
from pulumi_gitlab_runner.images.reference import TAG
from pulumi_gitlab_runner.spec.inputs import Deferred, SecretInput, model_of, strict
from pulumi_gitlab_runner.spec.problems import (
    Problem,
    choice_problems,
    did_you_mean,
    form_problems,
    join_path,
    listed,
)
from pulumi_gitlab_runner.spec.registries import Registry, undeclared_repository

PLATFORMS = (
    "linux/386",
    "linux/amd64",
    "linux/arm",
    "linux/arm64",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x",
)

_SECRET_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@strict
class BuildSettingsDeclaration(TypedDict):
    """The settings of an image build."""

    context: str
    """The build context, relative to the directory of Pulumi.yaml. Files that its `.dockerignore` names are
    left out."""
    dockerfile: NotRequired[str]
    """The Dockerfile, relative to the context. Default `Dockerfile`."""
    args: NotRequired[dict[str, str]]
    """The build arguments (`ARG`). They can be read from the image: do not use them for secrets. A change
    rebuilds the image."""
    secrets: NotRequired[dict[str, SecretInput[str]]]
    """Build secrets by their ids, for `RUN --mount=type=secret,id=…`. The image does not contain them. A
    changed secret alone does not rebuild the image."""
    target: NotRequired[str]
    """The stage of the Dockerfile that is built. Default: the last one."""
    platforms: NotRequired[list[str]]
    """The platforms of the image, such as `linux/amd64` and `linux/arm64`. Default: that of the builder."""
    tags: NotRequired[list[str]]
    """Tags that are moved to each new image, such as `latest`, in addition to the tag that is derived from
    its content. In ECR, the repository's `mutable_tags` must allow them."""
    cache: NotRequired[str]
    """A tag of the repository, such as `cache`, that stores the layers of all stages for the next build. In
    ECR, the repository's `mutable_tags` must allow it. Default: only the builder's local cache."""


@strict
class BuildDeclaration(BuildSettingsDeclaration):
    """An image that is built from a Dockerfile and pushed to a repository."""

    repository: str
    """The target repository: `REGISTRY/REPOSITORY`, with the name of a declared registry. A runner whose
    `image` is the same, without a tag, uses this image."""


@dataclass(frozen=True)
class Build:
    """A build, with the defaults filled in.

    Attributes:
        repository: the target repository as declared, without a tag.
        secrets: the handles of the build secrets, by their ids; only the builder gets their values.
    """

    shown = ("repository", "context", "dockerfile", "target", "platforms", "tags", "cache")

    repository: str
    context: str
    dockerfile: str = "Dockerfile"
    args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Deferred[str]] = field(default_factory=dict, compare=False)
    target: str | None = None
    platforms: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    cache: str | None = None


def parse_build(declaration: BuildDeclaration) -> Build:
    """The build that a valid declaration describes."""
    return model_of(Build, declaration, secrets=dict(sorted(declaration.get("secrets", {}).items())))


def build_settings_problems(declaration: BuildSettingsDeclaration, path: str) -> Iterator[Problem]:
    """The problems of an image build."""
    for key in ("context", "dockerfile", "target"):
        if declaration.get(key) == "":
            allowed = f"a {key}" if key == "context" else f"a {key}, or no {key!r}"
            yield Problem(join_path(path, key), "an empty text", allowed)
    for name in declaration.get("args", {}):
        if SECRET_NAME.search(name):
            yield Problem(
                join_path(path, "args", name),
                "a build argument with the name of a secret",
                "arguments that are not secret: they can be read from the image",
                "declare it under 'secrets', and read it with RUN --mount=type=secret",
            )
    for name in declaration.get("secrets", {}):
        allowed = "an id of letters, digits and _.-, as the Dockerfile names it"
        yield from form_problems(name, join_path(path, "secrets", name), _SECRET_ID, allowed)
    for index, platform in enumerate(declaration.get("platforms", ())):
        at = join_path(path, "platforms", index)
        yield from choice_problems(platform, at, PLATFORMS)
        if platform in PLATFORMS and platform in declaration["platforms"][:index]:
            yield Problem(at, f"{platform!r}, a duplicate", "each platform once")
    for at, tag in _tags(declaration, path):
        if not TAG.fullmatch(tag):
            yield Problem(at, repr(tag), "a tag: up to 128 letters, digits and _.-")
        elif tag.startswith(CONTENT_TAG):
            allowed = f"a tag that does not begin with {CONTENT_TAG!r}, which is reserved"
            yield Problem(at, repr(tag), allowed)
    if declaration.get("cache") in declaration.get("tags", ()):
        yield Problem(join_path(path, "cache"), repr(declaration["cache"]), "a tag that is not in 'tags'")


def repository_problems(
    declaration: BuildDeclaration, path: str, registries: Mapping[str, Registry]
) -> Iterator[Problem]:
    """The problems of the target of an image build."""
    at = join_path(path, "repository")
    name, _, repository = declaration["repository"].partition("/")
    registry = registries.get(name)
    if registry is None or not repository:
        fix = did_you_mean(name, list(registries)) or "declare the registry under `registries`"
        yield Problem(
            at,
            repr(declaration["repository"]),
            f"REGISTRY/REPOSITORY, with a declared registry: {listed(registries)}",
            fix,
        )
    elif reason := registry.not_pushed:
        yield Problem(
            at, f"a repository of the registry {name!r}", "a registry that this stack can push to", reason
        )
    elif registry.repositories and repository not in registry.repositories:
        yield undeclared_repository(repository, at, registry)
    elif ":" in repository or "@" in repository:
        yield Problem(at, repr(declaration["repository"]), "a repository without a tag and a digest")
    elif registry.created:
        for tag_at, tag in _tags(declaration, path):
            if not is_mutable(tag, registry.repositories[repository].mutable_tags):
                yield Problem(
                    tag_at,
                    f"{tag!r}, an immutable tag",
                    f"tags that 'mutable_tags' of {repository!r} allows",
                    f"declare it there: mutable_tags: [{tag}]",
                )


def shared_repository_problems(builds: Mapping[str, BuildDeclaration], path: str) -> Iterator[Problem]:
    """The builds with the same target repository: a runner's `image` would be ambiguous."""
    seen: dict[str, str] = {}
    for name, build in builds.items():
        first = seen.setdefault(build["repository"], name)
        if first != name:
            yield Problem(
                join_path(path, name, "repository"),
                f"{build['repository']!r}, which the build {first!r} also pushes to",
                "a repository for each build",
            )


def _tags(declaration: BuildSettingsDeclaration, path: str) -> Iterator[tuple[str, str]]:
    """The tags that are moved to each new image, with their paths."""
    for index, tag in enumerate(declaration.get("tags", ())):
        yield join_path(path, "tags", index), tag
    if "cache" in declaration:
        yield join_path(path, "cache"), declaration["cache"]
