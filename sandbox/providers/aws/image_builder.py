"""EC2 Image Builder: the resources that describe a machine image, and the pipeline that builds it.

Source of the properties and of replacements: the official provider's ``internal/service/imagebuilder``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.providers.aws.resource import REGION, TAGS
from sandbox.providers.aws.shapes import TextFlag
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Flag, ListOf, MapOf, Number, Object, SetOf, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties

_NAME = Text(replaces=True)


class _Described(TableResource):
    """A resource of Image Builder. Its id is its ARN; ``kind`` is its name in the operations.

    An update sends all properties: it removes those that are left out.
    """

    service = "imagebuilder"
    gone = ("ResourceNotFoundException",)
    outputs = {"arn": Text()}
    automatic_name = AutomaticName()
    kind: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Set the names of the operations."""
        if kind := vars(cls).get("kind"):
            cls.makes, cls.shows, cls.changes, cls.removes = (
                f"{verb}{kind}" for verb in ("Create", "Get", "Update", "Delete")
            )
            cls.chosen = cls.chosen or f"{kind[0].lower()}{kind[1:]}Arn"
            cls.place = f"{kind[0].lower()}{kind[1:]}"


_VERSION = Text(
    required=True,
    replaces=True,
    service_name="SemanticVersion",
    pattern=r"\d+\.\d+\.\d+",
    pattern_meaning="a version such as 1.0.0",
)
_DESCRIPTION = Text()
_FIXED_DESCRIPTION = Text(replaces=True)


class _Versioned(_Described):
    """A versioned resource: only its tags can change; other content requires another version."""

    def shown(self, live: Mapping[str, Any]) -> Properties:
        """The properties in a response, in which the version has another name."""
        return super().shown({**live, "semanticVersion": live["version"]})


class Component(_Versioned):
    """A component: the steps to customize an image."""

    token = "aws:imagebuilder/component:Component"
    kind, chosen = "Component", "componentBuildVersionArn"
    inputs = {
        "name": _NAME,
        "version": _VERSION,
        "platform": Text(required=True, replaces=True),
        "description": _FIXED_DESCRIPTION,
        "data": Text(replaces=True),
        **REGION,
        **TAGS,
    }


class ImageRecipe(_Versioned):
    """A recipe: the parent image and the components of a new image."""

    token = "aws:imagebuilder/imageRecipe:ImageRecipe"
    kind = "ImageRecipe"
    inputs = {
        "name": _NAME,
        "version": _VERSION,
        "description": _FIXED_DESCRIPTION,
        "parentImage": Text(required=True, replaces=True),
        "components": ListOf(Object({"componentArn": Text(required=True)}), required=True, replaces=True),
        "blockDeviceMappings": SetOf(
            Object(
                {
                    "deviceName": Text(),
                    "ebs": Object(
                        {
                            "deleteOnTermination": TextFlag(),
                            "encrypted": TextFlag(),
                            "kmsKeyId": Text(),
                            "volumeSize": Number(),
                            "volumeType": Text(),
                        }
                    ),
                }
            ),
            replaces=True,
        ),
        **REGION,
        **TAGS,
    }


class InfrastructureConfiguration(_Described):
    """The settings of the instance that builds an image."""

    token = "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"
    kind = "InfrastructureConfiguration"
    inputs = {
        "name": _NAME,
        "description": _DESCRIPTION,
        "instanceProfileName": Text(required=True),
        "instanceTypes": SetOf(Text()),
        "securityGroupIds": SetOf(Text()),
        "subnetId": Text(),
        "instanceMetadataOptions": Object({"httpTokens": Text(), "httpPutResponseHopLimit": Number()}),
        "terminateInstanceOnFailure": Flag(default=False),
        "resourceTags": MapOf(Text()),
        **REGION,
        **TAGS,
    }


class DistributionConfiguration(_Described):
    """The distribution of a built image."""

    token = "aws:imagebuilder/distributionConfiguration:DistributionConfiguration"
    kind = "DistributionConfiguration"
    inputs = {
        "name": _NAME,
        "description": _DESCRIPTION,
        "distributions": SetOf(
            Object(
                {
                    "region": Text(required=True),
                    "amiDistributionConfiguration": Object(
                        {"name": Text(), "description": _DESCRIPTION, "amiTags": MapOf(Text())}
                    ),
                    "ssmParameterConfigurations": SetOf(
                        Object({"parameterName": Text(required=True), "dataType": Text()})
                    ),
                }
            ),
            required=True,
            minimum_items=1,
        ),
        **REGION,
        **TAGS,
    }


class ImagePipeline(_Described):
    """A pipeline, which builds an image from a recipe on a schedule."""

    token = "aws:imagebuilder/imagePipeline:ImagePipeline"
    kind = "ImagePipeline"
    inputs = {
        "name": _NAME,
        "description": _DESCRIPTION,
        "imageRecipeArn": Text(),
        "infrastructureConfigurationArn": Text(required=True),
        "distributionConfigurationArn": Text(),
        "enhancedImageMetadataEnabled": Flag(default=True),
        "schedule": Object(
            {
                "scheduleExpression": Text(required=True),
                "timezone": Text(computed=True),
                "pipelineExecutionStartCondition": Text(
                    default="EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE"
                ),
            }
        ),
        "status": Text(default="ENABLED"),
        **REGION,
        **TAGS,
    }
