"""A runner in a GitLab group and a VPC of the same program."""

import pulumi
import pulumi_aws as aws
import pulumi_gitlab as gitlab
import pulumi_gitlab_runner as runner

config = pulumi.Config()
group = gitlab.Group("platform", name="platform", path="platform")
vpc = aws.ec2.Vpc("ci", cidr_block="10.20.0.0/16")
subnet = aws.ec2.Subnet("ci", vpc_id=vpc.id, cidr_block="10.20.0.0/24")

ci = runner.RunnerStack(
    "ci",
    {
        "registries": {
            "team": {"ecr": {}, "repositories": {"ci/base": {"keep_images": 50}}},
            "partner": {
                "host": "registry.partner.example",
                "static": {"username": "ci", "password": config.require_secret("partnerPassword")},
            },
        },
        "runners": {
            "build": {
                "group": group.id,
                "tags": ["docker"],
                "registries": ["team", "partner"],
                "host": {"vpc": vpc.id, "subnets": [subnet.id]},
            }
        },
    },
)
pulumi.export("runners", ci.runners)
