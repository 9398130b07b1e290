"""Serves the components to stacks in any language: see `pulumi package add`."""

from pulumi_gitlab_runner.package import serve

if __name__ == "__main__":
    serve()
