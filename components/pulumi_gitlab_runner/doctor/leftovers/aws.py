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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from shlex import quote
from typing import Any

from pulumi_gitlab_runner.doctor.aws import requests_to_aws
from pulumi_gitlab_runner.doctor.leftovers.marked import Marked
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG

_PARALLEL_REQUESTS = 8
"""The number of parallel requests for tags in IAM; an account may have thousands of roles."""
_PREVIEW = "`pulumi preview` prints the command that imports it"


@dataclass(frozen=True)
class _Arn:
    """The parts of an ARN, and the tags of its resource."""

    whole: str
    tags: dict[str, str]

    @property
    def service(self) -> str:
        return self.whole.split(":")[2]

    @property
    def region(self) -> str:
        return self.whole.split(":")[3]

    @property
    def resource(self) -> str:
        """The part after the account: `role/ci/name`."""
        return self.whole.split(":", 5)[5]


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
        found = list(_in_iam(client("iam", regions[0]), mark))
        for region in regions:
            found += _in_region(mark, cache(lambda service, region=region: client(service, region)))
        if names := sorted(buckets):
            found += _untagged_buckets(client("s3", regions[0]), names)
    return found


Client = Callable[[str], Any]
"""Returns the boto3 client of a service, by its name."""


def _in_region(mark: str, client: Client) -> Iterator[Marked]:
    filters = [{"Key": STACK_TAG, "Values": [mark]}]
    pages = client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=filters)
    arns = {
        each["ResourceARN"]: _Arn(
            each["ResourceARN"], {tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}
        )
        for page in pages
        for each in page["ResourceTagMappingList"]
    }
    groups = client("autoscaling").get_paginator("describe_auto_scaling_groups")
    for page in groups.paginate(Filters=[{"Name": f"tag:{STACK_TAG}", "Values": [mark]}]):
        for group in page["AutoScalingGroups"]:
            arns.setdefault(group["AutoScalingGroupARN"], _Arn(group["AutoScalingGroupARN"], {}))
    for page in (
        client("ssm")
        .get_paginator("describe_parameters")
        .paginate(ParameterFilters=[{"Key": "Path", "Option": "Recursive", "Values": [f"/{mark}"]}])
    ):
        for each in page["Parameters"]:
            parameter = each.get("ARN") or ""
            if parameter not in arns and not any(arn.endswith(f":parameter{each['Name']}") for arn in arns):
                yield _named_parameter(each["Name"], parameter, client("ssm").meta.region_name)
    for arn in arns.values():
        if arn.service == "iam":  # see `_in_iam`
            continue
        if arn.service == "ec2":
            yield from _in_ec2(arn, client("ec2"))
        elif arn.service == "kms":
            key = client("kms").describe_key(KeyId=arn.whole)["KeyMetadata"]
            if key["KeyState"] != "PendingDeletion":
                yield _key(arn)
        elif arn.service == "secretsmanager":
            if _is_kept(client("secretsmanager"), arn):
                yield _secret(arn)
        else:
            yield _OTHERS.get(arn.service, _unknown)(arn)
    yield from _aliases(client("kms"), mark)


def _is_kept(secrets: Any, arn: _Arn) -> bool:
    """Whether a secret is not deleted or scheduled for deletion; its tags are listed for some time after."""
    try:
        return "DeletedDate" not in secrets.describe_secret(SecretId=arn.whole)
    except secrets.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return False


def _aliases(kms: Any, mark: str) -> Iterator[Marked]:
    """The aliases with the stack's prefix."""
    prefix = f"alias/{mark}/".replace(".", "-")
    for page in kms.get_paginator("list_aliases").paginate():
        for each in page["Aliases"]:
            name, arn = each["AliasName"], _Arn(each["AliasArn"], {})
            if name.startswith(prefix):
                yield Marked(
                    f"the KMS alias {name}",
                    "aws:kms/alias:Alias",
                    name,
                    arn.whole,
                    _command(arn, "kms delete-alias --alias-name", quote(name)),
                    instead=_PREVIEW,
                )


def _command(arn: _Arn, *words: str) -> str:
    region = f" --region {arn.region}" if arn.region else ""
    return f"aws {' '.join(words)}{region}"


def _key(arn: _Arn) -> Marked:
    number = arn.resource.partition("/")[2]
    remove = _command(arn, "kms schedule-key-deletion --pending-window-in-days 7 --key-id", number)
    return Marked(f"the KMS key {number}", "aws:kms/key:Key", number, arn.whole, remove)


