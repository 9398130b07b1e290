"""The number of AWS's constraints that are applied to the inputs of a stack."""

from bench.measure import Measure
from sandbox.errors import SandboxError
from sandbox.providers.aws.limits import constraints
from sandbox.providers.aws.provider import Aws
from tests.components.everything import as_checked, declaration, in_aws


def take() -> int:
    """The number of constraints, for a stack that declares everything."""
    aws = Aws()
    aws.configure({"region": "eu-west-1"})
    count = 0
    kinds = {kind.token: kind for kind in Aws.resources}
    for registered in in_aws(declaration()):
        inputs, failures = as_checked(aws, registered)
        if failures:
            raise SandboxError(
                f"{registered.type} {registered.name}: {failures[0].path}: {failures[0].reason}"
            )
        count += sum(1 for _ in constraints(kinds[registered.type], inputs))
    return count


LIMITS_CHECKED = Measure(
    "limits_checked",
    "constraints",
    "constraints of AWS that the inputs of a stack that declares everything are held against",
    take,
)
