package plugin

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// declare states where Pulumi's provider differs from what the bridge makes of a type by itself: names,
// automatic names, documents, assets, ids, and what is deleted before it is replaced
// (pulumi/pulumi-aws, provider/resource_overrides.go).
func declare(resources map[string]*tfbridge.ResourceInfo) {
	of := func(name string) *tfbridge.ResourceInfo {
		if resources[name] == nil {
			return &tfbridge.ResourceInfo{} // not served
		}
		return resources[name]
	}
	set := func(name, field string, schema *info.Schema) {
		declared := of(name)
		if declared.Fields == nil {
			declared.Fields = map[string]*info.Schema{}
		}
		declared.Fields[field] = schema
	}

	for name, field := range map[string]string{
		"aws_ecr_lifecycle_policy":  "policy",
		"aws_ecr_registry_policy":   "policy",
		"aws_ecr_repository_policy": "policy",
		"aws_iam_policy":            "policy",
		"aws_iam_role":              "assume_role_policy",
		"aws_iam_role_policy":       "policy",
		"aws_s3_bucket":             "policy",
		"aws_s3_bucket_policy":      "policy",
	} {
		set(name, field, &info.Schema{Type: "string", Transform: tfbridge.TransformJSONDocument})
	}

	set("aws_cloudwatch_metric_alarm", "alarm_name", tfbridge.AutoName("name", 255, "-"))
	set("aws_iam_role", "name", tfbridge.AutoName("name", 64, "-"))
	set("aws_lambda_function", "function_name", tfbridge.AutoName("name", 64, "-"))
	set("aws_sns_topic", "name", tfbridge.AutoName("name", 80, "-"))
	set("aws_s3_bucket", "bucket", tfbridge.AutoNameTransform("bucket", 63, strings.ToLower))
	set("aws_s3_object", "key", &info.Schema{
		Default: &tfbridge.DefaultInfo{From: tfbridge.FromName(tfbridge.AutoNameOptions{})},
	})
	set("aws_kms_alias", "name", tfbridge.AutoNameWithCustomOptions("name", tfbridge.AutoNameOptions{
		Separator: "-", Maxlen: 238, Randlen: 7,
		PostTransform: func(_ *tfbridge.PulumiResource, name string) (string, error) {
			return "alias/" + strings.TrimPrefix(name, "alias/"), nil
		},
	}))

	set("aws_lambda_function", "filename", &info.Schema{Name: "code", Asset: &tfbridge.AssetTranslation{
		Kind: tfbridge.FileArchive, Format: resource.ZIPArchive, HashField: "source_code_hash",
	}})
	set("aws_s3_object", "source", &info.Schema{Asset: &tfbridge.AssetTranslation{Kind: tfbridge.FileAsset}})

	set("aws_autoscaling_group", "tag", &info.Schema{Name: "tags"})
	set("aws_lambda_function", "architectures", &info.Schema{MaxItemsOne: tfbridge.False(), Name: "architectures"})
	set("aws_security_group", "description", &info.Schema{
		Default: &tfbridge.DefaultInfo{Value: "Managed by Pulumi"},
	})
	for _, name := range []string{"aws_default_security_group", "aws_security_group"} {
		set(name, "ingress", &info.Schema{Name: "ingress"})
		set(name, "egress", &info.Schema{Name: "egress"})
	}

	of("aws_cloudwatch_log_group").IDFields = []string{"name"}
	of("aws_lambda_function").IDFields = []string{"function_name"}
	of("aws_s3_object").IDFields = []string{"bucket", "key"}
	for _, name := range []string{"aws_ecr_lifecycle_policy", "aws_iam_role_policy_attachment"} {
		of(name).DeleteBeforeReplace = true
	}
}
