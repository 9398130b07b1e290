#!/bin/sh
# gitlab-runner-boot: makes a runner host of a fresh Amazon Linux 2023, once, at its first boot.
#
# gitlab-runner is installed last, when its files lie in place: its package starts it at once, and it shall
# never run half configured.
set -eu

# RUNNER_VERSION of this host.
# shellcheck source=/dev/null
. /etc/gitlab-runner-host

step() {
    echo "gitlab-runner-boot: $1"
}

step "installing Docker and the ECR credential helper"
dnf install -y -q docker amazon-ecr-credential-helper jq
systemctl enable --now docker

step "applying this host's files"
/usr/local/sbin/gitlab-runner-apply

step "installing gitlab-runner $RUNNER_VERSION"
dnf install -y -q "gitlab-runner-$RUNNER_VERSION-1" "gitlab-runner-helper-images-$RUNNER_VERSION-1"
systemctl enable --now gitlab-runner gitlab-runner-apply.timer

step "ready"
