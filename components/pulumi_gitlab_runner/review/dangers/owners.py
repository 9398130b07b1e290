"""Owners of registries in other accounts, who must add a policy before jobs can pull."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, Phrase, named
from pulumi_gitlab_runner.review.preview import Preview, Step
from pulumi_gitlab_runner.review.values import named_tables

_ROLE = "aws:iam/role:Role"
_STACK = "gitlab-runner:index:RunnerStack"


def owners_to_act(step: Step) -> Found:
    """The registries of other accounts whose required policies change, from the inputs of `RunnerStack`."""
    if step.type != _STACK or step.operation == "delete":
        return
    before = named_tables(step.old.get("owners"))
    for registry, now in named_tables(step.new.get("owners")).items():
        if now == before.get(registry):
            continue
        policies = (registry, f"{registry}/registry") if now.get("caches") else (registry,)
        phrases = (
            ("the owner of the account", (named(now.get("account")),)),
            (f"must add the polic{'ies' if len(policies) > 1 else 'y'} under", policies),
            ("in the output", ("required_policies",)),
            *_places(now),
        )
        yield DangerKind.OWNERS, phrases


def owners_of_replaced_roles(preview: Preview) -> Iterator[tuple[Step, Found]]:
    """The owners whose policies name a role that is replaced, also by one with another path."""
    roles = [step for step in preview.steps if step.type == _ROLE and step.operation == "replace"]
    for step in preview.steps:
        if step.type == _STACK and step.new:
            yield step, _renewals(step, [role.name for role in roles])


def _renewals(step: Step, replaced: Sequence[str]) -> Found:
    before = named_tables(step.old.get("owners"))
    for registry, now in named_tables(step.new.get("owners")).items():
        users = {f"{step.name}-{each.rpartition(' ')[2]}" for each in _texts(now.get("users"))}
        roles = tuple(name for name in replaced if name in users)
        if roles and now == before.get(registry):  # otherwise `owners_to_act` lists the registry
            phrases = (
                ("the owner of the account", (named(now.get("account")),)),
                ("must add the new policy under", (registry,)),
                ("in the output", ("required_policies",)),
                ("after the deployment, before jobs can pull again: a new role replaces", roles),
            )
            yield DangerKind.OWNERS, phrases


def _places(owner: Mapping[str, Any]) -> Iterator[Phrase]:
    """The repositories and pull-through caches for which the policies are."""
    for word, noun, many in (("to", "repository", "repositories"), ("for", "cache", "caches")):
        if names := _texts(owner.get(many)):
            yield f"{word} the {many if len(names) > 1 else noun}", names


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(named, value)) if isinstance(value, list) else ()
