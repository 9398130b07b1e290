"""Identity and Access Management, which is global: its resources have no region.

Source of updates and replacements: the official provider's ``internal/service/iam``.
"""

from typing import Any

from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import TAGS
from sandbox.providers.aws.shapes import OwnText
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Flag, Number, SetOf, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties

_LARGEST_NUMBER_OF_VERSIONS = 5
"""The maximum number of versions of a managed policy: "IAM and AWS STS quotas" in the IAM user guide."""


class _IamResource(TableResource):
    service = "iam"
    gone = ("NoSuchEntity",)


class Role(_IamResource):
    """A role. Its id is its name."""

    token = "aws:iam/role:Role"
    automatic_name = AutomaticName(maximum_length=64)
    inputs = {
        "name": Text(replaces=True, service_name="RoleName"),
        "path": Text(default="/", replaces=True),
        "description": Text(),
        "assumeRolePolicy": PolicyDocument(required=True, service_name="AssumeRolePolicyDocument"),
        "permissionsBoundary": Text(),
        "forceDetachPolicies": Flag(default=False),
        **TAGS,
    }
    outputs = {"arn": Text(), "createDate": Text(), "uniqueId": Text(service_name="RoleId")}
    makes, shows, removes, tagged = "CreateRole", "GetRole", "DeleteRole", "Role"
    changes = {
        "description": "UpdateRole",
        "permissionsBoundary": ("PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"),
    }
    identity, place, emptied = ("name",), "Role", ("description",)
    unshown = ("forceDetachPolicies",)

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        live = self.find(resource_id, known) or {}
        boundary = live.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return {**self.shown(live), "permissionsBoundary": boundary}

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        if "assumeRolePolicy" in changed:
            document = new["assumeRolePolicy"]
            self.client.update_assume_role_policy(RoleName=resource_id, PolicyDocument=document)
        super().change(resource_id, old, new, changed)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the role; with ``forceDetachPolicies``, detach and delete its policies first."""
        role = {"RoleName": resource_id}
        for profile in self.client.list_instance_profiles_for_role(**role)["InstanceProfiles"]:
            self.client.remove_role_from_instance_profile(
                **role, InstanceProfileName=profile["InstanceProfileName"]
            )
        if state.get("forceDetachPolicies"):
            for policy in self.client.list_attached_role_policies(**role)["AttachedPolicies"]:
                self.client.detach_role_policy(**role, PolicyArn=policy["PolicyArn"])
            for name in self.client.list_role_policies(**role)["PolicyNames"]:
                self.client.delete_role_policy(**role, PolicyName=name)
        super().remove(resource_id, state)


class RolePolicy(_IamResource):
    """An inline policy of a role. Its id is ``ROLE:NAME``."""

    token = "aws:iam/rolePolicy:RolePolicy"
    automatic_name = AutomaticName(maximum_length=128)
    inputs = {
        "name": Text(replaces=True, service_name="PolicyName"),
        "role": Text(required=True, replaces=True, service_name="RoleName"),
        "policy": PolicyDocument(required=True, service_name="PolicyDocument"),
    }
    makes, shows, removes = "PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy"
    identity, separator = ("role", "name"), ":"


class Policy(_IamResource):
    """A customer managed policy. Its id is its ARN."""

    token = "aws:iam/policy:Policy"
    automatic_name = AutomaticName(maximum_length=128)
    inputs = {
        "name": Text(replaces=True, service_name="PolicyName"),
        "path": Text(default="/", replaces=True),
        "description": Text(replaces=True),
        "policy": PolicyDocument(required=True, service_name="PolicyDocument"),
        **TAGS,
    }
    outputs = {"arn": Text(), "attachmentCount": Number(), "policyId": Text()}
    makes, shows, removes, tagged = "CreatePolicy", "GetPolicy", "DeletePolicy", "Policy"
    chosen, made, place = "PolicyArn", "Policy.Arn", "Policy"

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The current properties of the policy, with the document of its default version."""
        live = self.find(resource_id, known) or {}
        version = self.client.get_policy_version(PolicyArn=resource_id, VersionId=live["DefaultVersionId"])
        return self.shown({**live, "PolicyDocument": version["PolicyVersion"]["Document"]})

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Create a new default version, and delete the oldest of five."""
        policy = {"PolicyArn": resource_id}
        others = self._other_versions(resource_id)
        if len(others) >= _LARGEST_NUMBER_OF_VERSIONS - 1:
            oldest = min(others, key=lambda version: version["CreateDate"])
            self.client.delete_policy_version(**policy, VersionId=oldest["VersionId"])
        self.client.create_policy_version(**policy, PolicyDocument=new["policy"], SetAsDefault=True)

    def remove(self, resource_id: str, state: Properties) -> None:
        for version in self._other_versions(resource_id):
            self.client.delete_policy_version(PolicyArn=resource_id, VersionId=version["VersionId"])
        super().remove(resource_id, state)

    def _other_versions(self, resource_id: str) -> list[dict[str, Any]]:
        """Every version but the default one."""
        versions = self.client.list_policy_versions(PolicyArn=resource_id)["Versions"]
        return [version for version in versions if not version["IsDefaultVersion"]]


class RolePolicyAttachment(_IamResource):
    """A managed policy attached to a role. Its id is ``ROLE/POLICY_ARN``."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    inputs = {
        "role": Text(required=True, replaces=True, service_name="RoleName"),
        "policyArn": Text(required=True, replaces=True),
    }
    makes, removes, identity = "AttachRolePolicy", "DetachRolePolicy", ("role", "policyArn")
    deletes_first = True  # pulumi/pulumi-aws, provider/resources.go: DeleteBeforeReplace

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        role, policy = resource_id.split("/", 1)
        pages = self.client.get_paginator("list_attached_role_policies").paginate(RoleName=role)
        attached = [one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]]
        return {"role": role, "policyArn": policy} if policy in attached else None


