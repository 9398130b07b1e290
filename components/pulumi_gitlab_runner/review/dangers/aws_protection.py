"""AWS resources with weaker protection than before."""

from collections.abc import Callable, Iterator, Mapping

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, Phrase, named
from pulumi_gitlab_runner.review.preview import Inputs, Step
from pulumi_gitlab_runner.review.values import mapping, tables


def protection_lost(step: Step) -> Found:
    """The weaknesses that a resource did not have before; of a new resource, all of them."""
    look = _WEAKNESSES.get(step.type)
    if look is None or step.operation == "delete":
        return
    before = list(look(step.old)) if step.old else []
    for weakness in look(step.new):
        if weakness not in before:
            yield DangerKind.PROTECTION, (weakness,)


def _of_a_bucket(inputs: Inputs) -> Iterator[Phrase]:
    for setting in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        if inputs.get(setting) is not True:
            yield "its bucket can be opened to the public without", (setting,)


def _of_instances(inputs: Inputs) -> Iterator[Phrase]:
    """Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html."""
    options = inputs.get("metadataOptions")
    if isinstance(options, Mapping) and options.get("httpEndpoint") != "disabled":
        if options.get("httpTokens") != "required":
            yield "its instances answer IMDSv1: a forged request (SSRF) is enough to get their role", ()
        hops = options.get("httpPutResponseHopLimit")
        if isinstance(hops, int | float) and hops > 1:
            yield "its metadata, and so its role, is in reach of jobs: a hop limit of", (named(hops),)
    for each in tables(inputs.get("blockDeviceMappings")):
        disk = each.get("ebs")
        if isinstance(disk, Mapping) and str(disk.get("encrypted")).lower() != "true":
            yield "a disk is not encrypted:", (named(each.get("deviceName")),)
    for each in tables(inputs.get("networkInterfaces")):
        if str(each.get("associatePublicIpAddress")).lower() == "true":
            yield "its instances have public addresses", ()


def _of_a_repository(inputs: Inputs) -> Iterator[Phrase]:
    if str(inputs.get("imageTagMutability", "MUTABLE")).startswith("MUTABLE"):
        yield "its tags can be moved to other images", ()
    for each in tables(inputs.get("imageTagMutabilityExclusionFilters")):
        yield "some of its tags can be moved to other images:", (named(each.get("filter")),)
    if inputs.get("forceDelete") is True:
        yield "it can be deleted with the images in it", ()
    if mapping(inputs.get("imageScanningConfiguration")).get("scanOnPush") is not True:
        yield "its images are not scanned when they are pushed", ()


def _of_a_key(inputs: Inputs) -> Iterator[Phrase]:
    if inputs.get("enableKeyRotation") is not True:
        yield "it is not rotated", ()
    if inputs.get("isEnabled") is False:
        yield "it is off: what it encrypts cannot be read", ()


def _of_a_subnet(inputs: Inputs) -> Iterator[Phrase]:
    if inputs.get("mapPublicIpOnLaunch") is True:
        yield "instances in it have public addresses", ()


def _of_replication(inputs: Inputs) -> Iterator[Phrase]:
    for rule in tables(mapping(inputs.get("replicationConfiguration")).get("rules")):
        for each in tables(rule.get("destinations")):
            yield "images are copied to", (f"{named(each.get('registryId'))} in {named(each.get('region'))}",)


_WEAKNESSES: Mapping[str, Callable[[Inputs], Iterator[Phrase]]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": _of_instances,
    "aws:ec2/subnet:Subnet": _of_a_subnet,
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": _of_replication,
    "aws:ecr/repository:Repository": _of_a_repository,
    "aws:kms/key:Key": _of_a_key,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of_a_bucket,
}
