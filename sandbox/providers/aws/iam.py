"""Identity and Access Management, which is global: its resources have no region.

Source of what replaces and what is updated: the official provider's ``internal/service/iam``.
"""

import json
from typing import Any

from sandbox.providers.aws.names import name_from, naming
from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import TAGS, AwsResource, given, tag_changes, tag_list, tag_map
from sandbox.standin.properties import Flag, Number, Text
from sandbox.standin.values import Properties

_LARGEST_NUMBER_OF_VERSIONS = 5
"""How many versions a managed policy may have: "IAM and AWS STS quotas" in the IAM user guide."""


class _IamResource(AwsResource):
    service = "iam"
    gone = ("NoSuchEntity",)


class Role(_IamResource):
    """A role. Its id is its name."""

    token = "aws:iam/role:Role"
    automatic_name, names = naming(maximum_length=64)
    inputs = {
        **names,
        "path": Text(default="/", replaces=True, maximum_length=512),
        "description": Text(maximum_length=1000),
        "assumeRolePolicy": PolicyDocument(required=True),
        "permissionsBoundary": Text(),
        "maxSessionDuration": Number(default=3600, minimum=3600, maximum=43200),
        "forceDetachPolicies": Flag(default=False),
        **TAGS,
    }
    outputs = {"arn": Text(), "createDate": Text(), "uniqueId": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the role."""
        name = name_from(inputs)
        self.client.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            **given(
                {
                    "Path": inputs.get("path"),
                    "Description": inputs.get("description"),
                    "MaxSessionDuration": inputs.get("maxSessionDuration"),
                    "PermissionsBoundary": inputs.get("permissionsBoundary"),
                    "Tags": tag_list(inputs.get("tagsAll")),
                }
            ),
        )
        return name

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The role as it is now."""
        live = self.client.get_role(RoleName=resource_id)["Role"]
        return {
            "name": live["RoleName"],
            "path": live["Path"],
            "description": live.get("Description"),
            "assumeRolePolicy": json.dumps(live["AssumeRolePolicyDocument"]),
            "permissionsBoundary": live.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "maxSessionDuration": live["MaxSessionDuration"],
            "tagsAll": tag_map(live.get("Tags")),
            "arn": live["Arn"],
            "createDate": _time(live["CreateDate"]),
            "uniqueId": live["RoleId"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change what can be changed in place."""
        role = {"RoleName": resource_id}
        if "assumeRolePolicy" in changed:
            self.client.update_assume_role_policy(**role, PolicyDocument=new["assumeRolePolicy"])
        if changed & {"description", "maxSessionDuration"}:
            self.client.update_role(
                **role,
                Description=new.get("description", ""),
                MaxSessionDuration=new["maxSessionDuration"],
            )
        if "permissionsBoundary" in changed:
            if boundary := new.get("permissionsBoundary"):
                self.client.put_role_permissions_boundary(**role, PermissionsBoundary=boundary)
            else:
                self.client.delete_role_permissions_boundary(**role)
        if "tagsAll" in changed:
            added, removed = tag_changes(old, new)
            if removed:
                self.client.untag_role(**role, TagKeys=removed)
            if added:
                self.client.tag_role(**role, Tags=tag_list(added))

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the role; with ``forceDetachPolicies``, whatever policies it has are taken off first."""
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
        self.client.delete_role(**role)


class RolePolicy(_IamResource):
    """A policy inside a role. Its id is ``ROLE:NAME``."""

    token = "aws:iam/rolePolicy:RolePolicy"
    automatic_name, names = naming(maximum_length=128)
    inputs = {
        **names,
        "role": Text(required=True, replaces=True),
        "policy": PolicyDocument(required=True),
    }

    def create(self, inputs: Properties) -> str:
        """Put the policy into the role."""
        name = name_from(inputs)
        self._put(inputs["role"], name, inputs["policy"])
        return f"{inputs['role']}:{name}"

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The policy as it is now."""
        role, name = resource_id.split(":", 1)
        live = self.client.get_role_policy(RoleName=role, PolicyName=name)
        return {
            "name": live["PolicyName"],
            "role": live["RoleName"],
            "policy": json.dumps(live["PolicyDocument"]),
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Put the new policy in the place of the old one."""
        role, name = resource_id.split(":", 1)
        self._put(role, name, new["policy"])

    def remove(self, resource_id: str, state: Properties) -> None:
        """Take the policy out of the role."""
        role, name = resource_id.split(":", 1)
        self.client.delete_role_policy(RoleName=role, PolicyName=name)

    def _put(self, role: str, name: str, policy: str) -> None:
        self.client.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)


class Policy(_IamResource):
    """A managed policy of one's own. Its id is its ARN."""

    token = "aws:iam/policy:Policy"
    automatic_name, names = naming(maximum_length=128)
    inputs = {
        **names,
        "path": Text(default="/", replaces=True, maximum_length=512),
        "description": Text(replaces=True, maximum_length=1000),
        "policy": PolicyDocument(required=True),
        **TAGS,
    }
    outputs = {"arn": Text(), "attachmentCount": Number(), "policyId": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the policy."""
        described = {
            "Path": inputs.get("path"),
            "Description": inputs.get("description"),
            "Tags": tag_list(inputs.get("tagsAll")),
        }
        made = self.client.create_policy(
            PolicyName=name_from(inputs), PolicyDocument=inputs["policy"], **given(described)
        )
        return str(made["Policy"]["Arn"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The policy as it is now, with the document of its default version."""
        live = self.client.get_policy(PolicyArn=resource_id)["Policy"]
        version = self.client.get_policy_version(PolicyArn=resource_id, VersionId=live["DefaultVersionId"])
        return {
            "name": live["PolicyName"],
            "path": live["Path"],
            "description": live.get("Description"),
            "policy": json.dumps(version["PolicyVersion"]["Document"]),
            "tagsAll": tag_map(live.get("Tags")),
            "arn": live["Arn"],
            "attachmentCount": live["AttachmentCount"],
            "policyId": live["PolicyId"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Make a new default version, without the oldest one where there are five; change the tags."""
        policy = {"PolicyArn": resource_id}
        if "policy" in changed:
            others = self._other_versions(resource_id)
            if len(others) >= _LARGEST_NUMBER_OF_VERSIONS - 1:
                oldest = min(others, key=lambda version: version["CreateDate"])
                self.client.delete_policy_version(**policy, VersionId=oldest["VersionId"])
            self.client.create_policy_version(**policy, PolicyDocument=new["policy"], SetAsDefault=True)
        if "tagsAll" in changed:
            added, removed = tag_changes(old, new)
            if removed:
                self.client.untag_policy(**policy, TagKeys=removed)
            if added:
                self.client.tag_policy(**policy, Tags=tag_list(added))

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the policy with all its versions."""
        for version in self._other_versions(resource_id):
            self.client.delete_policy_version(PolicyArn=resource_id, VersionId=version["VersionId"])
        self.client.delete_policy(PolicyArn=resource_id)

    def _other_versions(self, resource_id: str) -> list[dict[str, Any]]:
        """Every version but the default one."""
        versions = self.client.list_policy_versions(PolicyArn=resource_id)["Versions"]
        return [version for version in versions if not version["IsDefaultVersion"]]


class RolePolicyAttachment(_IamResource):
    """A managed policy on a role. Its id is ``ROLE/POLICY_ARN``."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    inputs = {
        "role": Text(required=True, replaces=True),
        "policyArn": Text(required=True, replaces=True),
    }

    def create(self, inputs: Properties) -> str:
        """Attach the policy."""
        self.client.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The role and the policy, as long as the role has it."""
        role, policy = resource_id.split("/", 1)
        pages = self.client.get_paginator("list_attached_role_policies").paginate(RoleName=role)
        attached = [one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]]
        return {"role": role, "policyArn": policy} if policy in attached else None

    def remove(self, resource_id: str, state: Properties) -> None:
        """Detach the policy."""
        role, policy = resource_id.split("/", 1)
        self.client.detach_role_policy(RoleName=role, PolicyArn=policy)


class InstanceProfile(_IamResource):
    """What hands a role to instances. Its id is its name."""

    token = "aws:iam/instanceProfile:InstanceProfile"
    automatic_name, names = naming(maximum_length=128)
    inputs = {
        **names,
        "path": Text(default="/", replaces=True),
        "role": Text(),
        **TAGS,
    }
    outputs = {"arn": Text(), "createDate": Text(), "uniqueId": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the profile, without its role."""
        name = name_from(inputs)
        self.client.create_instance_profile(
            InstanceProfileName=name,
            Path=inputs["path"],
            **given({"Tags": tag_list(inputs.get("tagsAll"))}),
        )
        return name

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Add the role."""
        if role := inputs.get("role"):
            self.client.add_role_to_instance_profile(InstanceProfileName=resource_id, RoleName=role)

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The profile as it is now."""
        live = self.client.get_instance_profile(InstanceProfileName=resource_id)["InstanceProfile"]
        return {
            "name": live["InstanceProfileName"],
            "path": live["Path"],
            "role": live["Roles"][0]["RoleName"] if live["Roles"] else None,
            "tagsAll": tag_map(live.get("Tags")),
            "arn": live["Arn"],
            "createDate": _time(live["CreateDate"]),
            "uniqueId": live["InstanceProfileId"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change the role and the tags in place."""
        profile = {"InstanceProfileName": resource_id}
        if "role" in changed:
            self._remove_role(resource_id, old.get("role"))
            self.complete(resource_id, new)
        if "tagsAll" in changed:
            added, removed = tag_changes(old, new)
            if removed:
                self.client.untag_instance_profile(**profile, TagKeys=removed)
            if added:
                self.client.tag_instance_profile(**profile, Tags=tag_list(added))

    def remove(self, resource_id: str, state: Properties) -> None:
        """Take the role out and delete the profile."""
        self._remove_role(resource_id, state.get("role"))
        self.client.delete_instance_profile(InstanceProfileName=resource_id)

    def _remove_role(self, profile: str, role: Any) -> None:
        live = self.client.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
        if role in [member["RoleName"] for member in live["Roles"]]:
            self.client.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=role)


def _time(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
