"""The policy pack: every rule as a Pulumi policy."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from rules.credentials import NO_CREDS_STORE, RUNNER_TOKENS_ENCRYPTED, USER_DATA_WITHOUT_TOKEN
from rules.hosts import DISKS_ENCRYPTED, METADATA_OUT_OF_REACH
from rules.jobs import NO_ENGINE_SOCKET, NO_PRIVILEGED_RUNNER
from rules.network import NO_OPEN_INGRESS
from rules.permissions import NO_ADMINISTRATOR, PRINCIPALS_NAMED, RESOURCES_NAMED
from rules.repositories import IMMUTABLE_TAGS, SCAN_ON_PUSH
from rules.rule import EXEMPT, Changeable, Resource, Rule

RULES = (
    IMMUTABLE_TAGS,
    SCAN_ON_PUSH,
    METADATA_OUT_OF_REACH,
    DISKS_ENCRYPTED,
    NO_OPEN_INGRESS,
    RESOURCES_NAMED,
    NO_ADMINISTRATOR,
    PRINCIPALS_NAMED,
    RUNNER_TOKENS_ENCRYPTED,
    NO_CREDS_STORE,
    USER_DATA_WITHOUT_TOKEN,
    NO_ENGINE_SOCKET,
    NO_PRIVILEGED_RUNNER,
)


def policy(rule: Rule) -> ResourceValidationPolicy:
    """Return the Pulumi policy of a rule."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        given = args.get_config()
        if rule.applies_to(args.resource_type, args.name, args.urn, given):
            for problem in rule.problems(Resource(args.resource_type, args.props, rule.configured(given))):
                report(problem, None)

    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.description,
        enforcement_level=EnforcementLevel.ADVISORY if rule.only_warns else EnforcementLevel.MANDATORY,
        validate=validate,
        config_schema=_config_schema(rule),
        remediate=_remediation(rule),
    )


def _config_schema(rule: Rule) -> PolicyConfigSchema:
    exempt = {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "The names or URNs of resources that the rule ignores; `*` matches any text.",
    }
    own = {name: {**setting.schema, "default": setting.default} for name, setting in rule.settings.items()}
    return PolicyConfigSchema({EXEMPT: exempt, **own})


def _remediation(rule: Rule) -> Callable[[ResourceValidationArgs], Any] | None:
    """Return the remediation, which Pulumi calls if the configured enforcement level is `remediate`."""
    change = rule.remediate
    if change is None:
        return None

    def remediate(args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        given = args.get_config()
        if not rule.applies_to(args.resource_type, args.name, args.urn, given):
            return None
        # The inputs are changed in place: Pulumi's mapping keeps secrets marked as secrets.
        resource = Resource(args.resource_type, args.props, rule.configured(given))
        inputs = cast("Changeable", args.props)
        return args.props if change(resource, inputs) else None

    return remediate


if __name__ == "__main__":
    PolicyPack("gitlab-runner", [policy(rule) for rule in RULES])
