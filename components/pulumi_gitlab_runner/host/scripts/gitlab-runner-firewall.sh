#!/bin/sh
# gitlab-runner-firewall: refuses connections of jobs to the metrics of runners. Runs before gitlab-runner, which does
# not start if it fails; it is idempotent.
#
# A runner serves its debug pages with its metrics; they list the jobs of all projects that it runs:
# docs.gitlab.com/runner/monitoring. A job could connect to those of its own host at the address of its bridge, and to
# those of other hosts through the VPC, from the address of its host. Docker leaves the chain DOCKER-USER to the host:
# docs.docker.com/engine/network/packet-filtering-firewalls.
set -u

program=gitlab-runner-firewall
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"
# METRICS_PORT, which is empty if only the host itself reads its metrics.
# shellcheck source=/dev/null
. "$root/etc/gitlab-runner/reporting"
usual_port=9252 # of gitlab-runner, in Prometheus' list

refuse() { # COMMAND CHAIN PORT: connections from containers
    for bridge in docker0 br-+; do
        "$1" -w 30 -C "$2" -i "$bridge" -p tcp --dport "$3" -j REJECT --reject-with tcp-reset 2>/dev/null ||
            "$1" -w 30 -I "$2" -i "$bridge" -p tcp --dport "$3" -j REJECT --reject-with tcp-reset || return
    done
}

if [ -n "${METRICS_PORT-}" ]; then
    if ! refuse iptables INPUT "$METRICS_PORT"; then
        say err "jobs cannot be kept from this host's metrics; gitlab-runner does not start"
        exit 1
    fi
    # Without IPv6 in the kernel there is nothing to refuse.
    [ ! -e /proc/net/if_inet6 ] || refuse ip6tables INPUT "$METRICS_PORT" || {
        say err "jobs cannot be kept from this host's metrics over IPv6; gitlab-runner does not start"
        exit 1
    }
fi
iptables -w 30 -n -L DOCKER-USER >/dev/null 2>&1 || iptables -w 30 -N DOCKER-USER
for port in "$usual_port" ${METRICS_PORT:+"$METRICS_PORT"}; do
    refuse iptables DOCKER-USER "$port" || say warning "jobs cannot be kept from the metrics of other hosts"
done
exit 0
