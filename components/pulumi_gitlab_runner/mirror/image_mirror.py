"""Images of other registries, copied into a declared registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired

import pulumi

from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.gitlab.ci_variables import CiVariables, Variables
from pulumi_gitlab_runner.images.reference import parse
from pulumi_gitlab_runner.manager.environment import Environment, declared_environment, environment_of
from pulumi_gitlab_runner.mirror.mirrored_image import MirroredImage
from pulumi_gitlab_runner.resolution import given_or_none, login_of, refused_as_whole, resolved, with_handles
from pulumi_gitlab_runner.spec import mirrors as spec
from pulumi_gitlab_runner.spec.arguments import stack_of_arguments
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.declared import declared
from pulumi_gitlab_runner.spec.images import expand_registry_name, registry_of
from pulumi_gitlab_runner.spec.inputs import Input, optional, strict
from pulumi_gitlab_runner.spec.mirrors import MirrorDeclaration, mirror_variables
from pulumi_gitlab_runner.spec.problems import join_path
from pulumi_gitlab_runner.spec.registries import Login, Registry, RegistryDeclaration
from pulumi_gitlab_runner.spec.shape import check_shape


@strict
class ImageMirrorArgs(MirrorDeclaration):
    """A mirror, and the registries that it names."""

    registries: dict[str, RegistryDeclaration]
    """The registries that `registry` and `image` name, by name."""
    repository_urls: NotRequired[Input[dict[str, str]]]
    """The URL of each repository of the registry, by its name, such as `urls` of `EcrRepositories`: the
    images are copied after these are created. Default: the repositories exist."""
    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region of the registries. Default: those of the AWS provider."""


@dataclass(frozen=True)
class MirrorModel:
    """A mirror, and what it needs.

    Attributes:
        mirror: the mirror.
        registries: the registries that it names, by name.
        repository_urls: the URLs of the repositories of its registry; None if the repositories exist.
        environment: the AWS account and region of the registries; None if not looked up yet.
    """

    mirror: spec.Mirror
    registries: Mapping[str, Registry]
    repository_urls: pulumi.Input[dict[str, str]] | None = None
    environment: Environment | None = None


class ImageMirror(Component[MirrorModel]):
    """Images of other registries, copied into a declared registry with all their platforms and their digests.

    This package's plugin copies them from registry to registry, without a Docker Engine; existing layers are
    not uploaded again. The digest is the declared one, or that of the first copy: a preview warns when the
    tag has moved. `destroy` keeps the images, unless `delete` is true.

    ECR's password is requested from AWS when needed, with the credentials of Pulumi's environment (such as
    `AWS_PROFILE`). They must allow `ecr:GetAuthorizationToken`, and on the repositories
    `ecr:DescribeRepositories`, `ecr:BatchGetImage`, `ecr:GetDownloadUrlForLayer`,
    `ecr:BatchCheckLayerAvailability`, `ecr:InitiateLayerUpload`, `ecr:UploadLayerPart`,
    `ecr:CompleteLayerUpload`, `ecr:PutImage`, and with `delete` `ecr:BatchDeleteImage`
    (docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html).

    Creates:

    - `gitlab-runner:index:MirroredImage` for each image
    - `gitlab-runner:index:CiVariables`, if `variables` are declared

    Raises `pulumi.RunError` with the path and the fix for an invalid image or registry.
    """

    images: pulumi.Output[dict[str, str]]
    """The reference of each image, `HOST/REPOSITORY:TAG@sha256:…`, by its name."""
    digests: pulumi.Output[dict[str, str]]
    """The digest of each image, by its name."""
    variables: pulumi.Output[list[Any]]
    """Each CI variable: its `scope` and `key`, and whether it is `masked` and `protected`."""

    def __init__(self, name: str, args: ImageMirrorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            read = check_shape(with_handles(args, name), ImageMirrorArgs, name)
            mirror = {key: each for key, each in read.items() if key in MirrorDeclaration.__annotations__}
            declared = {"registries": read["registries"], "mirrors": {name: mirror}}
            stack = stack_of_arguments(declared, name, {join_path(name, "mirrors", name): name})
        model = MirrorModel(
            stack.mirrors[name],
            stack.registries,
            given_or_none(optional(read.get("repository_urls"))),
            declared_environment(read.get("environment"), name),
        )
        self._make(name, model, opts)

    def _make(self, name: str, model: MirrorModel, opts: pulumi.ResourceOptions | None) -> None:
        self.register_component("ImageMirror", name, declared(model.mirror), opts)
        mirror = model.mirror
        environment = model.environment or environment_of(self)
        images = {
            image.name: MirroredImage(
                f"{name}-{image.name}",
                {
                    **_source(image, model, environment),
                    **_target(image, model, environment),
                    "platforms": list(image.platforms),
                    "delete": mirror.delete,
                },
                pulumi.ResourceOptions(parent=self),
            )
            for image in mirror.images
        }
        references: dict[str, Any] = {key: each.reference for key, each in images.items()}
        digests: dict[str, Any] = {key: each.digest for key, each in images.items()}
        self.images = pulumi.Output.from_input(references)
        self.digests = pulumi.Output.from_input(digests)
        self.variables = pulumi.Output.from_input([])
        if variables := mirror_variables(mirror, references):
            component = CiVariables.of(name, Variables(variables), pulumi.ResourceOptions(parent=self))
            self.variables = component.variables
        self.register_declared_outputs()


def _source(image: spec.MirroredImage, model: MirrorModel, environment: Environment) -> dict[str, Any]:
    """The inputs for the source of an image."""
    registry, _ = registry_of(image.source, model.registries, None)
    found: dict[str, Any] = {
        "source": pulumi.Output.all(resolved(model.registries), environment).apply(
            lambda known: str(parse(expand_registry_name(image.source, *known)))
        )
    }
    if image.digest:
        found["digest"] = image.digest
    if registry and registry.login:
        found["sourceCredentials"] = _credentials(registry.login)
    return found


def _target(image: spec.MirroredImage, model: MirrorModel, environment: Environment) -> dict[str, Any]:
    """The inputs for the target of an image."""
    registry = model.registries[model.mirror.registry]
    urls = model.repository_urls
    address = (
        pulumi.Output.all(resolved(registry), environment).apply(
            lambda known: f"{known[0].address_in(known[1])}/{image.repository}"
        )
        if urls is None
        else pulumi.Output.from_input(urls).apply(lambda known: known[image.repository])
    )
    found: dict[str, Any] = {"target": pulumi.Output.concat(address, ":", image.tag)}
    if registry.login:
        found["targetCredentials"] = _credentials(registry.login)
    return found


def _credentials(login: Login) -> pulumi.Output[Mapping[str, str]]:
    return login_of(login).apply(lambda pair: {"username": pair[0], "password": pair[1]})
