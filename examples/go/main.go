// Images, runners and CI variables of a shop, created with the components of pulumi-gitlab-runner.
package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-gitlab/sdk/v10/go/gitlab"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"pulumi-gitlab-runner/sdk/go/gitlabrunner"
)

func main() {
	pulumi.Run(shop)
}

func shop(ctx *pulumi.Context) error {
	settings := config.New(ctx, "")

	// The same program creates the group and the network of the runners.
	group, err := gitlab.NewGroup(ctx, "shop", &gitlab.GroupArgs{
		Name: pulumi.String("Shop"),
		Path: pulumi.String("shop"),
	})
	if err != nil {
		return err
	}
	vpc, err := ec2.NewVpc(ctx, "ci", &ec2.VpcArgs{CidrBlock: pulumi.String("10.20.0.0/16")})
	if err != nil {
		return err
	}
	subnet, err := ec2.NewSubnet(ctx, "ci", &ec2.SubnetArgs{
		VpcId:     vpc.ID(),
		CidrBlock: pulumi.String("10.20.0.0/24"),
	})
	if err != nil {
		return err
	}

	// A single component: the repositories for the shop's images.
	images, err := gitlabrunner.NewEcrRepositories(ctx, "images", &gitlabrunner.EcrRepositoriesArgs{
		Repositories: map[string]gitlabrunner.RepositoryDeclarationArgs{
			"shop/web":    {},
			"shop/worker": {KeepImages: pulumi.IntRef(20)},
		},
	})
	if err != nil {
		return err
	}

	// A whole declaration: two registries, a runner that can pull from them, and CI variables.
	ci, err := gitlabrunner.NewRunnerStack(ctx, "ci", &gitlabrunner.RunnerStackArgs{
		GitlabUrl: pulumi.String(settings.Require("gitlabUrl")),
		Registries: map[string]gitlabrunner.RegistryDeclarationArgs{
			"tools": {
				Ecr:          &gitlabrunner.EcrDeclarationArgs{},
				Repositories: map[string]gitlabrunner.RepositoryDeclarationArgs{"shop/ci": {}},
			},
			"partner": {
				Host: pulumi.String("registry.partner.example"),
				Static: &gitlabrunner.StaticDeclarationArgs{
					Username: pulumi.String("shop"),
					Password: settings.RequireSecret("partnerPassword"),
				},
			},
		},
		Runners: map[string]gitlabrunner.RunnerDeclarationArgs{
			"shop": {
				Group:      group.ID(),
				Tags:       pulumi.ToStringArray([]string{"shop"}),
				Image:      pulumi.String("tools/shop/ci:1"),
				Registries: []string{"tools", "partner"},
				Host: &gitlabrunner.HostDeclarationArgs{
					InstanceType: pulumi.StringRef("t4g.large"),
					Vpc:          vpc.ID(),
					Subnets:      pulumi.StringArray{subnet.ID()},
				},
			},
		},
		Variables: []gitlabrunner.VariableDeclarationArgs{{
			Group: group.ID(),
			Key:   pulumi.StringRef("WEB_IMAGE"),
			Value: images.Urls.MapIndex(pulumi.String("shop/web")),
		}},
	})
	if err != nil {
		return err
	}

	ctx.Export("images", images.Urls)
	ctx.Export("runners", ci.Runners)
	return nil
}
