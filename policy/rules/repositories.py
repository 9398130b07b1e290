"""ECR repositories."""

from collections.abc import Iterator

from .rule import Inputs, Rule

REPOSITORY = "aws:ecr/repository:Repository"


def mutable_tags(_kind: str, inputs: Inputs) -> Iterator[str]:
    """With mutable tags, everyone who may push can change what jobs run."""
    mutability = inputs.get("imageTagMutability") or "MUTABLE"
    if not mutability.startswith("IMMUTABLE"):
        yield (
            f"Its tags are {mutability}: an image can change under its tag. "
            'Set imageTagMutability="IMMUTABLE".'
        )


def unscanned(_kind: str, inputs: Inputs) -> Iterator[str]:
    """Source: docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html."""
    if not (inputs.get("imageScanningConfiguration") or {}).get("scanOnPush"):
        yield "Its images are not scanned. Set imageScanningConfiguration={scanOnPush: true}."


IMMUTABLE_TAGS = Rule(
    "ecr-immutable-tags", "The tags of an ECR repository are immutable.", (REPOSITORY,), mutable_tags
)
SCAN_ON_PUSH = Rule(
    "ecr-scan-on-push",
    "Images of an ECR repository are scanned when they are pushed.",
    (REPOSITORY,),
    unscanned,
)
