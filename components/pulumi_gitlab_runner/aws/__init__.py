"""Components over pulumi_aws."""
