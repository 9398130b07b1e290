"""Launch templates.

Source of the properties and of what replaces: the official provider's
``internal/service/ec2/ec2_launch_template.go``.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.providers.aws.ec2_resource import Ec2Resource
from sandbox.providers.aws.names import name_from, naming
from sandbox.providers.aws.resource import REGION, TAGS, given, tag_map
from sandbox.providers.aws.shapes import TextFlag, from_api, to_api
from sandbox.standin.properties import Failure, Flag, ListOf, MapOf, Number, Object, Property, SetOf, Text
from sandbox.standin.values import Properties

_EBS = Object(
    {
        "deleteOnTermination": TextFlag(),
        "encrypted": TextFlag(),
        "iops": Number(computed=True),
        "kmsKeyId": Text(),
        "snapshotId": Text(),
        "throughput": Number(computed=True, minimum=125, maximum=2000),
        "volumeSize": Number(computed=True, minimum=1),
        "volumeType": Text(computed=True),
    }
)

_NETWORK_INTERFACE = Object(
    {
        "associatePublicIpAddress": TextFlag(),
        "deleteOnTermination": TextFlag(),
        "description": Text(),
        "deviceIndex": Number(),
        "interfaceType": Text(one_of=("efa", "efa-only", "interface")),
        "networkCardIndex": Number(),
        "networkInterfaceId": Text(),
        "privateIpAddress": Text(),
        "securityGroups": SetOf(Text(), service_name="Groups"),
        "subnetId": Text(),
    }
)


def _range(**limits: Any) -> dict[str, Property]:
    return {"max": Number(**limits), "min": Number(**limits)}


INSTANCE_REQUIREMENTS: Mapping[str, Property] = {
    "allowedInstanceTypes": SetOf(Text()),
    "excludedInstanceTypes": SetOf(Text()),
    "bareMetal": Text(),
    "burstablePerformance": Text(),
    "cpuManufacturers": SetOf(Text()),
    "instanceGenerations": SetOf(Text()),
    "localStorage": Text(),
    "memoryMib": Object(_range(minimum=1), required=True),
    "vcpuCount": Object(_range(minimum=1), required=True),
    "onDemandMaxPricePercentageOverLowestPrice": Number(minimum=1),
    "spotMaxPricePercentageOverLowestPrice": Number(minimum=1),
}
"""What an instance must have, in place of its type; also part of a group's mixed instances policy."""

_DATA: Mapping[str, Property] = {
    "imageId": Text(),
    "instanceType": Text(),
    "keyName": Text(),
    "kernelId": Text(),
    "ramDiskId": Text(),
    "userData": Text(),
    "ebsOptimized": TextFlag(),
    "disableApiStop": Flag(),
    "disableApiTermination": Flag(),
    "instanceInitiatedShutdownBehavior": Text(),
    "vpcSecurityGroupIds": SetOf(Text(), service_name="SecurityGroupIds"),
    "securityGroupNames": SetOf(Text(), service_name="SecurityGroups"),
    "iamInstanceProfile": Object({"arn": Text(), "name": Text()}),
    "monitoring": Object({"enabled": Flag()}),
    "enclaveOptions": Object({"enabled": Flag()}),
    "hibernationOptions": Object({"configured": Flag(required=True)}),
    "creditSpecification": Object({"cpuCredits": Text(one_of=("standard", "unlimited"))}),
    "cpuOptions": Object({"coreCount": Number(), "threadsPerCore": Number()}),
    "placement": Object(
        {
            "availabilityZone": Text(),
            "groupName": Text(),
            "hostId": Text(),
            "partitionNumber": Number(),
            "tenancy": Text(),
        }
    ),
    "metadataOptions": Object(
        {
            "httpEndpoint": Text(computed=True),
            "httpTokens": Text(computed=True),
            "httpPutResponseHopLimit": Number(computed=True, minimum=1, maximum=64),
            "httpProtocolIpv6": Text(computed=True),
            "instanceMetadataTags": Text(computed=True),
        },
        computed=True,
    ),
    "privateDnsNameOptions": Object(
        {
            "enableResourceNameDnsARecord": Flag(),
            "enableResourceNameDnsAaaaRecord": Flag(),
            "hostnameType": Text(),
        }
    ),
    "blockDeviceMappings": ListOf(
        Object({"deviceName": Text(), "ebs": _EBS, "noDevice": Text(), "virtualName": Text()})
    ),
    "networkInterfaces": ListOf(_NETWORK_INTERFACE),
    "instanceMarketOptions": Object(
        {
            "marketType": Text(one_of=("spot", "capacity-block")),
            "spotOptions": Object(
                {"instanceInterruptionBehavior": Text(), "maxPrice": Text(), "spotInstanceType": Text()}
            ),
        }
    ),
    "instanceRequirements": Object(INSTANCE_REQUIREMENTS),
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
"""The properties that make up a version of the template."""


class LaunchTemplate(Ec2Resource):
    """A launch template. Its id is the one that the service chose.

    A change of what it launches makes a new version.
    """

    token = "aws:ec2/launchTemplate:LaunchTemplate"
    kind, noun = "launch-template", "LaunchTemplate"
    gone = (
        "InvalidLaunchTemplateId.NotFound",
        "InvalidLaunchTemplateId.NotFoundException",
        "InvalidLaunchTemplateName.NotFoundException",
    )
    automatic_name, names = naming(maximum_length=128)
    inputs = {
        **names,
        "description": Text(),
        "defaultVersion": Number(computed=True, minimum=1, conflicts_with=("updateDefaultVersion",)),
        "updateDefaultVersion": Flag(),
        **_DATA,
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "latestVersion": Number()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """Groups are given to the template or to its interfaces; user data is base64."""
        if "vpcSecurityGroupIds" in inputs and "networkInterfaces" in inputs:
            yield Failure(
                "vpcSecurityGroupIds", "not allowed beside networkInterfaces; set their securityGroups"
            )
        data = inputs.get("userData")
        if isinstance(data, str) and not _is_base64(data):
            yield Failure("userData", "must be base64")

    @classmethod
    def unsettled(cls, changed: set[str]) -> Sequence[str]:
        """A change of what is launched makes a new version."""
        if not changed & {*_DATA, "description"}:
            return ("defaultVersion",) if changed & {"updateDefaultVersion"} else ()
        return ("latestVersion", "defaultVersion")

    def create(self, inputs: Properties) -> str:
        """Make the template and its first version."""
        made = self.client.create_launch_template(
            LaunchTemplateName=name_from(inputs),
            LaunchTemplateData=self._data(inputs),
            **given({"VersionDescription": inputs.get("description")}),
            **self.tags(inputs),
        )
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The template as it is now, and what its latest version launches."""
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

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Make a new version where what is launched changes, and move the default version as asked."""
        default = new.get("defaultVersion") if "defaultVersion" in changed else None
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
        if "tagsAll" in changed:
            self.retag(resource_id, old, new)

    def _data(self, inputs: Properties) -> dict[str, Any]:
        return to_api(_DATA, inputs, self.shape("CreateLaunchTemplate", "LaunchTemplateData"))


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True
