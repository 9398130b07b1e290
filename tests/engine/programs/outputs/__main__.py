"""A stack whose runners use resources of the same program: every value that can be an Output is one."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_gitlab as gitlab
from pulumi_gitlab_runner import RunnerStack

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:ListAllMyBuckets"], "Resource": ["*"]}],
    }
)

config = pulumi.Config()
group = gitlab.Group("platform", name="outputs", path="outputs")
project = gitlab.Project("app", name="app", namespace_id=group.id.apply(int))
vpc = aws.ec2.Vpc("ci", cidr_block="10.20.0.0/16")
subnets = [
    aws.ec2.Subnet(
        f"ci-{zone}", vpc_id=vpc.id, cidr_block=f"10.20.{zone}.0/24", availability_zone=f"eu-west-1{name}"
    )
    for zone, name in enumerate("ab")
]
key = aws.kms.Key("ci", description="Images and cache")
topic = aws.sns.Topic("ci")
policy = aws.iam.Policy("ci", policy=POLICY)


def later(text: str) -> pulumi.Output[str]:
    """A text that is known only after an update."""
    return group.id.apply(lambda _: text)


runners = RunnerStack(
    "shop",
    {
        "gitlab_url": later("https://gitlab.example.com"),
        "tags": {"team": later("platform")},
        "registries": {
            "team": {
                "ecr": {},
                "repositories": {"outputs/base": {"kms_key": key.arn}},
                "allow_pull": [later("210987654321")],
            },
            "shared": {
                "ecr": {"account": later("210987654321"), "region": later("us-east-1")},
                "repositories": ["platform/toolchain"],
            },
            "legacy": {
                "host": later("registry.example.com:5000"),
                "static": {"username": later("my_username"), "password": config.require_secret("password")},
            },
            "partner": {
                "host": later("registry.partner.example"),
                "static": {
                    "secret": later("arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/partner-AbCdEf"),
                    "key": key.arn,
                },
            },
        },
        "runners": {
            "build": {
                "group": group.id,
                "tags": [later("docker")],
                "description": later("Builds"),
                "maintenance_note": later("Ask the platform team"),
                "image": later("team/outputs/base:2026.11"),
                "services": [
                    {"name": later("redis:7"), "alias": later("cache"), "environment": [later("A=b")]}
                ],
                "registries": ["team", "shared", "legacy", "partner"],
                "host": {
                    "ami": later("ami-0123456789abcdef0"),
                    "vpc": vpc.id,
                    "subnets": [each.id for each in subnets],
                    "egress": [{"cidr": later("0.0.0.0/0"), "from_port": 443}],
                    "alarms": {"topic": topic.arn},
                    "permissions_boundary": policy.arn,
                    "role_path": later("/ci/"),
                    "policies": [policy.arn],
                    "tags": {"cost-center": later("42")},
                },
            },
            "release": {
                "project": project.id,
                "tags": pulumi.Output.all(later("release"), later("deploy")),
                "other_projects": [7],
                "registries": ["team"],
                "fleet": {
                    "instance_types": ["c7i.large"],
                    "max_instances": 2,
                    "vpc": vpc.id,
                    "subnets": pulumi.Output.all(*(each.id for each in subnets)),
                    "manager": {"alarms": {"topic": topic.arn}},
                },
            },
        },
        "cache": {"kms_key": key.arn},
        "variables": [
            {"project": project.id, "docker_auth": ["legacy"]},
            {"group": group.id, "key": "REGION", "value": later("eu-west-1"), "description": later("Where")},
        ],
        "job_roles": {
            "publish": {
                "projects": [project.path_with_namespace],
                "branches": [later("main")],
                "push": ["team/outputs/base"],
                "audience": later("https://gitlab.example.com"),
                "permissions_boundary": policy.arn,
            }
        },
        "ecr_settings": {
            "eu-west-1": {
                "replicate_to": [{"region": "eu-central-1", "account": later("210987654321")}],
                "creation_templates": {"hub": {"kms_key": key.arn, "tags": {"team": later("platform")}}},
            }
        },
    },
)

pulumi.export("runners", runners.runners)
pulumi.export("variables", runners.variables)
pulumi.export("bucket", runners.bucket)
