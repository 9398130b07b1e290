"""Elastic Container Registry.

Source of updates and replacements: the official provider's ``internal/service/ecr``.
"""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws.connection import Connection
from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, TAGS, given
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Flag, Json, ListOf, Object, Property, Text
from sandbox.standin.provider import AutomaticName, Function, Refused
from sandbox.standin.values import Properties

MUTABILITY: Mapping[str, Property] = {
    "imageTagMutability": Text(default="MUTABLE"),
    "imageTagMutabilityExclusionFilters": ListOf(
        Object({"filter": Text(required=True), "filterType": Text(required=True)})
    ),
}
"""The tag mutability settings; also part of a repository creation template."""


class Repository(TableResource):
    """A repository of images. Its id is its name."""

    token = "aws:ecr/repository:Repository"
    service = "ecr"
    gone = ("RepositoryNotFoundException",)
    automatic_name = AutomaticName()
    inputs = {
        "name": Text(replaces=True, service_name="repositoryName"),
        **MUTABILITY,
        "imageScanningConfiguration": Object({"scanOnPush": Flag(required=True)}, computed=True),
        "encryptionConfigurations": ListOf(
            Object(
                {
                    "encryptionType": Text(default="AES256", replaces=True),
                    "kmsKey": Text(computed=True, replaces=True),
                }
            ),
            computed=True,
            replaces=True,
            maximum_items=1,
        ),
        "forceDelete": Flag(service_name="force"),
        **REGION,
        **TAGS,
    }
    outputs = {
        "arn": Text(service_name="repositoryArn"),
        "registryId": Text(),
        "repositoryUrl": Text(service_name="repositoryUri"),
    }
    makes, shows, removes = "CreateRepository", "DescribeRepositories", "DeleteRepository"
    changes = {
        **dict.fromkeys(MUTABILITY, "PutImageTagMutability"),
        "imageScanningConfiguration": "PutImageScanningConfiguration",
    }
    identity, place, tagged_by = ("name",), "repositories", "arn"
    unshown = ("forceDelete",)

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change what can be changed in place; without a scanning configuration, nothing is scanned."""
        super().change(
            resource_id, old, {"imageScanningConfiguration": {"scanOnPush": False}, **new}, changed
        )


def same_lifecycle_policy(old: str, new: str) -> bool:
    """Whether two lifecycle policies are equal; the order of their rules does not matter."""

    def normal(text: str) -> Any:
        document = json.loads(text)
        return {**document, "rules": sorted(document.get("rules", []), key=lambda rule: rule["rulePriority"])}

    return bool(normal(old) == normal(new))


_REPOSITORY = Text(required=True, replaces=True, service_name="repositoryName")


class LifecyclePolicy(TableResource):
    """The lifecycle policy of a repository. Its id is the repository's name."""

    token = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    service = "ecr"
    gone = ("LifecyclePolicyNotFoundException", "RepositoryNotFoundException")
    deletes_first = True  # pulumi/pulumi-aws, provider/resources.go: DeleteBeforeReplace
    inputs = {
        "repository": _REPOSITORY,
        "policy": Json(
            required=True, replaces=True, same=same_lifecycle_policy, service_name="lifecyclePolicyText"
        ),
        **REGION,
    }
    outputs = {"registryId": Text()}
    makes, shows, removes = "PutLifecyclePolicy", "GetLifecyclePolicy", "DeleteLifecyclePolicy"
    identity = ("repository",)


class RepositoryPolicy(TableResource):
    """The policy of a repository. Its id is the repository's name."""

    token = "aws:ecr/repositoryPolicy:RepositoryPolicy"
    service = "ecr"
    gone = ("RepositoryPolicyNotFoundException", "RepositoryNotFoundException")
    inputs = {
        "repository": _REPOSITORY,
        "policy": PolicyDocument(required=True, service_name="policyText"),
        **REGION,
    }
    outputs = {"registryId": Text()}
    makes, shows, removes = "SetRepositoryPolicy", "GetRepositoryPolicy", "DeleteRepositoryPolicy"
    identity = ("repository",)


class PullThroughCacheRule(TableResource):
    """A pull-through cache rule. Its id is its prefix.

    As in the official provider, an update does not remove a secret or a role.
    """

    token = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
    service = "ecr"
    gone = ("PullThroughCacheRuleNotFoundException",)
    inputs = {
        "ecrRepositoryPrefix": Text(required=True, replaces=True),
        "upstreamRegistryUrl": Text(required=True, replaces=True),
        "credentialArn": Text(),
        "customRoleArn": Text(pattern="arn:.+", pattern_meaning="an ARN"),
        "upstreamRepositoryPrefix": Text(replaces=True),
        **REGION,
    }
    outputs = {"registryId": Text()}

    makes, changes = "CreatePullThroughCacheRule", "UpdatePullThroughCacheRule"
    shows, removes = "DescribePullThroughCacheRules", "DeletePullThroughCacheRule"
    identity, place = ("ecrRepositoryPrefix",), "pullThroughCacheRules"


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
        """The image; an error if it or its repository is not found."""
        client = self.connection.client("ecr")
        registry = given({"registryId": arguments.get("registryId")})
        image = given({name: arguments.get(name) for name in ("imageTag", "imageDigest")})
        if not image:
            raise Refused("one of imageTag and imageDigest is required")
        name = arguments["repositoryName"]
        try:
            listed = client.describe_images(repositoryName=name, imageIds=[image], **registry)
        except (client.exceptions.ImageNotFoundException, client.exceptions.RepositoryNotFoundException):
            raise Refused("reading ECR Images: couldn't find resource") from None
        found = listed["imageDetails"][0]
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
