"""Images of other registries, brought into one of ours."""

from collections.abc import Mapping
from typing import Any, NotRequired

import pulumi

from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs, environment_of, known_environment
from pulumi_gitlab_runner.declared import plain, registry_credentials, told_once
from pulumi_gitlab_runner.gitlab.ci_variables import CiVariables
from pulumi_gitlab_runner.images.reference import parse
from pulumi_gitlab_runner.mirror.mirrored_image import MirroredImage
from pulumi_gitlab_runner.spec import mirrors as spec
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.images import registry_of, written_out
from pulumi_gitlab_runner.spec.mirrors import MirrorDeclaration, mirror_variables
from pulumi_gitlab_runner.spec.registries import RegistryDeclaration, StaticRegistry
from pulumi_gitlab_runner.spec.shape import check_keys
from pulumi_gitlab_runner.spec.stack import Stack, build_stack


class ImageMirrorArgs(MirrorDeclaration):
    """The images, and the registries that they are of."""

    registries: dict[str, RegistryDeclaration]
    """The registries that `registry` and `image` name."""
    repository_urls: NotRequired[pulumi.Input[dict[str, str]]]
    """The URL of each repository of the registry, by its name, such as `urls` of `EcrRepositories`: the
    images wait for them. Default: they are there."""
    environment: NotRequired[AwsEnvironmentArgs]
    """Where in AWS the registries are. Default: asked of AWS."""


class ImageMirror(pulumi.ComponentResource):
    """Images of other registries, copied into one of ours with all their platforms, and named by digest.

    They are copied from registry to registry by this package's own plugin, without a Docker Engine, and what
    is there already is not sent again. The digest stays the one that was copied first, or that is declared:
    a tag that moves shows as a warning in the preview. `destroy` leaves the images, unless `delete` is true.

    ECR's password comes from AWS when it is needed, by the credentials of the environment in which Pulumi
    runs (`AWS_PROFILE` and the like). They must allow `ecr:GetAuthorizationToken`, and on the repositories
    `ecr:DescribeRepositories`, `ecr:BatchGetImage`, `ecr:GetDownloadUrlForLayer`,
    `ecr:BatchCheckLayerAvailability`, `ecr:InitiateLayerUpload`, `ecr:UploadLayerPart`,
    `ecr:CompleteLayerUpload`, `ecr:PutImage`, and with `delete` `ecr:BatchDeleteImage`
    (docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html).

    Creates:

    - `gitlab-runner:index:MirroredImage` for each image
    - `gitlab-runner:index:CiVariables`, where `variables` are declared

    Raises `pulumi.RunError` with the place and the mend for an image or registry that cannot be.
    """

    images: pulumi.Output[dict[str, str]]
    """Each image by its name, `HOST/REPOSITORY:TAG@sha256:…`."""
    digests: pulumi.Output[dict[str, str]]
    """The digest of each image, by its name."""

    def __init__(self, name: str, args: ImageMirrorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        declared = args["registries"]
        known_keys = MirrorDeclaration.__annotations__
        with told_once():
            check_keys(args, ImageMirrorArgs, name)
            mirrored = {key: plain(value) for key, value in args.items() if key in known_keys}
            stack = build_stack({"registries": plain(declared), "mirrors": {name: mirrored}}, path=name)
        super().__init__("gitlab-runner:index:ImageMirror", name, {}, opts)
        mirror = stack.mirrors[name]
        environment = known_environment(args.get("environment") or environment_of(self))
        made = {
            image.name: MirroredImage(
                f"{name}-{image.name}",
                {
                    **_source(image, stack, declared, environment),
                    **_target(image, mirror, stack, args, environment),
                    "platforms": list(image.platforms),
                    "delete": mirror.delete,
                },
                pulumi.ResourceOptions(parent=self),
            )
            for image in mirror.images
        }
        references: dict[str, Any] = {key: each.reference for key, each in made.items()}
        digests: dict[str, Any] = {key: each.digest for key, each in made.items()}
        self.images = pulumi.Output.from_input(references)
        self.digests = pulumi.Output.from_input(digests)
        if variables := mirror_variables(args, references):
            CiVariables(name, {"variables": variables}, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"images": self.images, "digests": self.digests})


def _source(
    image: spec.MirroredImage,
    stack: Stack,
    declared: Mapping[str, RegistryDeclaration],
    environment: pulumi.Output[AwsEnvironment],
) -> dict[str, Any]:
    """Where an image comes from."""
    registry, _ = registry_of(image.source, stack.registries, None)
    found: dict[str, Any] = {
        "source": environment.apply(
            lambda known: str(parse(written_out(image.source, stack.registries, known)))
        )
    }
    if image.digest:
        found["digest"] = image.digest
    if isinstance(registry, StaticRegistry):
        found["sourceCredentials"] = _credentials(declared[registry.name])
    return found


def _target(
    image: spec.MirroredImage,
    mirror: spec.Mirror,
    stack: Stack,
    args: ImageMirrorArgs,
    environment: pulumi.Output[AwsEnvironment],
) -> dict[str, Any]:
    """Where an image goes."""
    registry = stack.registries[mirror.registry]
    urls = args.get("repository_urls")
    address = (
        environment.apply(lambda known: f"{registry.address_in(known)}/{image.repository}")
        if urls is None
        else pulumi.Output.from_input(urls).apply(lambda known: known[image.repository])
    )
    found: dict[str, Any] = {"target": pulumi.Output.concat(address, ":", image.tag)}
    if isinstance(registry, StaticRegistry):
        found["targetCredentials"] = _credentials(args["registries"][registry.name])
    return found


def _credentials(declaration: RegistryDeclaration) -> pulumi.Output[Mapping[str, str]]:
    return registry_credentials(declaration).apply(lambda pair: {"username": pair[0], "password": pair[1]})
