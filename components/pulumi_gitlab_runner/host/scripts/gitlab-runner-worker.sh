#!/bin/sh
# gitlab-runner-worker: sets up a worker of a fleet on a fresh Amazon Linux 2023, once, at its first boot.
#
# Cloud-init has written its files, Docker's configuration among them. A worker has only Docker: its manager connects
# as ec2-user, and sends the credentials of images and the helper image. Where a step fails, cloud-init ends with an
# error, and the manager replaces the worker.
set -eu

program=gitlab-runner-worker
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"

if [ -n "${AWS_CA_BUNDLE-}" ]; then
    say info "trusting the certificate authorities of the stack"
    trust_authorities
fi

say info "installing Docker"
rpm --quiet -q docker 2>/dev/null || dnf install -y -q docker # a machine image of the stack brings it
usermod --append --groups docker ec2-user
systemctl enable --now docker

# Port 9252 serves gitlab-runner's metrics, which would show a job the jobs of other projects.
say info "keeping jobs from the metrics of runners"
iptables -w 30 -I DOCKER-USER -p tcp --dport 9252 -j REJECT --reject-with tcp-reset

say info "removing what jobs leave, every hour"
systemctl enable --now gitlab-runner-prune.timer

say info "ready"
