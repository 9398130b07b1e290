"""Components built on pulumi_aws, one folder for each topic, and the modules that several of them use."""