class InstanceProfile(_IamResource):
    """An instance profile. Its id is its name."""

    token = "aws:iam/instanceProfile:InstanceProfile"
    automatic_name = AutomaticName(maximum_length=128)
    inputs = {
        "name": Text(replaces=True, service_name="InstanceProfileName"),
        "path": Text(default="/", replaces=True),
        "role": Text(),
        **TAGS,
    }
    outputs = {"arn": Text(), "createDate": Text(), "uniqueId": Text(service_name="InstanceProfileId")}
    makes, shows, removes = "CreateInstanceProfile", "GetInstanceProfile", "DeleteInstanceProfile"
    tagged = "InstanceProfile"
    identity, place = ("name",), "InstanceProfile"

    def complete(self, resource_id: str, inputs: Properties) -> None:
        if role := inputs.get("role"):
            self.client.add_role_to_instance_profile(InstanceProfileName=resource_id, RoleName=role)

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        live = self.find(resource_id, known) or {}
        return {**self.shown(live), "role": live["Roles"][0]["RoleName"] if live["Roles"] else None}

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        self._remove_role(resource_id, old.get("role"))
        self.complete(resource_id, new)

    def remove(self, resource_id: str, state: Properties) -> None:
        self._remove_role(resource_id, state.get("role"))
        super().remove(resource_id, state)

    def _remove_role(self, profile: str, role: Any) -> None:
        live = self.client.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
        if role in [member["RoleName"] for member in live["Roles"]]:
            self.client.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=role)


def _same_address(old: str, new: str) -> bool:
    """Whether two URLs are equal: the service returns them without the scheme."""
    return old.removeprefix("https://") == new.removeprefix("https://")


class OpenIdConnectProvider(TableResource):
    """An OpenID Connect provider. Its id is its ARN."""

    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    service = "iam"
    gone = ("NoSuchEntity",)
    inputs = {
        "url": OwnText(required=True, replaces=True, same=_same_address),
        "clientIdLists": SetOf(Text(), required=True),
        **TAGS,
    }
    outputs = {"arn": Text()}
    makes, shows = "CreateOpenIDConnectProvider", "GetOpenIDConnectProvider"
    removes, tagged = "DeleteOpenIDConnectProvider", "OpenIDConnectProvider"
    chosen = "OpenIDConnectProviderArn"

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        live = super().describe(resource_id, known)
        return live and {**live, "arn": resource_id}

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        provider = {"OpenIDConnectProviderArn": resource_id}
        before, after = set(old["clientIdLists"]), set(new["clientIdLists"])
        for client in sorted(after - before):
            self.client.add_client_id_to_open_id_connect_provider(**provider, ClientID=client)
        for client in sorted(before - after):
            self.client.remove_client_id_from_open_id_connect_provider(**provider, ClientID=client)
