"""IAM resources with the mark of a stack."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from shlex import quote
from typing import Any

from pulumi_gitlab_runner.doctor.leftovers.arn import listed
from pulumi_gitlab_runner.doctor.leftovers.marked import IMPORTED_BY_PREVIEW, Marked
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG

_PARALLEL_REQUESTS = 8
"""The number of parallel requests for tags; an account may have thousands of roles."""
_ROLE_PARENTS = (
    *("RunnerManagerRole", "JobRole", "PipelineRoles", "HostedRunnerAuth"),
    *("EcrSettings", "RunnerImage", "RunnerNetwork"),
)
"""The components that create roles."""
_OF_AWS = ("/aws-service-role/", "/aws-reserved/", "/service-role/")
"""The paths of roles that AWS creates."""

_Resource = dict[str, Any]


def marked_in_iam(iam: Any, mark: str) -> Iterator[Marked]:
    """The IAM resources with a mark, `PROJECT/STACK`."""

    def marked(resources: Iterable[_Resource], tags_of: Callable[[_Resource], Any]) -> Iterator[_Resource]:
        every = list(resources)
        with ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
            tags = pool.map(tags_of, every)
        for each, its in zip(every, tags, strict=True):
            if {"Key": STACK_TAG, "Value": mark} in its:
                yield each

    every_role = listed(iam, "list_roles", "Roles")
    roles = (each for each in every_role if not each["Path"].startswith(_OF_AWS))
    for role in marked(roles, lambda each: iam.list_role_tags(RoleName=each["RoleName"])["Tags"]):
        yield _role(iam, role)
    policies = listed(iam, "list_policies", "Policies", Scope="Local")
    for policy in marked(policies, lambda each: iam.list_policy_tags(PolicyArn=each["Arn"])["Tags"]):
        yield _policy(iam, policy)
    # ListInstanceProfiles returns no tags, GetInstanceProfile does.
    names = (
        each["InstanceProfileName"] for each in listed(iam, "list_instance_profiles", "InstanceProfiles")
    )
    profiles = (iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"] for name in names)
    for profile in marked(profiles, lambda each: each.get("Tags", ())):
        yield _profile(profile)
    providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    shown = iam.get_open_id_connect_provider
    for provider in marked(
        providers, lambda each: shown(OpenIDConnectProviderArn=each["Arn"]).get("Tags", ())
    ):
        arn = provider["Arn"]
        delete = f"aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {quote(arn)}"
        type_ = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
        what = f"the OpenID Connect provider {arn}"
        yield Marked(what, type_, arn, arn, delete, instead=IMPORTED_BY_PREVIEW)


def _role(iam: Any, role: _Resource) -> Marked:
    """A role, which IAM deletes only without policies and instance profiles."""
    name = role["RoleName"]
    first = [
        f"aws iam delete-role-policy --role-name {name} --policy-name {quote(each)}"
        for each in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    first += [
        f"aws iam detach-role-policy --role-name {name} --policy-arn {quote(each['PolicyArn'])}"
        for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    ]
    first += [
        f"aws iam remove-role-from-instance-profile --role-name {name} --instance-profile-name "
        f"{each['InstanceProfileName']}"
        for each in iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]
    ]
    return Marked(
        f"the IAM role {name}",
        "aws:iam/role:Role",
        name,
        role["Arn"],
        " && ".join([*first, f"aws iam delete-role --role-name {name}"]),
        name,
        _ROLE_PARENTS,
    )


def _policy(iam: Any, policy: _Resource) -> Marked:
    """A managed policy, which IAM deletes only if it is not attached and has no older versions."""
    name, arn = policy["PolicyName"], policy["Arn"]
    written = quote(arn)  # the path of a policy may have any character
    first = [
        f"aws iam detach-role-policy --role-name {each['RoleName']} --policy-arn {written}"
        for each in iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")["PolicyRoles"]
    ]
    first += [
        f"aws iam delete-policy-version --policy-arn {written} --version-id {each['VersionId']}"
        for each in iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if not each["IsDefaultVersion"]
    ]
    return Marked(
        f"the IAM policy {name}",
        "aws:iam/policy:Policy",
        arn,
        arn,
        # `;` and not `&&`: it may be detached already, by the command that deletes the role.
        "; ".join([*first, f"aws iam delete-policy --policy-arn {written}"]),
        name,
        ("PipelineRoles",),
    )


def _profile(profile: _Resource) -> Marked:
    name = profile["InstanceProfileName"]
    first = [
        f"aws iam remove-role-from-instance-profile --instance-profile-name {name} --role-name "
        f"{each['RoleName']}"
        for each in profile["Roles"]
    ]
    return Marked(
        f"the instance profile {name}",
        "aws:iam/instanceProfile:InstanceProfile",
        name,
        profile["Arn"],
        " && ".join([*first, f"aws iam delete-instance-profile --instance-profile-name {name}"]),
        name,
        ("RunnerManagerRole", "RunnerImage"),
    )
