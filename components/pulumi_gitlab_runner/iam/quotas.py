"""The quotas of AWS for the size and number of policies.

Source of IAM's quotas: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.spec.job_roles import TRUST_POLICY_LENGTH
from pulumi_gitlab_runner.spec.problems import Problem, refuse

MANAGED_POLICIES_PER_ROLE = 10
"""The maximum number of managed policies of a role, with the default quota of an account."""


@dataclass(frozen=True)
class Quota:
    """The maximum size of a kind of policy.

    Attributes:
        kind: the kind of policy, as in messages.
        characters: the maximum number of characters.
        counts_white_space: whether white space counts; IAM does not count it.
    """

    kind: str
    characters: int
    counts_white_space: bool = False

    def size(self, document: str) -> int:
        """The number of characters of a document that count."""
        return len(document) if self.counts_white_space else len("".join(document.split()))

    def problems(self, document: str, path: str, fix: str, other_policy: str = "") -> Iterator[Problem]:
        """The problem of a document that is too large.

        Args:
            document: the policy.
            path: the path of the policy's origin in the declaration.
            fix: the fix, as in the message.
            other_policy: another policy that counts towards the same quota.
        """
        if (size := self.size(document + other_policy)) > self.characters:
            found, allowed = (
                f"{size:,} characters of {self.kind}",
                f"at most {self.characters:,}, the AWS quota",
            )
            yield Problem(path, found, allowed, fix)

    def checked(self, document: str, path: str, fix: str, other_policy: str = "") -> str:
        """The document, after the check of its size. Arguments as for `problems`.

        Raises:
            DeclarationError: the document is too large.
        """
        refuse(self.problems(document, path, fix, other_policy))
        return document


INLINE_POLICIES = Quota("a role's inline policies", 10_240)
MANAGED_POLICY = Quota("a managed policy", 6_144)
TRUST_POLICY = Quota("a role's trust policy", TRUST_POLICY_LENGTH)
"""The default of IAM's quota "Role trust policy length", which AWS increases on request."""
REGISTRY_POLICY = Quota("the policy of an ECR registry", 10_240, counts_white_space=True)
"""docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryPolicy.html."""
REPOSITORY_POLICY = Quota("a repository's policy", 10_240, counts_white_space=True)
"""docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html."""
