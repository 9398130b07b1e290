"""Which credentials an image is pulled with, and why.

`runner` answers for gitlab-runner, `docker` for ``docker pull``; both give a `trace.Resolution`.
"""
