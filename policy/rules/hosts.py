"""Rules for EC2 hosts: instance metadata and volumes."""

from collections.abc import Iterator
from typing import Any

from .rule import Changeable, Inputs, Resource, Rule, Setting, listed

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
LAUNCH_CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
INSTANCE = "aws:ec2/instance:Instance"
SPOT_REQUEST = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
VOLUME = "aws:ebs/volume:Volume"
HOSTS = (LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION, INSTANCE, SPOT_REQUEST)
"""The resource types that start instances."""

HOP_LIMIT = "hopLimit"


def reachable_metadata(resource: Resource) -> Iterator[str]:
    """With IMDSv1 or a hop limit above one, a job's container can get the credentials of its host's role.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html.
    """
    options = resource.inputs.get("metadataOptions") or {}
    if options.get("httpEndpoint") == "disabled":
        return
    may_be_left_out = _has_launch_template(resource.inputs)
    tokens, limit = options.get("httpTokens"), options.get("httpPutResponseHopLimit")
    if tokens != "required" and not (tokens is None and may_be_left_out):
        yield 'Its instances answer IMDSv1 requests. Set metadataOptions={httpTokens: "required"}.'
    highest = resource.settings[HOP_LIMIT]
    if (limit is None and not may_be_left_out) or (limit is not None and limit > highest):
        yield (
            "The metadata of its instances may be within reach of containers. "
            f"Set metadataOptions={{httpPutResponseHopLimit: {highest:g}}}."
        )


def _put_metadata_out_of_reach(resource: Resource, inputs: Changeable) -> bool:
    """Set the required options. An instance is updated in place, and a launch template gets a new version."""
    highest = resource.settings[HOP_LIMIT]
    options = inputs.get("metadataOptions")
    if resource.type not in (LAUNCH_TEMPLATE, INSTANCE) or isinstance(options, str):
        return False
    if options is None:
        if _has_launch_template(inputs):
            return False
        inputs["metadataOptions"] = {"httpTokens": "required", "httpPutResponseHopLimit": highest}
        return True
    if options.get("httpEndpoint") == "disabled":
        return False
    changes: dict[str, Any] = {}
    if options.get("httpTokens") != "required":
        changes["httpTokens"] = "required"
    limit = options.get("httpPutResponseHopLimit")
    if limit is None or (not isinstance(limit, str) and limit > highest):
        changes["httpPutResponseHopLimit"] = highest
    for key, value in changes.items():
        options[key] = value
    return bool(changes)


def _has_launch_template(inputs: Inputs) -> bool:
    """Whether omitted inputs of an instance come from a launch template, which is checked separately."""
    return inputs.get("launchTemplate") is not None


def unencrypted_disks(resource: Resource) -> Iterator[str]:
    """The input `encrypted` is a string in a launch template, and a boolean in other resources."""
    inputs = resource.inputs
    if resource.type == VOLUME:
        if not _is_true(inputs.get("encrypted")):
            yield "It is not encrypted. Set encrypted=true."
    elif resource.type == LAUNCH_TEMPLATE:
        disks = _mapped_disks(inputs)
        if not disks:
            yield (
                "Its volumes are those of the machine image, which are usually unencrypted. "
                "Add blockDeviceMappings with ebs={encrypted: true}."
            )
        for disk in disks:
            if not _is_true(disk["ebs"].get("encrypted")):
                name = disk.get("deviceName")
                yield f"Its volume {name} is not encrypted. Set ebs={{encrypted: true}} for it."
    else:
        root = inputs.get("rootBlockDevice")
        if root is None and not _has_launch_template(inputs):
            yield (
                "Its root volume is that of the machine image, which is usually unencrypted. "
                "Set rootBlockDevice={encrypted: true}."
            )
        elif root is not None and not _is_true(root.get("encrypted")):
            yield "Its root volume is not encrypted. Set rootBlockDevice={encrypted: true}."
        for disk in listed(inputs.get("ebsBlockDevices")):
            if not _is_true(disk.get("encrypted")):
                yield f"Its volume {disk.get('deviceName')} is not encrypted. Set encrypted=true for it."


def _encrypt_new_disks(resource: Resource, inputs: Changeable) -> bool:
    """Encrypt the volumes of a launch template, for new instances.

    An existing instance or volume would be replaced, and its data lost.
    """
    if resource.type != LAUNCH_TEMPLATE or isinstance(inputs.get("blockDeviceMappings"), str):
        return False
    plain = [disk for disk in _mapped_disks(inputs) if not _is_true(disk["ebs"].get("encrypted"))]
    for disk in plain:
        disk["ebs"]["encrypted"] = "true"
    return bool(plain)


def _mapped_disks(inputs: Inputs) -> list[Any]:
    return [each for each in listed(inputs.get("blockDeviceMappings")) if each.get("ebs")]


def _is_true(value: object) -> bool:
    return value is True or value == "true"


METADATA_OUT_OF_REACH = Rule(
    "ec2-metadata-out-of-reach",
    "Instances require IMDSv2 and a hop limit of one: no job can get the credentials of its host.",
    HOSTS,
    reachable_metadata,
    settings={
        HOP_LIMIT: Setting(
            {
                "type": "integer",
                "minimum": 1,
                "maximum": 64,
                "description": "The maximum httpPutResponseHopLimit.",
            },
            1,
        )
    },
    remediate=_put_metadata_out_of_reach,
)
DISKS_ENCRYPTED = Rule(
    "ebs-encrypted",
    "Volumes are encrypted.",
    (*HOSTS, VOLUME),
    unencrypted_disks,
    remediate=_encrypt_new_disks,
)
