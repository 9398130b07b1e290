"""Components over pulumi_gitlab."""
