"""Permissions that IAM and resource policies add, and repositories that they allow to pull from."""

from collections.abc import Mapping
from typing import Any

from pulumi_gitlab_runner.review.dangers.danger import NOT_KNOWN, DangerKind, Found, Phrase, named
from pulumi_gitlab_runner.review.preview import SECRET, UNKNOWN, Step
from pulumi_gitlab_runner.review.rights import Gain, gains, statements_in

_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_LIFECYCLE_POLICY = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
_POLICIES = {"assumeRolePolicy", "inlinePolicies", "policy", "repositoryPolicy"}
"""The properties that contain policies."""
_PULLS = {"ecr:batchgetimage", "ecr:batch*", "ecr:*", "*"}


def rights_gained(step: Step) -> Found:
    """The permissions that the policies of a resource add: a role, a repository, a bucket or a key."""
    if step.operation == "delete":
        return
    for key in sorted(step.old.keys() | step.new.keys()):
        old, new = statements_in(step.old.get(key)), statements_in(step.new.get(key))
        is_policy = key in _POLICIES and step.type != _LIFECYCLE_POLICY
        if _is_hidden(step.new.get(key)) and (old or is_policy):
            policy = "trust policy" if key == "assumeRolePolicy" else "policy"
            yield DangerKind.PERMISSION, ((f"the content of its {policy} {NOT_KNOWN}", ()),)
        for gain in gains(old, new):
            yield DangerKind.PERMISSION, _phrases(gain)
            yield from _images_gained(gain)
    attached = step.new.get("policyArn")
    if step.type == _ATTACHMENT and attached != step.old.get("policyArn"):
        yield DangerKind.PERMISSION, (("attaches the policy", (named(attached),)),)
    yield from _boundary(step)


def _boundary(step: Step) -> Found:
    before, after = step.old.get("permissionsBoundary"), step.new.get("permissionsBoundary")
    if before and not after:
        yield DangerKind.PERMISSION, (("no longer has a permissions boundary", ()),)
    elif before and before != after:
        yield DangerKind.PERMISSION, (("has another permissions boundary", (named(after),)),)


def _is_hidden(value: Any) -> bool:
    """Whether the preview hides a value or a part of it: a secret, or known after the update."""
    if isinstance(value, Mapping):
        return any(map(_is_hidden, value.values()))
    if isinstance(value, list):
        return any(map(_is_hidden, value))
    return value in (UNKNOWN, SECRET)


def _phrases(gain: Gain) -> tuple[Phrase, ...]:
    phrases = (
        ("no longer denies" if gain.denied_before else "allows", gain.actions),
        ("on", gain.resources),
        ("to", gain.principals),
        ("if", (gain.condition,) if gain.condition else ()),
    )
    return tuple(phrase for phrase in phrases if phrase[1])


def _images_gained(gain: Gain) -> Found:
    """The ECR repositories that a gained permission allows to pull from."""
    repositories = tuple(each for each in gain.resources if each == "*" or ":ecr:" in each)
    if repositories and any(action.lower() in _PULLS for action in gain.actions):
        yield DangerKind.REGISTRY, (("can pull from", repositories),)
