"""The roles of the pipeline that deploys the stack prod."""

import pulumi
import pulumi_gitlab_runner as runner

roles = runner.PipelineRoles(
    "prod",
    {
        "pipeline": {
            "project": "platform/runners",
            "stack": "prod",
            "state": {
                "bucket": "my-state",
                "secrets_key": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            },
        },
        "stack_file": "../stacks/Pulumi.prod.yaml",
    },
)
pulumi.export("snippet", roles.snippet)
