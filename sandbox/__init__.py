"""The sandbox: AWS and GitLab on loopback, stand-in provider plugins, and an engine to run a stack with."""
