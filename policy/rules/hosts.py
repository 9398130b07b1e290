"""EC2 hosts: instance metadata and disks."""

from collections.abc import Iterator

from .rule import Inputs, Rule

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
VOLUME = "aws:ebs/volume:Volume"


def reachable_metadata(_kind: str, inputs: Inputs) -> Iterator[str]:
    """With IMDSv1 or a second hop, a job's container gets the credentials of its host's role.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html.
    """
    options = inputs.get("metadataOptions") or {}
    if options.get("httpEndpoint") == "disabled":
        return
    if options.get("httpTokens") != "required":
        yield 'Its instances answer IMDSv1 requests. Set metadataOptions={httpTokens: "required"}.'
    if options.get("httpPutResponseHopLimit") != 1:
        yield (
            "Its instances' metadata may be within reach of containers. "
            "Set metadataOptions={httpPutResponseHopLimit: 1}."
        )


def unencrypted_disks(kind: str, inputs: Inputs) -> Iterator[str]:
    """The provider takes `encrypted` of a launch template as text, that of a volume as a truth value."""
    if kind == VOLUME:
        if not _is_true(inputs.get("encrypted")):
            yield "It is not encrypted. Set encrypted=true."
        return
    disks = [each for each in inputs.get("blockDeviceMappings") or [] if each.get("ebs")]
    if not disks:
        yield (
            "It leaves its disks as the machine image has them, mostly unencrypted. "
            "Add blockDeviceMappings with ebs={encrypted: true}."
        )
    for disk in disks:
        if not _is_true(disk["ebs"].get("encrypted")):
            yield f"Its disk {disk.get('deviceName')} is not encrypted. Set ebs={{encrypted: true}} for it."


def _is_true(value: object) -> bool:
    return value is True or value == "true"


METADATA_OUT_OF_REACH = Rule(
    "ec2-metadata-out-of-reach",
    "Instances require IMDSv2 and answer within one hop: no job gets its host's credentials.",
    (LAUNCH_TEMPLATE,),
    reachable_metadata,
)
DISKS_ENCRYPTED = Rule("ebs-encrypted", "Disks are encrypted.", (LAUNCH_TEMPLATE, VOLUME), unencrypted_disks)
