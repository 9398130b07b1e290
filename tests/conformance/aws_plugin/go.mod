module gitlab-runner.test/conformance/aws-plugin

go 1.26.3

require (
	github.com/hashicorp/terraform-plugin-sdk/v2 v2.40.1
	github.com/hashicorp/terraform-provider-aws v1.60.1-0.20260602190131-5f2286d6d836 // 6.47.1
	github.com/pulumi/pulumi-terraform-bridge/v3 v3.120.0
	github.com/pulumi/pulumi/sdk/v3 v3.218.0
)

// build.py makes both: copies, each with a file of additions/.
replace (
	github.com/hashicorp/terraform-plugin-sdk/v2 => ./terraform-plugin-sdk
	github.com/hashicorp/terraform-provider-aws => ./terraform-provider-aws
)
