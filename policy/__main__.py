"""The policy pack: every rule as a policy of Pulumi's."""

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from rules.credentials import NO_CREDS_STORE, RUNNER_TOKENS_ENCRYPTED, USER_DATA_WITHOUT_TOKEN
from rules.hosts import DISKS_ENCRYPTED, METADATA_OUT_OF_REACH
from rules.jobs import NO_PRIVILEGED_RUNNER
from rules.network import NO_OPEN_INGRESS
from rules.permissions import RESOURCES_NAMED
from rules.repositories import IMMUTABLE_TAGS, SCAN_ON_PUSH
from rules.rule import Rule

RULES = (
    IMMUTABLE_TAGS,
    SCAN_ON_PUSH,
    METADATA_OUT_OF_REACH,
    DISKS_ENCRYPTED,
    NO_OPEN_INGRESS,
    RESOURCES_NAMED,
    RUNNER_TOKENS_ENCRYPTED,
    NO_CREDS_STORE,
    USER_DATA_WITHOUT_TOKEN,
    NO_PRIVILEGED_RUNNER,
)


def policy(rule: Rule) -> ResourceValidationPolicy:
    """Return a rule in Pulumi's form."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type in rule.types:
            for problem in rule.problems(args.resource_type, args.props):
                report(problem, None)

    level = EnforcementLevel.ADVISORY if rule.only_warns else EnforcementLevel.MANDATORY
    return ResourceValidationPolicy(
        name=rule.name, description=rule.description, enforcement_level=level, validate=validate
    )


if __name__ == "__main__":
    PolicyPack("gitlab-runner", [policy(rule) for rule in RULES])
