"""The size of the policies of the role of a manager that pulls from many repositories."""

from pulumi_gitlab_runner.iam.manager import manager_policy
from pulumi_gitlab_runner.iam.quotas import INLINE_POLICIES, MANAGED_POLICIES_PER_ROLE, MANAGED_POLICY
from pulumi_gitlab_runner.iam.repository_policies import division, repository_policy
from pulumi_gitlab_runner.spec import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import EcrRegistry, Repository

from bench.measure import Measure

REPOSITORIES = 1000
_MOST = INLINE_POLICIES.characters + MANAGED_POLICIES_PER_ROLE * MANAGED_POLICY.characters


def take() -> int:
    """The size of the inline policy and of all managed policies, in characters as IAM counts them."""
    names = [f"team-{number % 7}/service-{number:03d}" for number in range(REPOSITORIES)]
    registry = EcrRegistry("team", repositories={name: Repository(name) for name in names})
    environment = AwsEnvironment("123456789012", "eu-west-1")
    divided = division([registry], further=0, path="bench")
    inline = manager_policy([registry], environment, parameter_arns=[], files_arn=None, part=divided.inline)
    managed = [repository_policy(part, [registry], environment, "bench") for part in divided.managed]
    return INLINE_POLICIES.size(inline) + sum(map(MANAGED_POLICY.size, managed))


POLICY_CHARACTERS = Measure(
    f"policy_characters_{REPOSITORIES}_repositories",
    "characters",
    f"of the policies of a manager that pulls from {REPOSITORIES:,} repositories; {_MOST:,} fit a role",
    take,
)
