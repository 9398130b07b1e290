"""The resources to which those of the cases refer."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from tests.providers.aws.cases import CASES, Case, archive, trust


class MadeResource(Protocol):
    """A resource that was created."""

    @property
    def id(self) -> str: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...


Make = Callable[[str, dict[str, Any]], MadeResource]
"""Creates a resource of a type."""
Invoke = Callable[[str, dict[str, Any]], Mapping[str, Any]]
"""Calls a function of the provider."""

COMPONENT, RECIPE, INFRASTRUCTURE, DISTRIBUTION = (
    next(each for each in CASES if each.token.endswith(f":{kind}"))
    for kind in ("Component", "ImageRecipe", "InfrastructureConfiguration", "DistributionConfiguration")
)


def needs(make: Make, invoke: Invoke) -> Callable[[Case], dict[str, Any]]:
    """Return a function that creates what a case needs: again if the case changes it, otherwise once."""

    def bucket() -> str:
        return make("aws:s3/bucket:Bucket", {"forceDestroy": True}).id

    def group() -> str:
        return make("aws:ec2/securityGroup:SecurityGroup", {}).id

    def repository() -> str:
        return make("aws:ecr/repository:Repository", {}).id

    @cache
    def image() -> str:
        name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        return str(invoke("aws:ssm/getParameter:getParameter", {"name": name})["value"])

    @cache
    def key() -> str:
        return str(make("aws:kms/key:Key", {}).outputs["arn"])

    def role() -> str:
        return make("aws:iam/role:Role", {"assumeRolePolicy": trust("ec2.amazonaws.com")}).id

    @cache
    def subnet() -> str:
        return str(invoke("aws:ec2/getSubnets:getSubnets", {})["ids"][0])

    @cache
    def template() -> str:
        inputs = {"imageId": image(), "instanceType": "t3.large"}
        return make("aws:ec2/launchTemplate:LaunchTemplate", inputs).id

    def vpc() -> str:
        return make("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}).id

    def address() -> str:
        return make("aws:ec2/eip:Eip", {}).id

    def routes() -> str:
        return make("aws:ec2/routeTable:RouteTable", {"vpcId": vpc()}).id

    def gateway() -> str:
        return make("aws:ec2/internetGateway:InternetGateway", {"vpcId": vpc()}).id

    def network() -> dict[str, str]:
        """A VPC with a subnet and a route table."""
        made = vpc()
        inside = make("aws:ec2/subnet:Subnet", {"vpcId": made, "cidrBlock": "10.0.1.0/24"})
        table = make("aws:ec2/routeTable:RouteTable", {"vpcId": made})
        return {"vpc": made, "subnet": inside.id, "table": table.id}

    def log_group() -> str:
        return str(make("aws:cloudwatch/logGroup:LogGroup", {}).outputs["arn"])

    def secret() -> str:
        return make("aws:secretsmanager/secret:Secret", {}).id

    @cache
    def function_role() -> str:
        """A role that functions take on."""
        trusts = {"assumeRolePolicy": trust("lambda.amazonaws.com")}
        return str(make("aws:iam/role:Role", trusts).outputs["arn"])

    @cache
    def function() -> str:
        """A function that returns the event."""
        code = archive("def handler(event, context):\n    return event\n")
        settings = {"runtime": "python3.13", "handler": "demo.handler", "role": function_role()}
        return make("aws:lambda/function:Function", {"code": code, **settings}).id

    @cache
    def scaled() -> str:
        """An Auto Scaling group."""
        launched = {"launchTemplate": {"id": template()}, "vpcZoneIdentifiers": [subnet()]}
        return make("aws:autoscaling/group:Group", {"minSize": 0, "maxSize": 9, **launched}).id

    @cache
    def component() -> str:
        """A component of machine images."""
        return make(COMPONENT.token, COMPONENT.base()).id

    def build() -> dict[str, str]:
        """What a pipeline of machine images needs."""
        return {
            "recipe": make(RECIPE.token, RECIPE.base(component())).id,
            "infrastructure": make(INFRASTRUCTURE.token, INFRASTRUCTURE.base()).id,
            "distribution": make(DISTRIBUTION.token, DISTRIBUTION.base()).id,
        }

    makers: Sequence[Callable[[], Any]] = (
        bucket,
        group,
        repository,
        image,
        key,
        role,
        subnet,
        template,
        function_role,
        function,
        scaled,
        secret,
        vpc,
        address,
        routes,
        gateway,
        network,
        log_group,
        component,
        build,
    )
    by_name = {maker.__name__: maker for maker in makers}
    return lambda case: {name: by_name[name]() for name in case.needs}
