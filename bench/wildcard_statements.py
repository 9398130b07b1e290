"""The number of a manager's policy statements on `*` whose actions support resource-level permissions."""

from bench.measure import Measure
from tests.iam.actions import wildcards_without_need
from tests.iam.everything import POLICY

WILDCARD_STATEMENTS_WITHOUT_NEED = Measure(
    "wildcard_statements_without_need",
    "statements",
    "of the policy of a manager that uses everything, those on * with an action that takes a resource",
    lambda: len(list(wildcards_without_need(POLICY))),
)
