"""What AWS takes: a resource's inputs held against AWS's own constraints, before it is made.

The constraints are those of AWS's registry of types, by which CloudFormation checks, and a table of what
these lack. What breaks none of them can still be refused by AWS itself.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.providers.aws.limits.constraints import Held, held
from sandbox.providers.aws.limits.counterparts import COUNTERPARTS, in_aws
from sandbox.providers.aws.limits.rules import rules_held
from sandbox.providers.aws.limits.schemas import type_schema
from sandbox.standin.properties import Failure, refusal, root
from sandbox.standin.provider import Resource
from sandbox.standin.values import Properties

__all__ = ["Held", "broken_limits", "constraints"]


def broken_limits(resource: type[Resource[Any]], inputs: Properties) -> Iterator[Failure]:
    """What AWS would refuse of a resource's inputs.

    Args:
        resource: its type.
        inputs: checked, with defaults and an automatic name; values may be unknown.
    """
    for each in constraints(resource, inputs):
        if not each.kept:
            name = root(each.path)
            secret = name in resource.inputs and resource.inputs[name].secret
            reason = refusal(each.found, each.allowed, secret=secret)
            yield Failure(each.path or next(iter(resource.inputs)), f"{reason} ({each.source})")


def constraints(resource: type[Resource[Any]], inputs: Properties) -> Iterator[Held]:
    """Every constraint that a resource's inputs are held against.

    Args:
        resource: its type.
        inputs: what its program gives; values may be unknown.
    """
    if counterpart := COUNTERPARTS.get(resource.token):
        yield from held(
            in_aws(counterpart, resource.inputs, inputs),
            type_schema(counterpart.type),
            counterpart.type,
            counterpart.except_,
            counterpart.part,
        )
    yield from rules_held(resource.token, inputs)
