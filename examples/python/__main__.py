"""Images, CI variables and runners of a shop, created with the components of pulumi-gitlab-runner."""

import pulumi
import pulumi_aws as aws
from pulumi_gitlab_runner import CiVariables, EcrRepositories, RegistryDeclaration, RunnerStack

config = pulumi.Config()

# The password of a partner's registry is a secret in the stack configuration.
partner: RegistryDeclaration = {
    "host": "registry.partner.example",
    "static": {"username": "shop", "password": config.require_secret("partnerPassword")},
}

# A single component: the repositories for the shop's images, in another region.
frankfurt = aws.Provider("frankfurt", region="eu-central-1")
images = EcrRepositories(
    "images",
    {"repositories": {"shop/web": {}, "shop/worker": {"keep_images": 20}}, "allow_pull": ["210987654321"]},
    opts=pulumi.ResourceOptions(providers=[frankfurt]),
)

# A single component: variables for the jobs of project 8. A value can be an output of another resource.
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

# A whole declaration: a registry for the images of jobs, and a runner that can pull from it.
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