def _repository(arn: _Arn) -> Marked:
    name = arn.resource.partition("/")[2]
    remove = _command(arn, "ecr delete-repository --repository-name", quote(name))
    instead = f"{_PREVIEW}, and `adopt: true` adopts it"
    return Marked(
        f"the ECR repository {name}",
        "aws:ecr/repository:Repository",
        name,
        arn.whole,
        remove,
        instead=instead,
    )


def _bucket(arn: _Arn) -> Marked:
    name = arn.resource
    versions = "'{Objects: [Versions, DeleteMarkers][].{Key: Key, VersionId: VersionId}}'"
    listed = f"aws s3api list-object-versions --max-items 1000 --bucket {name} --query {versions}"
    emptied = f'aws s3api delete-objects --bucket {name} --delete "$({listed})"'
    remove = f"{emptied}; aws s3api delete-bucket --bucket {name}"
    return Marked(
        f"the S3 bucket {name}",
        "aws:s3/bucket:Bucket",
        name,
        arn.whole,
        remove,
        name,
        BUCKET_PARENTS,
    )


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
                yield replace(_bucket(_Arn(f"arn:aws:s3:::{name}", {})), unmarked=True)


def _parameter(arn: _Arn) -> Marked:
    name = arn.resource.removeprefix("parameter")
    return _named_parameter(name, arn.whole, arn.region, unmarked=False)


def _named_parameter(name: str, arn: str, region: str, *, unmarked: bool = True) -> Marked:
    return Marked(
        f"the parameter {name}",
        "aws:ssm/parameter:Parameter",
        name,
        arn,
        f"aws ssm delete-parameter --name {quote(name)} --region {region}",
        instead="the next `pulumi up` adopts it, if it is declared",
        unmarked=unmarked,
    )


def _group(arn: _Arn) -> Marked:
    name = arn.resource.partition("autoScalingGroupName/")[2]
    remove = _command(
        arn, "autoscaling delete-auto-scaling-group --force-delete --auto-scaling-group-name", name
    )
    return Marked(
        f"the Auto Scaling group {name}, with its instances",
        "aws:autoscaling/group:Group",
        name,
        arn.whole,
        remove,
        name,
        ("RunnerHost", "RunnerFleet"),
    )


def _log_group(arn: _Arn) -> Marked:
    name = arn.resource.removeprefix("log-group:").removesuffix(":*")
    remove = _command(arn, "logs delete-log-group --log-group-name", quote(name))
    return Marked(
        f"the log group {name}",
        "aws:cloudwatch/logGroup:LogGroup",
        name,
        arn.whole.removesuffix(":*"),
        remove,
        instead=_PREVIEW,
    )


def _alarm(arn: _Arn) -> Marked:
    name = arn.resource.removeprefix("alarm:")
    remove = _command(arn, "cloudwatch delete-alarms --alarm-names", quote(name))
    parents = ("RunnerHost", "HostedRunnerAuth")
    kind = "aws:cloudwatch/metricAlarm:MetricAlarm"
    return Marked(f"the alarm {name}", kind, name, arn.whole, remove, name, parents)


def _function(arn: _Arn) -> Marked:
    name = arn.resource.removeprefix("function:")
    remove = _command(arn, "lambda delete-function --function-name", quote(name))
    kind = "aws:lambda/function:Function"
    return Marked(f"the function {name}", kind, name, arn.whole, remove, name, ("HostedRunnerAuth",))


def _secret(arn: _Arn) -> Marked:
    remove = _command(arn, "secretsmanager delete-secret --recovery-window-in-days 7 --secret-id", arn.whole)
    kind = "aws:secretsmanager/secret:Secret"
    return Marked(f"the secret {arn.resource.removeprefix('secret:')}", kind, arn.whole, arn.whole, remove)


def _image_builder(arn: _Arn) -> Marked:
    kind, _, name = arn.resource.partition("/")
    option = "component-build-version" if kind == "component" else kind
    type_ = "".join(each.capitalize() for each in kind.split("-"))
    return Marked(
        f"the {kind.replace('-', ' ')} {name} of Image Builder",
        f"aws:imagebuilder/{type_[0].lower()}{type_[1:]}:{type_}",
        arn.whole,
        arn.whole,
        _command(arn, f"imagebuilder delete-{kind} --{option}-arn", arn.whole),
    )


def _unknown(arn: _Arn) -> Marked:
    return Marked(arn.whole, "", "", arn.whole)


_OTHERS: dict[str, Callable[[_Arn], Marked]] = {
    "autoscaling": _group,
    "cloudwatch": _alarm,
    "ecr": _repository,
    "imagebuilder": _image_builder,
    "lambda": _function,
    "logs": _log_group,
    "s3": _bucket,
    "ssm": _parameter,
}

