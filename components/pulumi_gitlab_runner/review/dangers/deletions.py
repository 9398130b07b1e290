"""Replacements and deletions, and the loss with each."""

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, Phrase
from pulumi_gitlab_runner.review.preview import Step
from pulumi_gitlab_runner.review.rights import statements_in

_LOST = {
    "aws:autoscaling/group:Group": "its instances are terminated, together with their jobs",
    "aws:ecr/repository:Repository": "its images are lost",
    "aws:kms/key:Key": "data encrypted with it can no longer be decrypted",
    "aws:s3/bucket:Bucket": "its objects are lost",
    "aws:secretsmanager/secret:Secret": "its value is lost",
    "gitlab:index/userRunner:UserRunner": "its token becomes invalid",
}
"""The loss when a resource of a type is deleted or replaced."""
_MISSED = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": "its metric is no longer monitored",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "if its repository remains, old images are no longer deleted",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "if its bucket remains, it can be made public"
    ),
}
"""The effect when a resource of a type is deleted."""


def deletions(step: Step) -> Found:
    """Replacements and deletions."""
    if step.is_retained and step.operation in ("replace", "delete"):
        yield _retained(step)
        return
    lost = _LOST.get(step.type)
    if step.operation == "replace":
        what = f"is replaced, and {lost}" if lost else "is replaced"
        yield DangerKind.REPLACEMENT, _with_reasons(what, step)
    elif step.operation == "delete":
        effects = [
            lost or _MISSED.get(step.type),
            "the actions that it denies are no longer denied" if _denies(step) else None,
        ]
        yield DangerKind.DELETION, (("; ".join(filter(None, ["is deleted", *effects])), ()),)


def _retained(step: Step) -> tuple[DangerKind, tuple[Phrase, ...]]:
    """The loss of a resource that Pulumi does not delete: it is only no longer in the stack."""
    if step.operation == "delete":
        return DangerKind.DELETION, (("is removed from the stack, but not deleted", ()),)
    return DangerKind.REPLACEMENT, _with_reasons("is replaced, and the old resource is not deleted", step)


def _with_reasons(what: str, step: Step) -> tuple[Phrase, ...]:
    reasons = step.replaced_for
    return ((f"{what}; changed:", reasons),) if reasons else ((what, ()),)


def _denies(step: Step) -> bool:
    return any(
        statement.get("Effect") == "Deny" for value in step.old.values() for statement in statements_in(value)
    )
