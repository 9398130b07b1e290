"""The sandbox: AWS and GitLab on loopback, stand-in provider plugins, and a Pulumi engine to run stacks."""
