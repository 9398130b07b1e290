"""Replacements and deletions, and the loss with each."""

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, Phrase
from pulumi_gitlab_runner.review.preview import Step
from pulumi_gitlab_runner.review.rights import statements_in

_LOST = {
    "aws:autoscaling/group:Group": "its instances end, with the jobs on them",
    "aws:ecr/repository:Repository": "its images are lost",
    "aws:kms/key:Key": "what it encrypts can no longer be read",
    "aws:s3/bucket:Bucket": "what it holds is lost",
    "aws:secretsmanager/secret:Secret": "what it holds is lost",
    "gitlab:index/userRunner:UserRunner": "its token ends",
}
"""The loss when a resource of a type is deleted or replaced."""
_MISSED = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": "what it watches for is no longer reported",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "its repository, if that stays, keeps old images",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "its bucket, if that stays, can be opened to the public"
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
        what = f"is replaced by a new one, and {lost}" if lost else "is replaced by a new one"
        because = (("because of", step.replaced_for),) if step.replaced_for else ()
        yield DangerKind.REPLACEMENT, ((what, ()), *because)
    elif step.operation == "delete":
        effects = [
            lost or _MISSED.get(step.type),
            "what it denied is no longer denied" if _denies(step) else None,
        ]
        yield DangerKind.DELETION, (("; ".join(filter(None, ["is deleted", *effects])), ()),)


def _retained(step: Step) -> tuple[DangerKind, tuple[Phrase, ...]]:
    """The loss of a resource that Pulumi does not delete: it is only no longer in the stack."""
    if step.operation == "delete":
        return DangerKind.DELETION, (("leaves the stack, and stays without it", ()),)
    because = (("because of", step.replaced_for),) if step.replaced_for else ()
    return DangerKind.REPLACEMENT, (("is replaced by a new one, and stays beside it", ()), *because)


def _denies(step: Step) -> bool:
    return any(
        statement.get("Effect") == "Deny" for value in step.old.values() for statement in statements_in(value)
    )
