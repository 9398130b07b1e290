"""The quotas of policies, and their sizes.

Source of the quotas of IAM: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.spec.job_roles import TRUST_POLICY_LENGTH
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem

MANAGED_POLICIES_PER_ROLE = 10
"""How many managed policies a role may have, with the account's default quota."""


@dataclass(frozen=True)
class Quota:
    """The largest number of characters of a kind of policy.

    Attributes:
        of: the kind of policy.
        characters: the number.
        counts_white_space: whether white space counts; IAM does not count it.
    """

    of: str
    characters: int
    counts_white_space: bool = False

    def size(self, document: str) -> int:
        """The characters of a document that count."""
        return len(document) if self.counts_white_space else len("".join(document.split()))

    def problems(self, document: str, path: str, fix: str, beside: str = "") -> Iterator[Problem]:
        """The problem of a document that is too large.

        Args:
            document: the policy.
            path: the path in the declaration that it follows from.
            fix: what to change.
            beside: another policy that counts for the same quota.
        """
        if (size := self.size(document + beside)) > self.characters:
            found, allowed = f"{size:,} characters of {self.of}", f"{self.characters:,}, as AWS has it"
            yield Problem(path, found, allowed, fix)

    def checked(self, document: str, path: str, fix: str, beside: str = "") -> str:
        """The document, if it is not too large. Arguments as for `problems`.

        Raises:
            DeclarationError: it is.
        """
        if problems := list(self.problems(document, path, fix, beside)):
            raise DeclarationError(problems)
        return document


INLINE_POLICIES = Quota("a role's inline policies", 10_240)
MANAGED_POLICY = Quota("a managed policy", 6_144)
TRUST_POLICY = Quota("a role's trust policy", TRUST_POLICY_LENGTH)
"""The default; AWS raises it on request: the quota "Role trust policy length" of IAM."""
REPOSITORY_POLICY = Quota("a repository's policy", 10_240, counts_white_space=True)
"""docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html."""
