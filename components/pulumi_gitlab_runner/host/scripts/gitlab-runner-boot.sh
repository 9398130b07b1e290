#!/bin/sh
# gitlab-runner-boot: makes a runner host of a fresh machine, at its first boot. A second run changes nothing.
#
# gitlab-runner is installed last, when its files lie in place: its package starts it at once, and it shall
# never run half configured. Where a step fails for good, there is no runner, the journal and the console say
# why, and the host has itself replaced: after ten minutes, so that hosts that all fail do not come thick and
# fast, and somebody can look.
set -u

program=gitlab-runner-boot
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"
# install_tools, install_docker and install_runner of this operating system.
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-packages-dnf.sh
. "${RUNNER_HOST_INSTALLER:-/usr/local/lib/gitlab-runner-packages.sh}"
console=${RUNNER_HOST_CONSOLE:-/dev/console}
PATH=$PATH:/usr/local/sbin # where gitlab-runner-apply lies, which cloud-init may not look for

step() { # WHAT COMMAND [ARGUMENT…]: until it succeeds; networks and new roles need their time
    what=$1
    shift
    say info "$what"
    for pause in 5 15 45 0; do
        "$@" && return
        say warning "$what: failed with exit status $?"
        sleep "$pause"
    done
    give_up
}

give_up() {
    systemctl disable --now gitlab-runner gitlab-runner-apply.timer 2>/dev/null
    say err "$what: failed for good; gitlab-runner is not started, and this host is replaced in 10 minutes"
    echo "$program: $what: failed for good" >"$console"
    sleep 600
    # A host that is stopped is replaced too.
    ask_to_be_replaced "$what: failed for good" || shutdown -h now
    exit 1
}

[ -z "${AWS_CA_BUNDLE-}" ] || step "trusting the certificate authorities of the stack" trust_authorities
step "installing the AWS command line, jq and the credential helper of ECR" install_tools
step "applying this host's files" gitlab-runner-apply
if [ -n "${HTTPS_PROXY-}" ]; then # which the agent of Systems Manager, where there is one, did not know yet
    systemctl --no-block try-restart amazon-ssm-agent snap.amazon-ssm-agent.amazon-ssm-agent 2>/dev/null
fi
# Its answers arrive while Docker is installed.
step "asking for the credentials of the registries" systemctl enable --now --no-block gitlab-runner-credentials.service
step "sending the journal to CloudWatch, if it is kept" systemctl enable --now gitlab-runner-logs.timer
step "installing Docker" install_docker
step "starting Docker" systemctl enable --now docker
step "installing gitlab-runner $RUNNER_VERSION" install_runner
step "starting gitlab-runner" systemctl enable --now gitlab-runner gitlab-runner-apply.timer \
    gitlab-runner-drain.service gitlab-runner-health.timer gitlab-runner-prune.timer
say info "ready"
