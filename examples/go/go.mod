module shop

go 1.25

require (
	github.com/pulumi/pulumi-aws/sdk/v7 v7.51.1
	github.com/pulumi/pulumi-gitlab/sdk/v10 v10.4.0
	github.com/pulumi/pulumi/sdk/v3 v3.258.0
	pulumi-gitlab-runner/sdk/go v0.1.0
)

replace pulumi-gitlab-runner/sdk/go => ./sdks/gitlab-runner
