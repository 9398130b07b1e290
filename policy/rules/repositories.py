"""Rules for ECR repositories."""

from collections.abc import Iterator

from .rule import Changeable, Resource, Rule, listed

REPOSITORY = "aws:ecr/repository:Repository"


def mutable_tags(resource: Resource) -> Iterator[str]:
    """With mutable tags, everyone who may push can change the images that jobs run.

    ECR accepts the filter `*`, which excludes every tag (ImageTagMutabilityExclusionFilterValue).
    """
    inputs = resource.inputs
    mutability = inputs.get("imageTagMutability") or "MUTABLE"
    if not mutability.startswith("IMMUTABLE"):
        yield (
            f"Its tags are {mutability}: an image can change under its tag. "
            'Set imageTagMutability="IMMUTABLE".'
        )
    elif mutability == "IMMUTABLE_WITH_EXCLUSION":
        for each in listed(inputs.get("imageTagMutabilityExclusionFilters")):
            text = each.get("filter") or ""
            if text and not text.strip("*"):
                yield (
                    f"Its exclusion filter {text} excludes every tag: an image can change under its tag. "
                    "Name the tags that move, such as latest, in imageTagMutabilityExclusionFilters."
                )
                return


def _make_tags_immutable(_resource: Resource, inputs: Changeable) -> bool:
    """Update the repository in place. A filter that excludes every tag is kept: the right one is unknown."""
    if inputs.get("imageTagMutability") not in (None, "MUTABLE"):
        return False
    inputs["imageTagMutability"] = "IMMUTABLE"
    return True


def unscanned(resource: Resource) -> Iterator[str]:
    """Source: docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html."""
    if not (resource.inputs.get("imageScanningConfiguration") or {}).get("scanOnPush"):
        yield "Its images are not scanned. Set imageScanningConfiguration={scanOnPush: true}."


def _scan_on_push(_resource: Resource, inputs: Changeable) -> bool:
    """Update the repository in place."""
    scanning = inputs.get("imageScanningConfiguration") or {}
    if isinstance(scanning, str) or scanning.get("scanOnPush"):  # a string is an unknown value in a preview
        return False
    inputs["imageScanningConfiguration"] = {"scanOnPush": True}
    return True


IMMUTABLE_TAGS = Rule(
    "ecr-immutable-tags",
    "The tags of an ECR repository are immutable.",
    (REPOSITORY,),
    mutable_tags,
    remediate=_make_tags_immutable,
)
SCAN_ON_PUSH = Rule(
    "ecr-scan-on-push",
    "Images of an ECR repository are scanned when they are pushed.",
    (REPOSITORY,),
    unscanned,
    remediate=_scan_on_push,
)
