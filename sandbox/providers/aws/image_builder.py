"""EC2 Image Builder: what describes a machine image, and the pipeline that builds it.

Source of the properties and of what replaces: the official provider's ``internal/service/imagebuilder``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.providers.aws.resource import REGION, TAGS, AwsResource, given, tag_changes
from sandbox.providers.aws.shapes import TextFlag, from_api, to_api
from sandbox.standin.properties import Flag, ListOf, MapOf, Number, Object, Property, SetOf, Text
from sandbox.standin.values import Properties

_NAME = Text(
    required=True,
    replaces=True,
    minimum_length=3,
    maximum_length=128,
    pattern=r"[-_A-Za-z0-9 ]+",
    pattern_meaning="letters, digits, - _ and spaces",
)


class _Described(AwsResource):
    """One of the things that describe an image. Its id is its ARN.

    - ``kind``: its name in the API's operations; ``named`` the argument that names one, without the ARN.
    - ``settings``: its properties besides region and tags.
    """

    service = "imagebuilder"
    gone = ("ResourceNotFoundException",)
    kind: ClassVar[str]
    named: ClassVar[str]
    settings: ClassVar[Mapping[str, Property]]
    outputs = {"arn": Text()}

    def create(self, inputs: Properties) -> str:
        """Make it."""
        make = getattr(self.client, f"create_{self.kind}")
        made = make(**_request(self.settings, inputs), **given({"tags": inputs.get("tagsAll")}))
        return str(made[self.named])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The thing as it is now."""
        answer = getattr(self.client, f"get_{self.kind}")(**{self.named: resource_id})
        live = next(each for each in answer.values() if isinstance(each, dict) and "arn" in each)
        return {
            **from_api(self.settings, _capital(live)),
            "tagsAll": live.get("tags", {}),
            "arn": live["arn"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Put all settings again, since what is left out would be gone; or only the new tags."""
        if changed - {"tags", "tagsAll"}:
            settings = {name: part for name, part in self.settings.items() if name != "name"}
            change = getattr(self.client, f"update_{self.kind}")
            change(**{self.named: resource_id}, **_request(settings, new))
        if "tagsAll" in changed:
            added, removed = tag_changes(old, new)
            if removed:
                self.client.untag_resource(resourceArn=resource_id, tagKeys=removed)
            if added:
                self.client.tag_resource(resourceArn=resource_id, tags=added)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete it; refused while something depends on it."""
        getattr(self.client, f"delete_{self.kind}")(**{self.named: resource_id})


_VERSION = Text(
    required=True,
    replaces=True,
    service_name="SemanticVersion",
    pattern=r"\d+\.\d+\.\d+",
    pattern_meaning="a version such as 1.0.0",
)
_DESCRIPTION = Text(maximum_length=1024)
_FIXED_DESCRIPTION = Text(replaces=True, maximum_length=1024)


class _Versioned(_Described):
    """One that never changes but for its tags: other content needs another version."""

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The thing as it is now; its version has another name in an answer."""
        live = super().describe(resource_id, known)
        answer = getattr(self.client, f"get_{self.kind}")(**{self.named: resource_id})
        shown = next(each for each in answer.values() if isinstance(each, dict) and "arn" in each)
        return live | {"version": shown["version"]}


class Component(_Versioned):
    """What is done to make an image."""

    token = "aws:imagebuilder/component:Component"
    kind, named = "component", "componentBuildVersionArn"
    settings = {
        "name": _NAME,
        "version": _VERSION,
        "platform": Text(required=True, replaces=True, one_of=("Linux", "Windows", "macOS")),
        "description": _FIXED_DESCRIPTION,
        "changeDescription": _FIXED_DESCRIPTION,
        "supportedOsVersions": SetOf(Text(), replaces=True, maximum_items=25),
        "data": Text(replaces=True, maximum_length=16000),
    }
    inputs = {**settings, **REGION, **TAGS}


class ImageRecipe(_Versioned):
    """From what image a new one is made, and by which components."""

    token = "aws:imagebuilder/imageRecipe:ImageRecipe"
    kind, named = "image_recipe", "imageRecipeArn"
    settings = {
        "name": _NAME,
        "version": _VERSION,
        "description": _FIXED_DESCRIPTION,
        "parentImage": Text(required=True, replaces=True),
        "components": ListOf(
            Object({"componentArn": Text(required=True)}), required=True, replaces=True, minimum_items=1
        ),
        "blockDeviceMappings": SetOf(
            Object(
                {
                    "deviceName": Text(),
                    "ebs": Object(
                        {
                            "deleteOnTermination": TextFlag(),
                            "encrypted": TextFlag(),
                            "kmsKeyId": Text(),
                            "volumeSize": Number(minimum=1, maximum=16000),
                            "volumeType": Text(one_of=("standard", "io1", "io2", "gp2", "gp3", "sc1", "st1")),
                        }
                    ),
                }
            ),
            replaces=True,
        ),
        "workingDirectory": Text(replaces=True, maximum_length=1024),
    }
    inputs = {**settings, **REGION, **TAGS}


class InfrastructureConfiguration(_Described):
    """The instance that an image is built on."""

    token = "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"
    kind, named = "infrastructure_configuration", "infrastructureConfigurationArn"
    settings = {
        "name": _NAME,
        "description": _DESCRIPTION,
        "instanceProfileName": Text(required=True, maximum_length=256),
        "instanceTypes": SetOf(Text()),
        "securityGroupIds": SetOf(Text()),
        "subnetId": Text(maximum_length=1024),
        "instanceMetadataOptions": Object(
            {
                "httpTokens": Text(one_of=("optional", "required")),
                "httpPutResponseHopLimit": Number(minimum=1, maximum=64),
            }
        ),
        "terminateInstanceOnFailure": Flag(default=False),
        "resourceTags": MapOf(Text()),
    }
    inputs = {**settings, **REGION, **TAGS}


class DistributionConfiguration(_Described):
    """What becomes of an image that was built."""

    token = "aws:imagebuilder/distributionConfiguration:DistributionConfiguration"
    kind, named = "distribution_configuration", "distributionConfigurationArn"
    settings = {
        "name": _NAME,
        "description": _DESCRIPTION,
        "distributions": SetOf(
            Object(
                {
                    "region": Text(required=True),
                    "amiDistributionConfiguration": Object(
                        {
                            "name": Text(
                                pattern=r"[-_A-Za-z0-9{][-_A-Za-z0-9\s:{}.]+[-_A-Za-z0-9}]",
                                pattern_meaning="letters, digits, - _ . and {{ imagebuilder:buildDate }}",
                            ),
                            "description": _DESCRIPTION,
                            "amiTags": MapOf(Text()),
                        }
                    ),
                    "ssmParameterConfigurations": SetOf(
                        Object(
                            {
                                "parameterName": Text(required=True, pattern=r"[a-zA-Z0-9_.\-/]+"),
                                "dataType": Text(one_of=("text", "aws:ec2:image")),
                            }
                        )
                    ),
                }
            ),
            required=True,
            minimum_items=1,
        ),
    }
    inputs = {**settings, **REGION, **TAGS}


class ImagePipeline(_Described):
    """Builds an image by its recipe, on a schedule."""

    token = "aws:imagebuilder/imagePipeline:ImagePipeline"
    kind, named = "image_pipeline", "imagePipelineArn"
    settings = {
        "name": _NAME,
        "description": _DESCRIPTION,
        "imageRecipeArn": Text(),
        "infrastructureConfigurationArn": Text(required=True),
        "distributionConfigurationArn": Text(),
        "enhancedImageMetadataEnabled": Flag(default=True),
        "schedule": Object(
            {
                "scheduleExpression": Text(required=True, maximum_length=1024),
                "timezone": Text(computed=True, minimum_length=3, maximum_length=100),
                "pipelineExecutionStartCondition": Text(
                    default="EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE",
                    one_of=("EXPRESSION_MATCH_ONLY", "EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE"),
                ),
            }
        ),
        "status": Text(default="ENABLED", one_of=("ENABLED", "DISABLED")),
    }
    inputs = {**settings, **REGION, **TAGS}


def _request(settings: Mapping[str, Property], inputs: Properties) -> dict[str, Any]:
    """The settings as the API takes them: its names begin in lower case."""
    request: dict[str, Any] = _small(to_api(settings, inputs))
    return request


def _small(shape: Any) -> Any:
    return _renamed(shape, str.lower)


def _capital(shape: Any) -> Any:
    return _renamed(shape, str.upper)


def _renamed(shape: Any, letter: Any) -> Any:
    if isinstance(shape, list):
        return [_renamed(each, letter) for each in shape]
    if not isinstance(shape, dict):
        return shape
    return {
        letter(name[0]) + name[1:]: each if name.lower().endswith("tags") else _renamed(each, letter)
        for name, each in shape.items()
    }
