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
            yield "its bucket can be made public without", (setting,)


def _of_instances(inputs: Inputs) -> Iterator[Phrase]:
    """Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html."""
    options = inputs.get("metadataOptions")
    if isinstance(options, Mapping) and options.get("httpEndpoint") != "disabled":
        if options.get("httpTokens") != "required":
            yield (
                "its instances accept IMDSv1: SSRF attacks can read the credentials of their role",
                (),
            )
        hops = options.get("httpPutResponseHopLimit")
        if isinstance(hops, int | float) and hops > 1:
            yield (
                "jobs can read the instance metadata and the role credentials in it: the hop limit is",
                (named(hops),),
            )
    for each in tables(inputs.get("blockDeviceMappings")):
        disk = each.get("ebs")
        if isinstance(disk, Mapping) and str(disk.get("encrypted")).lower() != "true":
            yield "a volume is not encrypted:", (named(each.get("deviceName")),)
    for each in tables(inputs.get("networkInterfaces")):
        if str(each.get("associatePublicIpAddress")).lower() == "true":
            yield "its instances have public IP addresses", ()


def _of_a_repository(inputs: Inputs) -> Iterator[Phrase]:
    if str(inputs.get("imageTagMutability", "MUTABLE")).startswith("MUTABLE"):
        yield "its tags can be moved to other images", ()
    for each in tables(inputs.get("imageTagMutabilityExclusionFilters")):
        yield "some of its tags can be moved to other images:", (named(each.get("filter")),)
    if inputs.get("forceDelete") is True:
        yield "it can be deleted while it contains images", ()
    if mapping(inputs.get("imageScanningConfiguration")).get("scanOnPush") is not True:
        yield "its images are not scanned on push", ()


def _of_a_key(inputs: Inputs) -> Iterator[Phrase]:
    if inputs.get("enableKeyRotation") is not True:
        yield "its automatic rotation is disabled", ()
    if inputs.get("isEnabled") is False:
        yield "it is disabled: data encrypted with it cannot be decrypted", ()


def _of_a_subnet(inputs: Inputs) -> Iterator[Phrase]:
    if inputs.get("mapPublicIpOnLaunch") is True:
        yield "new instances in it receive public IP addresses", ()


def _of_replication(inputs: Inputs) -> Iterator[Phrase]:
    for rule in tables(mapping(inputs.get("replicationConfiguration")).get("rules")):
        for each in tables(rule.get("destinations")):
            yield (
                "images are replicated to",
                (f"{named(each.get('registryId'))} in {named(each.get('region'))}",),
            )


_WEAKNESSES: Mapping[str, Callable[[Inputs], Iterator[Phrase]]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": _of_instances,
    "aws:ec2/subnet:Subnet": _of_a_subnet,
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": _of_replication,
    "aws:ecr/repository:Repository": _of_a_repository,
    "aws:kms/key:Key": _of_a_key,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of_a_bucket,
}
