"""Launch templates.

Source of the properties and of replacements: the official provider's
``internal/service/ec2/ec2_launch_template.go``.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.providers.aws.ec2_resource import Ec2Resource
from sandbox.providers.aws.resource import REGION, TAGS, given, tag_map
from sandbox.providers.aws.shapes import TextFlag, from_api, to_api
from sandbox.standin.properties import Failure, Flag, ListOf, MapOf, Number, Object, Property, SetOf, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties

_EBS = Object(
    {
        "deleteOnTermination": TextFlag(),
        "encrypted": TextFlag(),
        "kmsKeyId": Text(),
        "throughput": Number(computed=True, minimum=125, maximum=2000),
        "volumeSize": Number(computed=True, minimum=1),
        "volumeType": Text(computed=True),
    }
)

_DATA: Mapping[str, Property] = {
    "imageId": Text(),
    "instanceType": Text(),
    "userData": Text(),
    "vpcSecurityGroupIds": SetOf(Text(), service_name="SecurityGroupIds"),
    "iamInstanceProfile": Object({"arn": Text(), "name": Text()}),
    "metadataOptions": Object(
        {
            "httpEndpoint": Text(computed=True),
            "httpTokens": Text(computed=True),
            "httpPutResponseHopLimit": Number(computed=True, minimum=1, maximum=64),
            "instanceMetadataTags": Text(computed=True),
        },
        computed=True,
    ),
    "blockDeviceMappings": ListOf(Object({"deviceName": Text(), "ebs": _EBS})),
    "tagSpecifications": ListOf(
        Object(
            {
                "resourceType": Text(
                    one_of=("instance", "volume", "network-interface", "spot-instances-request")
                ),
                "tags": MapOf(Text()),
            }
        )
    ),
}
"""The properties of a version of the template."""


class LaunchTemplate(Ec2Resource):
    """A launch template. Its id is chosen by the service.

    A change of the launch template data creates a new version.
    """

    token = "aws:ec2/launchTemplate:LaunchTemplate"
    kind, noun = "launch-template", "LaunchTemplate"
    gone = (
        "InvalidLaunchTemplateId.NotFound",
        "InvalidLaunchTemplateId.NotFoundException",
        "InvalidLaunchTemplateName.NotFoundException",
    )
    automatic_name = AutomaticName(maximum_length=128)
    inputs = {
        "name": Text(replaces=True),
        "description": Text(),
        "updateDefaultVersion": Flag(),
        **_DATA,
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "defaultVersion": Number(), "latestVersion": Number()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        data = inputs.get("userData")
        if isinstance(data, str) and not _is_base64(data):
            yield Failure("userData", "must be base64")

    @classmethod
    def unsettled(cls, changed: set[str]) -> Sequence[str]:
        if not changed & {*_DATA, "description"}:
            return ("defaultVersion",) if changed & {"updateDefaultVersion"} else ()
        return ("latestVersion", "defaultVersion")

    def create(self, inputs: Properties) -> str:
        made = self.client.create_launch_template(
            LaunchTemplateName=inputs["name"],
            LaunchTemplateData=self._data(inputs),
            **given({"VersionDescription": inputs.get("description")}),
            **self.tags(inputs),
        )
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the template and of its latest version."""
        live = self.find(resource_id)
        if live is None:
            return None
        version = self.client.describe_launch_template_versions(
            LaunchTemplateId=resource_id, Versions=["$Latest"]
        )["LaunchTemplateVersions"][0]
        return {
            "name": live["LaunchTemplateName"],
            "description": version.get("VersionDescription"),
            "defaultVersion": live["DefaultVersionNumber"],
            **from_api(_DATA, version["LaunchTemplateData"]),
            "tagsAll": tag_map(live.get("Tags")),
            "arn": self.arn(resource_id),
            "latestVersion": live["LatestVersionNumber"],
        }

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Create a new version if the data changes, and update the default version if requested."""
        default = None
        if changed & {*_DATA, "description"}:
            version = self.client.create_launch_template_version(
                LaunchTemplateId=resource_id,
                LaunchTemplateData=self._data(new),
                **given({"VersionDescription": new.get("description")}),
            )
            if new.get("updateDefaultVersion"):
                default = version["LaunchTemplateVersion"]["VersionNumber"]
        elif "updateDefaultVersion" in changed and new.get("updateDefaultVersion"):
            default = old["latestVersion"]
        if default is not None:
            self.client.modify_launch_template(LaunchTemplateId=resource_id, DefaultVersion=str(default))

    def _data(self, inputs: Properties) -> dict[str, Any]:
        return to_api(_DATA, inputs, self.shape("CreateLaunchTemplate", "LaunchTemplateData"))


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True
