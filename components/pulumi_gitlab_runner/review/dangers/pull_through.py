"""Public registries whose images ECR fetches now."""

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, named
from pulumi_gitlab_runner.review.preview import Step

_RULE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"


def upstreams_gained(step: Step) -> Found:
    """Registries that are newly cached."""
    upstream = step.new.get("upstreamRegistryUrl")
    if step.type == _RULE and upstream and upstream != step.old.get("upstreamRegistryUrl"):
        yield DangerKind.REGISTRY, (("ECR fetches images of", (named(upstream),)),)
