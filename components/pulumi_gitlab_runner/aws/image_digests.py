"""The digests of the images that a declaration names, as ECR has them now."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.images.reference import parse
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.images import EcrImage, ecr_image, written_out
from pulumi_gitlab_runner.spec.registries import Registry


def image_digests(
    images: Sequence[str],
    registries: Mapping[str, Registry],
    environment: pulumi.Output[AwsEnvironment],
    parent: pulumi.Resource,
) -> pulumi.Output[dict[str, str]]:
    """The digests of images, by the image; those that cannot be had are left out, with one warning for all.

    Only ECR is asked, by whoever runs Pulumi (`ecr:DescribeImages`): the Docker provider's own look-up would
    need a Docker Engine, and the passwords of registries among its inputs. What needs a digest of another
    registry names it in the declaration.

    Args:
        images: as declared.
        registries: those that may hold them, by name.
        environment: where the stack lives.
        parent: what the look-ups and the warning belong to.
    """
    return environment.apply(lambda known: _digests(images, registries, known, parent))


def _digests(
    images: Sequence[str],
    registries: Mapping[str, Registry],
    environment: AwsEnvironment,
    parent: pulumi.Resource,
) -> dict[str, str]:
    digests, reasons = {}, []
    for image in dict.fromkeys(images):
        full = written_out(image, registries, environment)
        if parse(full).digest:
            continue
        asked = ecr_image(full, registries, environment)
        if asked is None:
            reasons.append(f"  {image}: only ECR is asked for digests")
            continue
        try:
            digests[image] = _digest(asked, parent)
        except Exception as error:
            reasons.append(f"  {image}: {_first_line(str(error))}")
    if reasons:
        pulumi.log.warn(
            "these images keep their tag, which can come to mean another image; "
            "NAME:TAG@sha256:DIGEST says which:\n" + "\n".join(reasons),
            parent,
        )
    return digests


def _digest(image: EcrImage, parent: pulumi.Resource) -> str:
    """The digest of an image.

    By the function that gives a plain value: a failure is then an exception here. An Output that fails ends
    the program, whoever awaits it. Pulumi raises a plain `Exception` for it, and has no class of its own.
    """
    found = aws.ecr.get_image(
        repository_name=image.repository,
        image_tag=image.tag,
        registry_id=image.account,
        region=image.region,
        opts=pulumi.InvokeOptions(parent=parent),
    )
    return found.image_digest


def _first_line(text: str) -> str:
    """What a provider says, without Pulumi's words before it, in one line."""
    return text.partition(" failed: ")[2].strip().partition("\n")[0][:300] or "ECR gives no digest"
