"""Serves the package to the engine: the components for any language, and the resource of mirrored images."""

import gc

from pulumi_gitlab_runner.plugin import serve

if __name__ == "__main__":
    gc.disable()  # a plugin ends with its preview or update, and nearly all that it makes lives as long
    serve()
