"""Resolves the credentials with which an image is pulled, with the reasons.

`runner` resolves them as gitlab-runner does, `docker` as ``docker pull``; both return a `trace.Resolution`.
"""
