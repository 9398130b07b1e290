// Images, runners and CI variables of a shop, created with the components of pulumi-gitlab-runner.
import * as aws from "@pulumi/aws";
import * as gitlab from "@pulumi/gitlab";
import * as pulumi from "@pulumi/pulumi";
import * as runner from "pulumi-gitlab-runner";

const config = new pulumi.Config();

// The same program creates the group and the network of the runners.
const group = new gitlab.Group("shop", { name: "Shop", path: "shop" });
const vpc = new aws.ec2.Vpc("ci", { cidrBlock: "10.20.0.0/16" });
const subnet = new aws.ec2.Subnet("ci", { vpcId: vpc.id, cidrBlock: "10.20.0.0/24" });

// A single component: the repositories for the shop's images.
const images = new runner.EcrRepositories("images", {
    repositories: { "shop/web": {}, "shop/worker": { keepImages: 20 } },
});

// A whole declaration: two registries, a runner that can pull from them, and CI variables.
const ci = new runner.RunnerStack("ci", {
    gitlabUrl: config.require("gitlabUrl"),
    registries: {
        tools: { ecr: {}, repositories: { "shop/ci": {} } },
        partner: {
            host: "registry.partner.example",
            static: { username: "shop", password: config.requireSecret("partnerPassword") },
        },
    },
    runners: {
        shop: {
            group: group.id,
            tags: ["shop"],
            image: "tools/shop/ci:1",
            registries: ["tools", "partner"],
            host: {
                instanceType: "t4g.large",
                os: runner.types.enums.OperatingSystem.Debian12,
                vpc: vpc.id,
                subnets: [subnet.id],
            },
        },
    },
    variables: [{ group: group.id, key: "WEB_IMAGE", value: images.urls["shop/web"] }],
});

export const imageUrls = images.urls;
export const runners = ci.runners;
