#!/bin/sh
# gitlab-runner-worker: sets up a worker of a fleet on a fresh Amazon Linux 2023, once, at its first boot.
#
# It is the user data itself, or is written and run by it where the stack declares further files. A worker has only
# Docker: its manager connects as ec2-user, and sends the credentials of images and the helper image. Where a step
# fails, cloud-init ends with an error, and the manager replaces the worker.
set -eu
root=${RUNNER_HOST_ROOT:-}

step() {
    echo "gitlab-runner-worker: $1"
}

for file in etc/gitlab-runner-host etc/gitlab-runner/environment; do
    [ ! -r "$root/$file" ] || {
        set -a
        # shellcheck source=/dev/null
        . "$root/$file"
        set +a
    }
done
if [ -n "${AWS_CA_BUNDLE-}" ]; then
    step "trusting the certificate authorities of the stack"
    update-ca-trust
fi

# Docker's own pools hold 31 networks, of which every job takes one.
JOB_NETWORKS=172.17.0.0/16
JOB_NETWORK_SIZE=24
IPV6_JOB_NETWORKS=''
ipv6=
[ -z "$IPV6_JOB_NETWORKS" ] || ipv6=", {\"base\": \"$IPV6_JOB_NETWORKS\", \"size\": 112}"
step "writing Docker's configuration"
mkdir -p "$root/etc/docker"
remap=${USER_NAMESPACES:+', "userns-remap": "default"'}
# What a job prints without an end fills no disk that it shares.
logs='"log-driver": "json-file", "log-opts": {"max-file": "2", "max-size": "100m"}'
cat >"$root/etc/docker/daemon.json" <<END
{"default-address-pools": [{"base": "$JOB_NETWORKS", "size": $JOB_NETWORK_SIZE}$ipv6], $logs$remap}
END

step "installing Docker"
rpm --quiet -q docker 2>/dev/null || dnf install -y -q docker # a machine image of the stack brings it
usermod --append --groups docker ec2-user
systemctl enable --now docker

# Port 9252 serves gitlab-runner's metrics, which would show a job the jobs of other projects.
step "keeping jobs from the metrics of runners"
iptables -w 30 -I DOCKER-USER -p tcp --dport 9252 -j REJECT --reject-with tcp-reset

step "ready"
