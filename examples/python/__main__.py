"""The shop's images, CI variables and runners, made of the components of pulumi-gitlab-runner."""

import pulumi
import pulumi_aws as aws
from pulumi_gitlab_runner import CiVariables, EcrRepositories, RegistryDeclaration, RunnerStack

config = pulumi.Config()

# A partner's registry: its password is a secret of this stack's configuration.
partner: RegistryDeclaration = {
    "host": "registry.partner.example",
    "static": {"username": "shop", "password": config.require_secret("partnerPassword")},
}

# One component by itself: the repositories of the shop's images, in another region than the stack.
frankfurt = aws.Provider("frankfurt", region="eu-central-1")
images = EcrRepositories(
    "images",
    {"repositories": {"shop/web": {}, "shop/worker": {"keep_images": 20}}, "allow_pull": ["210987654321"]},
    opts=pulumi.ResourceOptions(providers=[frankfurt]),
)

# Another one: variables for the jobs of project 8. A value may be another resource's output.
CiVariables(
    "deployment",
    {
        "registries": {"partner": partner},
        "variables": [
            {"project": 8, "docker_auth": ["partner"]},
            {"project": 8, "key": "WEB_IMAGE", "value": images.urls["shop/web"]},
        ],
    },
)

# The whole from one declaration: a registry for the images of jobs, and a runner that may pull from it.
runners = RunnerStack(
    "ci",
    {
        "gitlab_url": config.require("gitlabUrl"),
        "registries": {"tools": {"ecr": {}, "repositories": {"shop/ci": {}}}, "partner": partner},
        "runners": {
            "shop": {
                "group": 43,
                "tags": ["shop"],
                "image": "tools/shop/ci:1",
                "registries": ["tools", "partner"],
                "host": {"instance_type": "t4g.large"},
            }
        },
    },
)

pulumi.export("images", images.urls)
pulumi.export("runners", runners.runners)
