"""Components built on pulumi_gitlab."""
