"""EC2 Image Builder: what describes a machine image, and the pipeline that builds it.

Source of the properties and of what replaces: the official provider's ``internal/service/imagebuilder``.
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
    """One of the things that describe an image. Its id is its ARN; ``kind`` is what the operations call it.

    What is left out of an update would be gone, so all is put again.
    """

    service = "imagebuilder"
    gone = ("ResourceNotFoundException",)
    outputs = {"arn": Text()}
    automatic_name = AutomaticName()
    kind: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Name the operations."""
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
    """One that never changes but for its tags: other content needs another version."""

    def shown(self, live: Mapping[str, Any]) -> Properties:
        """Its version has another name in an answer."""
        return super().shown({**live, "semanticVersion": live["version"]})


class Component(_Versioned):
    """What is done to make an image."""

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
    """From what image a new one is made, and by which components."""

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
    """The instance that an image is built on."""

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
    """What becomes of an image that was built."""

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
    """Builds an image by its recipe, on a schedule."""

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
