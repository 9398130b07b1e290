#!/bin/sh
# gitlab-runner-boot: sets up a runner host on a fresh machine, at its first boot. A second run changes nothing.
#
# gitlab-runner is installed last, when its files are in place: its package starts it at once, and it must never run
# half configured. The Auto Scaling group puts the host into service, and terminates the previous one, when this
# script reports that it is ready. Where a step fails finally, there is no runner, the journal and the console have
# the reason, and the host is replaced: after five minutes, so that failing hosts are not replaced in a tight loop and
# can be examined.
set -u

program=gitlab-runner-boot
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"
# install_tools, install_docker and install_runner of this operating system.
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-packages-dnf.sh
. "${RUNNER_HOST_INSTALLER:-/usr/local/lib/gitlab-runner-packages.sh}"
console=${RUNNER_HOST_CONSOLE:-/dev/console}
PATH=$PATH:/usr/local/sbin # the directory of gitlab-runner-apply, which may be missing from cloud-init's PATH

launch() { # ACTION [ARGUMENT…]: at the hook of this host's launch
    lifecycle "$LAUNCH_HOOK" "$@"
}

step() { # WHAT COMMAND [ARGUMENT…]: until it succeeds; networks and new roles need their time
    what=$1
    shift
    say info "$what"
    for pause in 5 15 45 0; do
        launch record-lifecycle-action-heartbeat 2>/dev/null
        "$@" && return
        say warning "$what: failed with exit status $?"
        sleep "$pause"
    done
    give_up
}

give_up() {
    systemctl disable --now gitlab-runner gitlab-runner-apply.timer 2>/dev/null
    say err "$what: failed for good; gitlab-runner is not started, and this host is replaced in 5 minutes"
    echo "$program: $what: failed for good" >"$console"
    sleep 300
    # A host in service does not wait at a hook; a stopped one is replaced too.
    launch complete-lifecycle-action --lifecycle-action-result ABANDON ||
        ask_to_be_replaced "$what: failed for good" || shutdown -h now
    exit 1
}

works() { # a fleet's manager may wait for its turn
    sleep 10
    { systemctl --quiet is-active gitlab-runner || [ -e "$waiting" ]; } && docker version >/dev/null
}

in_service() { # at a second run, this host is in service already
    for pause in 5 15 45 0; do
        answer=$(launch complete-lifecycle-action --lifecycle-action-result CONTINUE 2>&1) && return
        case $answer in
            *"No active Lifecycle Action found"*) return 0 ;;
        esac
        sleep "$pause"
    done
    return 1
}

[ -z "${AWS_CA_BUNDLE-}" ] || step "trusting the certificate authorities of the stack" trust_authorities
step "installing the AWS command line, jq and the credential helper of ECR" install_tools
step "applying this host's files" gitlab-runner-apply
if [ -n "${HTTPS_PROXY-}" ]; then # which the agent of Systems Manager, where there is one, did not know yet
    systemctl --no-block try-restart amazon-ssm-agent snap.amazon-ssm-agent.amazon-ssm-agent 2>/dev/null
fi
# The registries answer while Docker is installed.
step "requesting the credentials of the registries" systemctl enable --now --no-block gitlab-runner-credentials.service
step "sending the journal to CloudWatch, if it is kept" systemctl enable --now gitlab-runner-logs.timer
step "watching for the termination of this host" systemctl enable --now gitlab-runner-drain.service
step "installing Docker" install_docker
step "starting Docker" systemctl enable --now docker
step "installing gitlab-runner $RUNNER_VERSION" install_runner
step "starting gitlab-runner" systemctl enable --now --no-block gitlab-runner gitlab-runner-apply.timer \
    gitlab-runner-health.timer gitlab-runner-prune.timer gitlab-runner-renew.timer
step "checking that gitlab-runner and Docker work" works
gitlab-runner-health # an alarm that is created with this host needs data first
if ! in_service; then
    say err "gitlab-runner runs, but the Auto Scaling group did not accept it, and replaces this host: $answer"
    exit 1
fi
say info "ready"
