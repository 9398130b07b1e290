"""AWS resources with the mark of a stack.

Most resources are found by the Resource Groups Tagging API. It does not return IAM roles, and returns other
IAM resources in only one region; aliases of KMS keys have no tags. The tags of a parameter, and maybe of a
bucket, are set in a second call, which is missing if the update was killed before it: such a resource is
found by its name. Sources:
docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html and
docs.aws.amazon.com/ARG/latest/userguide/supported-resources.html.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pulumi_gitlab_runner.doctor.aws import requests_to_aws
from pulumi_gitlab_runner.doctor.leftovers.arn import Arn, listed
from pulumi_gitlab_runner.doctor.leftovers.ec2 import marked_in_ec2
from pulumi_gitlab_runner.doctor.leftovers.iam import marked_in_iam
from pulumi_gitlab_runner.doctor.leftovers.marked import IMPORTED_BY_PREVIEW, Marked
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG

BUCKET_PARENTS = ("HostStore", "RunnerCache")
"""The components that create buckets."""


def marked_in_aws(mark: str, regions: Sequence[str], buckets: Iterable[str] = ()) -> list[Marked]:
    """The AWS resources with a mark, in some regions and in IAM.

    Args:
        mark: the mark, `PROJECT/STACK`.
        regions: the regions to search; at least one.
        buckets: the resource names of the stack's buckets in the program.

    Raises:
        UsageError: boto3 is not installed, or a request to AWS fails.
    """
    with requests_to_aws(f"AWS does not list the resources with the mark {mark}") as client:
        found = list(marked_in_iam(client("iam", regions[0]), mark))
        for region in regions:
            found += _in_region(mark, cache(lambda service, region=region: client(service, region)))
        if names := sorted(set(buckets)):
            found += _untagged_buckets(client("s3", regions[0]), names)
    return found


RegionalClient = Callable[[str], Any]
"""Returns the boto3 client of a service in one region, by its name."""


def _in_region(mark: str, client: RegionalClient) -> Iterator[Marked]:
    tagged = listed(
        client("resourcegroupstaggingapi"),
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=[{"Key": STACK_TAG, "Values": [mark]}],
    )
    arns = {
        each["ResourceARN"]: Arn(
            each["ResourceARN"].removesuffix(":*"), {tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}
        )
        for each in tagged
    }
    of_stack = [{"Name": f"tag:{STACK_TAG}", "Values": [mark]}]
    for group in listed(
        client("autoscaling"), "describe_auto_scaling_groups", "AutoScalingGroups", Filters=of_stack
    ):
        arns.setdefault(group["AutoScalingGroupARN"], Arn(group["AutoScalingGroupARN"]))
    below = [{"Key": "Path", "Option": "Recursive", "Values": [f"/{mark}"]}]
    ssm = client("ssm")
    for each in listed(ssm, "describe_parameters", "Parameters", ParameterFilters=below):
        resource = f":parameter{each['Name']}"
        if not any(arn.endswith(resource) for arn in arns):
            arn = Arn(f"arn:aws:ssm:{ssm.meta.region_name}:{resource}")
            yield replace(_KINDS["ssm"].marked(arn), arn=each.get("ARN", ""), unmarked=True)
    for arn in arns.values():
        if arn.service == "ec2":
            yield from marked_in_ec2(arn, client("ec2"))
        elif arn.service == "imagebuilder":
            yield _image_builder(arn)
        elif kind := _KINDS.get(arn.service):
            if not _is_deleted(arn, client):
                yield kind.marked(arn)
        elif arn.service != "iam":  # see `marked_in_iam`
            yield Marked(arn.whole, "", "", arn.whole)
    prefix = f"alias/{mark}/".replace(".", "-")
    for each in listed(client("kms"), "list_aliases", "Aliases"):
        if each["AliasName"].startswith(prefix):
            yield _ALIAS.marked(Arn(each["AliasArn"]))


def _is_deleted(arn: Arn, client: RegionalClient) -> bool:
    """Whether a key or a secret is deleted, or will be; its tags are listed for some time after."""
    if arn.service == "kms":
        key = client("kms").describe_key(KeyId=arn.whole)["KeyMetadata"]
        return bool(key["KeyState"] == "PendingDeletion")
    if arn.service != "secretsmanager":
        return False
    secrets = client("secretsmanager")
    try:
        return "DeletedDate" in secrets.describe_secret(SecretId=arn.whole)
    except secrets.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return True


def _untagged_buckets(s3: Any, names: Iterable[str]) -> Iterator[Marked]:
    """The buckets without tags whose names Pulumi generated from resource names."""
    of_stack = re.compile(f"(?:{'|'.join(map(re.escape, names))})-[0-9a-f]{{7}}")
    for each in s3.list_buckets()["Buckets"]:
        name = each["Name"]
        if not of_stack.fullmatch(name):
            continue
        try:
            s3.get_bucket_tagging(Bucket=name)
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchTagSet":
                yield replace(_KINDS["s3"].marked(Arn(f"arn:aws:s3:::{name}")), unmarked=True)


@dataclass(frozen=True)
class _Kind:
    """A kind of resources that their ARN describes.

    Attributes:
        what: the description, with the name in it.
        type: the resource type in Pulumi.
        delete: the command that deletes one, without `aws` and the name at its end.
        prefix: the part of the ARN's resource before the name.
        parents: the components that create one.
        instead: how to adopt one without `pulumi import`.
        is_known_by_arn: whether the ARN is the ID in Pulumi and in the command, and not the name.
    """

    what: str
    type: str
    delete: str
    prefix: str = ""
    parents: tuple[str, ...] = ()
    instead: str = ""
    is_known_by_arn: bool = False

    def marked(self, arn: Arn) -> Marked:
        """The resource with an ARN."""
        name = arn.resource.split(self.prefix, 1)[-1] if self.prefix else arn.resource
        number = arn.whole if self.is_known_by_arn else name
        names = {"name": name, "parents": self.parents, "instead": self.instead}
        return arn.marked(self.what.format(name), self.type, number, self.delete.format(name), **names)


_VERSIONS = "--query '{{Objects: [Versions, DeleteMarkers][].{{Key: Key, VersionId: VersionId}}}}'"
_KINDS = {
    "autoscaling": _Kind(
        "the Auto Scaling group {}, with its instances",
        "aws:autoscaling/group:Group",
        "autoscaling delete-auto-scaling-group --force-delete --auto-scaling-group-name",
        "autoScalingGroupName/",
        ("RunnerHost", "RunnerFleet"),
    ),
    "cloudwatch": _Kind(
        "the alarm {}",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "cloudwatch delete-alarms --alarm-names",
        "alarm:",
        ("RunnerHost", "HostedRunnerAuth"),
    ),
    "ecr": _Kind(
        "the ECR repository {}",
        "aws:ecr/repository:Repository",
        "ecr delete-repository --repository-name",
        "repository/",
        instead=f"{IMPORTED_BY_PREVIEW}, and `adopt: true` adopts it",
    ),
    "kms": _Kind(
        "the KMS key {}",
        "aws:kms/key:Key",
        "kms schedule-key-deletion --pending-window-in-days 7 --key-id",
        "key/",
    ),
    "lambda": _Kind(
        "the function {}",
        "aws:lambda/function:Function",
        "lambda delete-function --function-name",
        "function:",
        ("HostedRunnerAuth",),
    ),
    "logs": _Kind(
        "the log group {}",
        "aws:cloudwatch/logGroup:LogGroup",
        "logs delete-log-group --log-group-name",
        "log-group:",
        instead=IMPORTED_BY_PREVIEW,
    ),
    "s3": _Kind(
        "the S3 bucket {}",
        "aws:s3/bucket:Bucket",
        's3api delete-objects --bucket {0} --delete "$(aws s3api list-object-versions --max-items 1000 '
        f'--bucket {{0}} {_VERSIONS})"; aws s3api delete-bucket --bucket',
        parents=BUCKET_PARENTS,
    ),
    "secretsmanager": _Kind(
        "the secret {}",
        "aws:secretsmanager/secret:Secret",
        "secretsmanager delete-secret --recovery-window-in-days 7 --secret-id",
        "secret:",
        is_known_by_arn=True,
    ),
    "ssm": _Kind(
        "the parameter {}",
        "aws:ssm/parameter:Parameter",
        "ssm delete-parameter --name",
        "parameter",
        instead="the next `pulumi up` adopts it, if it is declared",
    ),
}
"""The kinds of resources, by their service."""
_ALIAS = _Kind(
    "the KMS alias {}", "aws:kms/alias:Alias", "kms delete-alias --alias-name", instead=IMPORTED_BY_PREVIEW
)


def _image_builder(arn: Arn) -> Marked:
    kind, _, name = arn.resource.partition("/")
    option = "component-build-version" if kind == "component" else kind
    type_ = "".join(each.capitalize() for each in kind.split("-"))
    return arn.marked(
        f"the {kind.replace('-', ' ')} {name} of Image Builder",
        f"aws:imagebuilder/{type_[0].lower()}{type_[1:]}:{type_}",
        arn.whole,
        f"imagebuilder delete-{kind} --{option}-arn",
    )
