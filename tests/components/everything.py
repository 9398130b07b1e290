"""A declaration with everything that creates resources in AWS, and the resources that its stack registers."""

from typing import Any

import yaml
from pulumi.runtime.mocks import MockResourceArgs
from pulumi_gitlab_runner import RunnerStack

from sandbox.providers.aws.provider import Aws
from sandbox.standin.properties import Failure
from sandbox.standin.values import Properties, decode
from tests.components.recording import ACCOUNT, REGION, Cloud, Registered, in_the_clear, run
from tests.spec.declaration import CHECKOUT

_FILE = CHECKOUT / "tests" / "engine" / "upgrade" / "af27e12" / "Pulumi.everything.yaml"
_IAM = {
    "role": "role",
    "policy": "policy",
    "instanceProfile": "instance-profile",
}
_IMAGE_BUILDER = {
    "component": "component/base/1.2.3/1",
    "imageRecipe": "image-recipe/base/1.2.3",
    "infrastructureConfiguration": "infrastructure-configuration/base",
    "distributionConfiguration": "distribution-configuration/base",
    "imagePipeline": "image-pipeline/base",
}


class RealisticCloud(Cloud):
    """AWS with realistic ARNs."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Return the ID and the outputs that a provider gives a resource."""
        identity, given = super().new_resource(args)
        service, _, kind = args.typ.partition(":")[2].partition(":")[0].partition("/")
        inputs = in_the_clear(args.inputs)
        match service, kind:
            case "iam", ("role" | "policy" | "instanceProfile"):
                given["arn"] = f"arn:aws:iam::{ACCOUNT}:{_IAM[kind]}/{args.name}-0a1b2c3"
            case "s3", "bucket":
                given["arn"] = f"arn:aws:s3:::{given['bucket']}"
            case "kms", "key":
                given["arn"] = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef"
            case "ssm", _:
                given["arn"] = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{inputs['name']}"
            case "secretsmanager", _:
                given["arn"] = (
                    f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{inputs.get('name', args.name)}-AbCdEf"
                )
            case "imagebuilder", _:
                given["arn"] = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:{_IMAGE_BUILDER[kind]}"
            case "iam", "openIdConnectProvider":
                pass
            case _:
                given["arn"] = f"arn:aws:{service}:{REGION}:{ACCOUNT}:{args.name}"
        return identity, given


class EmptyCloud(Cloud):
    """AWS before anything is created: the providers have chosen names, and nothing else is known."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Return the ID and the outputs that a provider plans for a resource."""
        identity, planned = super().new_resource(args)
        name = f"{args.name}-0a1b2c3"
        if args.typ == "aws:s3/bucket:Bucket":
            planned |= {"bucket": name}
        if args.typ.startswith("aws:"):
            planned = {"name": name} | planned
        return identity, planned


def declaration() -> dict[str, Any]:
    """A declaration of everything: the one of the tests of upgrades, with the options that are newer."""
    declared: dict[str, Any] = yaml.safe_load(_FILE.read_text())["config"]["gitlab-runner:stack"]
    declared["runners"]["build"]["host"]["metrics"] = "vpc"
    declared["runners"]["release"]["host"]["egress"].append({"cidr": "10.0.0.0/8", "from_port": 22})
    declared["runners"]["build"]["host"]["policies"] = [f"arn:aws:iam::{ACCOUNT}:policy/of-our-own"]
    fleets = [each["fleet"] for each in declared["runners"].values() if "fleet" in each]
    fleets[0].setdefault("manager", {})["egress"] = [{"cidr": "0.0.0.0/0", "from_port": 443}]
    declared["ecr_settings"][REGION]["replicate_from"] = [{"account": "210987654321"}]
    declared["ecr_settings"][REGION]["creation_templates"]["hub"] |= {"tags": {"team": "ci"}}
    declared["tags"] = {"team": "ci", "cost-center": "4711"}
    declared["machine_images"] = {"base": {"images": ["team/ci/base:1"], "registries": ["team"]}}
    declared["network"] |= {"flow_logs": {}}
    return declared


def in_aws(declared: dict[str, Any]) -> list[Registered]:
    """The AWS resources that a stack registers."""
    recording, _ = run(lambda: RunnerStack("ci", declared), cloud=RealisticCloud)  # type: ignore[arg-type]
    return [each for each in recording.registered.values() if each.type.startswith("aws:")]


def as_checked(aws: Aws, registered: Registered) -> tuple[Properties, list[Failure]]:
    """A resource's inputs after the provider's check, with defaults and an automatic name; the failures."""
    checked, failures = aws.check(
        registered.type, registered.name, {}, decode(registered.request.object), registered.name.encode()
    )
    return {name: value for name, value in checked.items() if not name.startswith("__")}, failures
