#!/bin/sh
# gitlab-runner-manager: starts the runner manager of a Docker host, with the files that were delivered to it.
#
# The PATH holds the credential helper alone, so that a job cannot make the manager run another one.
set -eu

# In a directory of the container's own, beside which the runner keeps its system ID. A manager that takes the
# place of this one while its jobs end must have another: GitLab and the jobs' volumes know managers by it.
/bin/mkdir -p /etc/gitlab-runner
/bin/ln -sfn /srv/gitlab-runner/current/config.toml /etc/gitlab-runner/config.toml
exec /usr/bin/gitlab-runner run --config /etc/gitlab-runner/config.toml