_EC2 = {
    "vpc": ("aws:ec2/vpc:Vpc", "delete-vpc --vpc-id"),
    "subnet": ("aws:ec2/subnet:Subnet", "delete-subnet --subnet-id"),
    "internet-gateway": (
        "aws:ec2/internetGateway:InternetGateway",
        "delete-internet-gateway --internet-gateway-id",
    ),
    "natgateway": ("aws:ec2/natGateway:NatGateway", "delete-nat-gateway --nat-gateway-id"),
    "elastic-ip": ("aws:ec2/eip:Eip", "release-address --allocation-id"),
    "route-table": ("aws:ec2/routeTable:RouteTable", "delete-route-table --route-table-id"),
    "vpc-endpoint": ("aws:ec2/vpcEndpoint:VpcEndpoint", "delete-vpc-endpoints --vpc-endpoint-ids"),
    "vpc-flow-log": ("aws:ec2/flowLog:FlowLog", "delete-flow-logs --flow-log-ids"),
    "volume": ("", "delete-volume --volume-id"),
    "instance": ("", "terminate-instances --instance-ids"),
}
"""The EC2 resources that need no further request: type, and command that deletes one."""


_GOING = ("deleting", "deleted", "shutting-down", "terminated")
"""The states of deleted resources that EC2 still returns."""


def _in_ec2(arn: _Arn, ec2: Any) -> Iterator[Marked]:
    kind, _, number = arn.resource.partition("/")
    if kind == "instance" and "aws:autoscaling:groupName" in arn.tags:
        return  # the Auto Scaling group is to be deleted
    if kind == "volume":
        (volume,) = ec2.describe_volumes(VolumeIds=[number])["Volumes"]
        if volume["State"] != "available":
            return  # it is attached to an instance
    if kind in ("natgateway", "vpc-endpoint", "instance") and _is_going(kind, number, ec2):
        return
    if kind == "security-group-rule":
        (rule,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[number])["SecurityGroupRules"]
        yield _rule(arn, rule)
    elif kind == "security-group":
        (group,) = ec2.describe_security_groups(GroupIds=[number])["SecurityGroups"]
        remove = _command(arn, "ec2 delete-security-group --group-id", number)
        parents = ("RunnerHost", "RunnerFleet", "RunnerNetwork", "RunnerImage")
        yield Marked(
            f"the security group {number} ({group['GroupName']})",
            "aws:ec2/securityGroup:SecurityGroup",
            number,
            arn.whole,
            remove,
            group["GroupName"],
            parents,
        )
    elif kind == "launch-template":
        (template,) = ec2.describe_launch_templates(LaunchTemplateIds=[number])["LaunchTemplates"]
        name = template["LaunchTemplateName"]
        yield Marked(
            f"the launch template {name}",
            "aws:ec2/launchTemplate:LaunchTemplate",
            number,
            arn.whole,
            _command(arn, "ec2 delete-launch-template --launch-template-id", number),
            name,
            ("RunnerHost", "RunnerFleet"),
        )
    elif kind in _EC2:
        type_, verb = _EC2[kind]
        name = arn.tags.get("Name", "") if type_ else ""
        what = f"the {kind.replace('-', ' ')} {number}"
        yield Marked(
            what, type_, number, arn.whole, _command(arn, "ec2", verb, number), name, ("RunnerNetwork",)
        )
    else:
        yield _unknown(arn)


def _is_going(kind: str, number: str, ec2: Any) -> bool:
    """Whether a resource is deleted: EC2 returns it with its tags for up to an hour after that."""
    try:
        if kind == "natgateway":
            found = ec2.describe_nat_gateways(NatGatewayIds=[number])["NatGateways"]
            states = [each["State"] for each in found]
        elif kind == "vpc-endpoint":
            found = ec2.describe_vpc_endpoints(VpcEndpointIds=[number])["VpcEndpoints"]
            states = [each["State"] for each in found]
        else:
            found = ec2.describe_instances(InstanceIds=[number])["Reservations"]
            states = [each["State"]["Name"] for one in found for each in one["Instances"]]
    except ec2.exceptions.ClientError as error:
        if "NotFound" in error.response["Error"]["Code"]:
            return True
        raise
    return all(state.lower() in _GOING for state in states)


