"""Upstream registries of new or changed pull-through cache rules."""

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, named
from pulumi_gitlab_runner.review.preview import Step

_RULE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"


def upstreams_gained(step: Step) -> Found:
    """The upstream registry of a new or changed pull-through cache rule."""
    upstream = step.new.get("upstreamRegistryUrl")
    if step.type == _RULE and upstream and upstream != step.old.get("upstreamRegistryUrl"):
        yield DangerKind.REGISTRY, (("ECR imports images from", (named(upstream),)),)
