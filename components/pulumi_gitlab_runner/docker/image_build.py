"""Job images that a stack builds from a Dockerfile and pushes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import PurePath
from typing import NotRequired

import pulumi
import pulumi_docker_build as docker_build

from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.docker.build_context import BuildContext, read_build_context
from pulumi_gitlab_runner.images.content_tag import content_tag
from pulumi_gitlab_runner.images.dockerfile import base_images
from pulumi_gitlab_runner.images.pinned import pinned
from pulumi_gitlab_runner.manager.environment import (
    Environment,
    declared_environment,
    environment_of,
    nowhere,
)
from pulumi_gitlab_runner.manager.image_digests import image_digests
from pulumi_gitlab_runner.resolution import given, refused_as_whole, with_handles
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.builds import (
    Build,
    BuildSettingsDeclaration,
    build_settings_problems,
    parse_build,
)
from pulumi_gitlab_runner.spec.declared import declared
from pulumi_gitlab_runner.spec.inputs import Input, strict, value
from pulumi_gitlab_runner.spec.problems import Problem
from pulumi_gitlab_runner.spec.registries import Registry, RegistryDeclaration
from pulumi_gitlab_runner.spec.shape import checked
from pulumi_gitlab_runner.spec.stack import parse_registries, registries_problems


@strict
class ImageBuildArgs(BuildSettingsDeclaration):
    """An image build and the repository that it is pushed to."""

    repository: Input[str]
    """The repository with its registry, such as one of the `urls` of `EcrRepositories`."""
    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The registries of private base images, by name. Default: none, for public images."""
    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region of these registries. Default: those of the AWS provider."""


@dataclass(frozen=True)
class BuildModel:
    """A build with its files, and what it needs.

    Attributes:
        build: the build.
        context: its files.
        repository: the repository to push to, with its registry.
        registries: the registries of private base images, by name.
        environment: the AWS account and region of these; None if not looked up yet.
    """

    build: Build
    context: BuildContext
    repository: pulumi.Input[str]
    registries: Mapping[str, Registry] = field(default_factory=dict)
    environment: Environment | None = None


class ImageBuild(Component[BuildModel]):
    """An image that BuildKit builds from a Dockerfile and pushes.

    Its tag is a hash of its content: the files of the context, the Dockerfile, the settings of the build, and
    the digests of its base images. So a preview shows whether a new image would be built, and nothing is
    built while nothing changes. For a base image whose digest cannot be resolved, the hash uses its name,
    with a warning.

    The machine that runs Pulumi builds and pushes the image, with a Docker Engine or another builder of
    `docker buildx` and the registry credentials of its user's Docker configuration (`credHelpers`, such as
    `ecr-login`, or `docker login`): no credential becomes part of the state. An image that is no longer
    declared stays in its repository, since jobs may still use it.

    A content tag is pushed once. If an update ends after the push and before the state is written, the next
    update pushes the tag again; if tags are immutable and the new build has another digest, ECR refuses it:
    delete the tag first.

    Creates:

    - `docker-build:index:Image`

    Raises `pulumi.RunError` with the path and the fix for a wrong declaration, and for files that do not
    exist or cannot be read.
    """

    image: pulumi.Output[str]
    """The image with tag and digest, `repository:tag@sha256:…`."""
    tag: pulumi.Output[str]
    """The content tag."""
    digest: pulumi.Output[str]
    """Its digest, `sha256:…`; that of its index if it has several platforms."""
    pin: pulumi.Output[str]
    """Tag and digest, `tag@sha256:…`, to pin an image that a runner declares only by its repository."""

    def __init__(self, name: str, args: ImageBuildArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            read = checked(with_handles(args, name), ImageBuildArgs, name, _problems)
            build = parse_build({**read, "repository": ""})  # type: ignore[typeddict-unknown-key]
            context = read_build_context(build.context, build.dockerfile, name)
        model = BuildModel(
            build,
            context,
            given(value(read["repository"])),
            parse_registries(read.get("registries", {})),
            declared_environment(read.get("environment"), name),
        )
        self._make(name, model, opts)

    def _make(self, name: str, model: BuildModel, opts: pulumi.ResourceOptions | None) -> None:
        build, context = model.build, model.context
        self.register_component("ImageBuild", name, declared(model.build), opts)
        bases: pulumi.Output[dict[str, str]] = pulumi.Output.from_input({})
        if images := base_images(context.dockerfile, build.args):
            environment = model.environment or (environment_of(self) if model.registries else nowhere())
            bases = image_digests(images, model.registries, environment, self)
        self.tag = bases.apply(lambda digests: _tag(build, context, digests))
        repository = pulumi.Output.from_input(model.repository)
        tags: list[pulumi.Input[str]] = [self.tag, *build.tags]
        image = docker_build.Image(
            name,
            docker_build.ImageArgs(
                push=True,
                # A preview needs no builder, and is fast.
                build_on_preview=False,
                tags=[pulumi.Output.concat(repository, ":", each) for each in tags],
                context=docker_build.BuildContextArgs(location=build.context),
                dockerfile=docker_build.DockerfileArgs(
                    location=str(PurePath(build.context, build.dockerfile))
                ),
                # The provider distinguishes an empty value from a missing one, and would always see a change.
                build_args=dict(build.args) or None,
                secrets={each: given(secret) for each, secret in build.secrets.items()} or None,
                ignore_secrets_in_diff_calculation=list(build.secrets) or None,
                target=build.target,
                platforms=[docker_build.Platform(each) for each in build.platforms] or None,
                cache_from=[_cache_from(repository, build.cache)] if build.cache else None,
                cache_to=[_cache_to(repository, build.cache)] if build.cache else None,
            ),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        self.digest = image.digest
        self.pin = pulumi.Output.concat(self.tag, "@", self.digest)
        self.image = pulumi.Output.all(repository, self.pin).apply(lambda known: pinned(*known))
        self.register_declared_outputs()


def _problems(declaration: ImageBuildArgs, path: str) -> Iterator[Problem]:
    yield from build_settings_problems(declaration, path)
    yield from registries_problems(declaration.get("registries", {}), path)


def _tag(build: Build, context: BuildContext, bases: dict[str, str]) -> str:
    """The content tag of the image, which changes whenever the provider would build the image again."""
    settings = {
        each.name: getattr(build, each.name)
        for each in fields(build)
        if each.name not in ("repository", "secrets")
    }
    settings["secrets"] = tuple(build.secrets)
    return content_tag({"settings": settings, "files": context.digest, "bases": bases})


def _cache_from(repository: pulumi.Output[str], tag: str) -> docker_build.CacheFromArgs:
    """The cache from which a build imports layers."""
    ref = pulumi.Output.concat(repository, ":", tag)
    return docker_build.CacheFromArgs(registry=docker_build.CacheFromRegistryArgs(ref=ref))


def _cache_to(repository: pulumi.Output[str], tag: str) -> docker_build.CacheToArgs:
    """The cache to which a build exports the layers of all stages, in the format that ECR accepts.

    Source:
    aws.amazon.com/blogs/containers/announcing-remote-cache-support-in-amazon-ecr-for-buildkit-clients
    """
    return docker_build.CacheToArgs(
        registry=docker_build.CacheToRegistryArgs(
            ref=pulumi.Output.concat(repository, ":", tag),
            mode=docker_build.CacheMode.MAX,
            image_manifest=True,
            oci_media_types=True,
        )
    )
