"""An ECR repository, and a runner whose jobs can use its images."""

import pulumi
from pulumi_gitlab_runner import RunnerStack

config = pulumi.Config()

ci = RunnerStack(
    "ci",
    {
        "registries": {"team": {"ecr": {}, "repositories": {"ci/base": {}}}},
        "runners": {
            "build": {
                "group": config.require_int("group"),
                "tags": ["docker"],
                "registries": ["team"],
                "host": {},  # one m6i.large with Amazon Linux 2023
            }
        },
    },
)

pulumi.export("registries", ci.registries)
pulumi.export("required_policies", ci.required_policies)
pulumi.export("runners", ci.runners)