def _rule(arn: _Arn, rule: dict[str, Any]) -> Marked:
    way = "egress" if rule["IsEgress"] else "ingress"
    number, group = rule["SecurityGroupRuleId"], rule["GroupId"]
    return Marked(
        f"the {way} rule {number} of the security group {group}",
        f"aws:vpc/securityGroup{way.capitalize()}Rule:SecurityGroup{way.capitalize()}Rule",
        number,
        arn.whole,
        _command(
            arn, f"ec2 revoke-security-group-{way} --group-id {group} --security-group-rule-ids {number}"
        ),
        instead=_PREVIEW if way == "egress" else "",
        goes_with=group,
    )


def _in_iam(iam: Any, mark: str) -> Iterator[Marked]:
    roles = [
        each
        for page in iam.get_paginator("list_roles").paginate()
        for each in page["Roles"]
        if not each["Path"].startswith(("/aws-service-role/", "/aws-reserved/", "/service-role/"))
    ]

    policies = [
        each
        for page in iam.get_paginator("list_policies").paginate(Scope="Local")
        for each in page["Policies"]
    ]
    with ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
        of_roles = pool.map(lambda each: iam.list_role_tags(RoleName=each["RoleName"])["Tags"], roles)
        of_policies = pool.map(lambda each: iam.list_policy_tags(PolicyArn=each["Arn"])["Tags"], policies)
    yield from (_role(iam, each) for each, tags in zip(roles, of_roles, strict=True) if _has_mark(tags, mark))
    yield from (
        _policy(iam, each) for each, tags in zip(policies, of_policies, strict=True) if _has_mark(tags, mark)
    )
    for page in iam.get_paginator("list_instance_profiles").paginate():
        for each in page["InstanceProfiles"]:
            name = each["InstanceProfileName"]
            # ListInstanceProfiles returns no tags, GetInstanceProfile does.
            profile = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
            if _has_mark(profile.get("Tags", ()), mark):
                yield _profile(profile)
    for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        arn = each["Arn"]
        if _has_mark(iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn).get("Tags", ()), mark):
            yield Marked(
                f"the OpenID Connect provider {arn}",
                "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
                arn,
                arn,
                f"aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {arn}",
                instead=_PREVIEW,
            )


def _has_mark(tags: Iterable[dict[str, str]], mark: str) -> bool:
    return any((each["Key"], each["Value"]) == (STACK_TAG, mark) for each in tags)


def _role(iam: Any, role: dict[str, Any]) -> Marked:
    """A role, which IAM deletes only without policies and instance profiles."""
    name = role["RoleName"]
    first = [
        f"aws iam delete-role-policy --role-name {name} --policy-name {quote(each)}"
        for each in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    first += [
        f"aws iam detach-role-policy --role-name {name} --policy-arn {each['PolicyArn']}"
        for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    ]
    first += [
        f"aws iam remove-role-from-instance-profile --role-name {name} --instance-profile-name "
        f"{each['InstanceProfileName']}"
        for each in iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]
    ]
    return Marked(
        f"the IAM role {name}",
        "aws:iam/role:Role",
        name,
        role["Arn"],
        " && ".join([*first, f"aws iam delete-role --role-name {name}"]),
        name,
        (
            *("RunnerManagerRole", "JobRole", "PipelineRoles", "HostedRunnerAuth"),
            *("EcrSettings", "RunnerImage", "RunnerNetwork"),
        ),
    )


def _policy(iam: Any, policy: dict[str, Any]) -> Marked:
    """A managed policy, which IAM deletes only if it is not attached and has no older versions."""
    name, arn = policy["PolicyName"], policy["Arn"]
    first = [
        f"aws iam detach-role-policy --role-name {each['RoleName']} --policy-arn {arn}"
        for each in iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")["PolicyRoles"]
    ]
    first += [
        f"aws iam delete-policy-version --policy-arn {arn} --version-id {each['VersionId']}"
        for each in iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if not each["IsDefaultVersion"]
    ]
    return Marked(
        f"the IAM policy {name}",
        "aws:iam/policy:Policy",
        arn,
        arn,
        # `;` and not `&&`: it may be detached already, by the command that deletes the role.
        "; ".join([*first, f"aws iam delete-policy --policy-arn {arn}"]),
        name,
        ("PipelineRoles",),
    )


def _profile(profile: dict[str, Any]) -> Marked:
    name = profile["InstanceProfileName"]
    first = [
        f"aws iam remove-role-from-instance-profile --instance-profile-name {name} --role-name "
        f"{each['RoleName']}"
        for each in profile["Roles"]
    ]
    return Marked(
        f"the instance profile {name}",
        "aws:iam/instanceProfile:InstanceProfile",
        name,
        profile["Arn"],
        " && ".join([*first, f"aws iam delete-instance-profile --instance-profile-name {name}"]),
        name,
        ("RunnerManagerRole", "RunnerImage"),
    )
