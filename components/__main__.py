"""Serves the package to the engine: the components for any language, and the resource of mirrored images."""

from pulumi_gitlab_runner.plugin import serve

if __name__ == "__main__":
    serve()
