"""The validation of a resource's inputs against the constraints of AWS, before its creation.

The constraints are those of the CloudFormation registry's resource type schemas, and a table of limits that
these lack. AWS can still refuse inputs that satisfy all of them.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.providers.aws.limits.constraints import Held, held
from sandbox.providers.aws.limits.counterparts import counterpart_of, in_aws
from sandbox.providers.aws.limits.rules import rules_held
from sandbox.providers.aws.limits.schemas import type_schema
from sandbox.standin.properties import Failure, refusal, root
from sandbox.standin.provider import Resource
from sandbox.standin.values import Properties

__all__ = ["Held", "broken_limits", "constraints"]


def broken_limits(resource: type[Resource[Any]], inputs: Properties) -> Iterator[Failure]:
    """The failures of a resource's checked inputs, of which some may be unknown, against the constraints."""
    for each in constraints(resource, inputs):
        if not each.kept:
            name = root(each.path)
            secret = name in resource.inputs and resource.inputs[name].secret
            reason = refusal(each.found, each.allowed, secret=secret)
            yield Failure(each.path or next(iter(resource.inputs)), f"{reason} ({each.source})")


def constraints(resource: type[Resource[Any]], inputs: Properties) -> Iterator[Held]:
    """Every constraint that applies to a resource's inputs, with its result."""
    if counterpart := counterpart_of(resource.token):
        yield from held(
            in_aws(counterpart, resource.inputs, inputs),
            type_schema(counterpart.type),
            counterpart.type,
            counterpart.except_,
            counterpart.part,
        )
    yield from rules_held(resource.token, inputs)
