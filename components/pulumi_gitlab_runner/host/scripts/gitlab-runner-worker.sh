#!/bin/sh
# gitlab-runner-worker: makes a worker of a fleet of a fresh Amazon Linux 2023, once, at its first boot.
#
# It is the user data as it stands. A worker has Docker, and nothing else: its manager comes in as ec2-user, and
# brings images' credentials and the helper image along. Where a step fails, cloud-init ends with an error, and
# the manager replaces the worker.
set -eu
root=${RUNNER_HOST_ROOT:-}

step() {
    echo "gitlab-runner-worker: $1"
}

# Docker's own pools hold 31 networks, of which every job takes one; these 256 lie within the first of them.
step "writing Docker's configuration"
mkdir -p "$root/etc/docker"
cat >"$root/etc/docker/daemon.json" <<'END'
{"default-address-pools": [{"base": "172.17.0.0/16", "size": 24}]}
END

step "installing Docker"
rpm --quiet -q docker 2>/dev/null || dnf install -y -q docker # a machine image of the stack brings it
usermod --append --groups docker ec2-user
systemctl enable --now docker

step "ready"
