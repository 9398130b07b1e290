"""Elastic Container Registry.

Source of what replaces and what is updated: the official provider's ``internal/service/ecr``.
"""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws.connection import Connection
from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, TAGS, AwsResource, given, tag_changes, tag_list, tag_map
from sandbox.standin.properties import Flag, Json, ListOf, Object, Property, Text
from sandbox.standin.provider import AutomaticName, Function, Refused
from sandbox.standin.values import Properties

MUTABILITY: Mapping[str, Property] = {
    "imageTagMutability": Text(
        default="MUTABLE",
        one_of=("MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"),
    ),
    "imageTagMutabilityExclusionFilters": ListOf(
        Object(
            {
                "filter": Text(required=True, minimum_length=1, maximum_length=128),
                "filterType": Text(required=True, one_of=("WILDCARD",)),
            }
        ),
        maximum_items=5,
    ),
}
"""Whether tags may be moved; also part of a repository creation template."""


class Repository(AwsResource):
    """A repository of images. Its id is its name."""

    token = "aws:ecr/repository:Repository"
    service = "ecr"
    gone = ("RepositoryNotFoundException",)
    automatic_name = AutomaticName()
    inputs = {
        "name": Text(replaces=True),
        **MUTABILITY,
        "imageScanningConfiguration": Object(
            {"scanOnPush": Flag(required=True)},
            computed=True,
        ),
        "encryptionConfigurations": ListOf(
            Object(
                {
                    "encryptionType": Text(
                        default="AES256", one_of=("AES256", "KMS", "KMS_DSSE"), replaces=True
                    ),
                    "kmsKey": Text(computed=True, replaces=True),
                }
            ),
            computed=True,
            replaces=True,
            maximum_items=1,
        ),
        "forceDelete": Flag(),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "registryId": Text(), "repositoryUrl": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the repository."""
        encryption = inputs.get("encryptionConfigurations") or [None]
        self.client.create_repository(
            repositoryName=inputs["name"],
            **given({name: inputs.get(name) for name in _SHAPED}),
            **given({"encryptionConfiguration": encryption[0], "tags": tag_list(inputs.get("tagsAll"))}),
        )
        return str(inputs["name"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The repository as it is now."""
        live = self.client.describe_repositories(repositoryNames=[resource_id])["repositories"][0]
        encryption = live.get("encryptionConfiguration")
        return {
            "name": live["repositoryName"],
            **{name: live.get(name) for name in _SHAPED},
            "encryptionConfigurations": [encryption] if encryption else None,
            "tagsAll": tag_map(self.client.list_tags_for_resource(resourceArn=live["repositoryArn"])["tags"]),
            "arn": live["repositoryArn"],
            "registryId": live["registryId"],
            "repositoryUrl": live["repositoryUri"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change what can be changed in place."""
        name = {"repositoryName": resource_id}
        if changed & {"imageTagMutability", "imageTagMutabilityExclusionFilters"}:
            self.client.put_image_tag_mutability(
                **name,
                **given(
                    {
                        "imageTagMutability": new["imageTagMutability"],
                        "imageTagMutabilityExclusionFilters": new.get("imageTagMutabilityExclusionFilters"),
                    }
                ),
            )
        if "imageScanningConfiguration" in changed:
            scanning = new.get("imageScanningConfiguration") or {"scanOnPush": False}
            self.client.put_image_scanning_configuration(**name, imageScanningConfiguration=scanning)
        if "tagsAll" in changed:
            added, removed = tag_changes(old, new)
            if removed:
                self.client.untag_resource(resourceArn=old["arn"], tagKeys=removed)
            if added:
                self.client.tag_resource(resourceArn=old["arn"], tags=tag_list(added))

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the repository; with its images only if ``forceDelete`` is set."""
        self.client.delete_repository(repositoryName=resource_id, force=bool(state.get("forceDelete")))


_SHAPED = ("imageTagMutability", "imageTagMutabilityExclusionFilters", "imageScanningConfiguration")
"""The properties that the API takes and gives as they are, under the same names."""


def same_lifecycle_policy(old: str, new: str) -> bool:
    """Whether two lifecycle policies mean the same, in whatever order their rules stand."""

    def normal(text: str) -> Any:
        document = json.loads(text)
        return {**document, "rules": sorted(document.get("rules", []), key=lambda rule: rule["rulePriority"])}

    return bool(normal(old) == normal(new))


class LifecyclePolicy(AwsResource):
    """The lifecycle policy of a repository. Its id is the repository's name."""

    token = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    service = "ecr"
    gone = ("LifecyclePolicyNotFoundException", "RepositoryNotFoundException")
    deletes_first = True
    inputs = {
        "repository": Text(required=True, replaces=True),
        "policy": Json(required=True, replaces=True, same=same_lifecycle_policy),
        **REGION,
    }
    outputs = {"registryId": Text()}

    def create(self, inputs: Properties) -> str:
        """Put the policy on the repository."""
        self.client.put_lifecycle_policy(
            repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"]
        )
        return str(inputs["repository"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The policy as it is now."""
        live = self.client.get_lifecycle_policy(repositoryName=resource_id)
        return {
            "repository": live["repositoryName"],
            "policy": live["lifecyclePolicyText"],
            "registryId": live["registryId"],
        }

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the policy."""
        self.client.delete_lifecycle_policy(repositoryName=resource_id)


class RepositoryPolicy(AwsResource):
    """The permissions on a repository. Its id is the repository's name."""

    token = "aws:ecr/repositoryPolicy:RepositoryPolicy"
    service = "ecr"
    gone = ("RepositoryPolicyNotFoundException", "RepositoryNotFoundException")
    inputs = {
        "repository": Text(required=True, replaces=True),
        "policy": PolicyDocument(required=True),
        **REGION,
    }
    outputs = {"registryId": Text()}

    def create(self, inputs: Properties) -> str:
        """Put the policy on the repository."""
        self._put(inputs)
        return str(inputs["repository"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The policy as it is now."""
        live = self.client.get_repository_policy(repositoryName=resource_id)
        return {
            "repository": live["repositoryName"],
            "policy": live["policyText"],
            "registryId": live["registryId"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Put the new policy in the place of the old one."""
        self._put(new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the policy."""
        self.client.delete_repository_policy(repositoryName=resource_id)

    def _put(self, inputs: Properties) -> None:
        self.client.set_repository_policy(repositoryName=inputs["repository"], policyText=inputs["policy"])


PREFIX: Mapping[str, Any] = {
    "pattern": r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*/?|ROOT",
    "pattern_meaning": "letters in lower case and digits, separated by . _ - or /, or ROOT",
}
"""What the prefix of repositories' names may be."""


class PullThroughCacheRule(AwsResource):
    """A rule after which images of another registry are pulled through. Its id is its prefix."""

    token = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
    service = "ecr"
    gone = ("PullThroughCacheRuleNotFoundException",)
    inputs = {
        "ecrRepositoryPrefix": Text(
            required=True,
            replaces=True,
            minimum_length=2,
            maximum_length=30,
            **PREFIX,
        ),
        "upstreamRegistryUrl": Text(required=True, replaces=True),
        "credentialArn": Text(pattern="arn:.+", pattern_meaning="an ARN"),
        "customRoleArn": Text(pattern="arn:.+", pattern_meaning="an ARN"),
        "upstreamRepositoryPrefix": Text(
            default="ROOT", replaces=True, minimum_length=2, maximum_length=30, **PREFIX
        ),
        **REGION,
    }
    outputs = {"registryId": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the rule."""
        self.client.create_pull_through_cache_rule(**given({name: inputs.get(name) for name in _RULE}))
        return str(inputs["ecrRepositoryPrefix"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The rule as it is now."""
        found = self.client.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[resource_id])
        live = found["pullThroughCacheRules"][0]
        return {name: live.get(name) for name in (*_RULE, "registryId")}

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change how ECR logs in; like the official provider, it takes no secret and no role away."""
        self.client.update_pull_through_cache_rule(
            ecrRepositoryPrefix=resource_id,
            **given({name: new.get(name) for name in ("credentialArn", "customRoleArn")}),
        )

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the rule; what is cached stays."""
        self.client.delete_pull_through_cache_rule(ecrRepositoryPrefix=resource_id)


_RULE = (
    "ecrRepositoryPrefix",
    "upstreamRegistryUrl",
    "upstreamRepositoryPrefix",
    "credentialArn",
    "customRoleArn",
)
"""The properties that the API takes and gives as they are, under the same names."""


class GetImage(Function[Connection]):
    """An image by its tag or digest."""

    token = "aws:ecr/getImage:getImage"
    arguments = {
        "repositoryName": Text(required=True),
        "imageTag": Text(),
        "imageDigest": Text(),
        "registryId": Text(),
        **REGION,
    }

    def call(self, arguments: Properties) -> Properties:
        """The image; an error where it or its repository is not there."""
        client = self.connection.client("ecr")
        registry = given({"registryId": arguments.get("registryId")})
        image = given({name: arguments.get(name) for name in ("imageTag", "imageDigest")})
        if not image:
            raise Refused("one of imageTag and imageDigest is required")
        name = arguments["repositoryName"]
        found = client.describe_images(repositoryName=name, imageIds=[image], **registry)["imageDetails"][0]
        repository = client.describe_repositories(repositoryNames=[name], **registry)["repositories"][0]
        return {
            **arguments,
            "id": found["imageDigest"],
            "region": self.connection.region,
            "imageDigest": found["imageDigest"],
            "imagePushedAt": int(found["imagePushedAt"].timestamp()),
            "imageSizeInBytes": found.get("imageSizeInBytes", 0),
            "imageTags": found.get("imageTags", []),
            "imageUri": f"{repository['repositoryUri']}@{found['imageDigest']}",
            "registryId": found["registryId"],
        }
