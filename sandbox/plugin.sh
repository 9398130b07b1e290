#!/bin/sh
# A stand-in provider plugin: `pulumi-resource-NAME` runs the Python module sandbox.providers.NAME.
exec "$SANDBOX_PYTHON" -P -m "sandbox.providers.${0##*/pulumi-resource-}" "$@"
