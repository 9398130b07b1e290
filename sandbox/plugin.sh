#!/bin/sh
# A provider plugin in the sandbox: for gitlab-runner, the installed plugin of the library; for any other,
# `pulumi-resource-NAME`, its stand-in.
name=${0##*/pulumi-resource-}
case $name in
gitlab-runner) exec "${SANDBOX_PYTHON%/*}/pulumi-resource-gitlab-runner" "$@" ;;
*) exec "$SANDBOX_PYTHON" -P -m sandbox.providers "$name" "$@" ;;
esac
