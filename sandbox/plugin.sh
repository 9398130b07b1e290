#!/bin/sh
# A stand-in provider plugin: `pulumi-resource-A-B` runs the Python module sandbox.providers.A_B.
module=$(echo "${0##*/pulumi-resource-}" | tr - _)
exec "$SANDBOX_PYTHON" -P -m "sandbox.providers.$module" "$@"
