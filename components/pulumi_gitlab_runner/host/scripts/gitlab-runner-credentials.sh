#!/bin/sh
# gitlab-runner-credentials: keeps the credentials of this runner host's registries ready for every pull.
#
# It runs the Python package ../lib/gitlab-runner-host/gitlab_runner_credentials, which imports nothing from the
# working directory.
set -eu
here=$(CDPATH='' cd -- "${0%/*}" && pwd)
cd /
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=${here%/*}/lib/gitlab-runner-host \
    exec /usr/bin/python3 -s -m gitlab_runner_credentials "$@"
