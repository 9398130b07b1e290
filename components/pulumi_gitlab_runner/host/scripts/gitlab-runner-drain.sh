#!/bin/sh
# gitlab-runner-drain: lets the jobs of this runner host end before its instance is terminated.
#
# The instance metadata announce the termination: by its Auto Scaling group, or a spot interruption. gitlab-runner is
# then stopped by the SIGQUIT of its unit: it takes no more jobs, and exits after its last one. The group waits for
# that at its lifecycle hook, as long as this host sends heartbeats.
# Sources: docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html,
# docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html.
set -u

program=gitlab-runner-drain
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"

terminating() {
    [ "$(metadata autoscaling/target-lifecycle-state)" = Terminated ]
}

reclaimed() {
    metadata spot/instance-action >/dev/null
}

runner_ended() {
    case $(systemctl is-active gitlab-runner) in
        inactive | failed) return 0 ;;
        *) return 1 ;;
    esac
}

at_the_hook() { # ACTION [ARGUMENT…]
    lifecycle "$LIFECYCLE_HOOK" "$@" && return
    say warning "$1 failed"
    return 1
}

# The replacement of this host is in service, so the instance refresh that caused this is done. While it lasts,
# another change would wait for the jobs of this host, and the AWS provider waits only 15 minutes.
leave_instance_refresh() {
    group=$(metadata tags/instance/aws:autoscaling:groupName) || return
    answer=$(aws --region "$REGION" autoscaling cancel-instance-refresh --auto-scaling-group-name "$group" \
        --no-wait-for-transitioning-instances 2>&1) && return
    case $answer in
        *ActiveInstanceRefreshNotFound*) ;; # as where the host was found unhealthy
        # The command line of Debian 12, 2.9, does not know the option.
        *) say warning "the instance refresh goes on until this host has ended: ${answer##*aws: error: }" ;;
    esac
}

until terminating || reclaimed; do
    sleep 5
done
# New files of this host restart this script: a refresh that is under way by then belongs to a later change.
left=
[ ! -e "$draining" ] || left=yes
: >"$draining"
say notice "this host is to end: gitlab-runner takes no more jobs, and ends with those that run"
systemctl stop --no-block gitlab-runner
until runner_ended; do
    if terminating; then
        at_the_hook record-lifecycle-action-heartbeat
        [ -n "$left" ] || leave_instance_refresh
        left=yes
    fi
    sleep 30
done
say notice "gitlab-runner has ended"
until terminating; do
    sleep 5
done
# Without an answer, the group would wait for the time of a heartbeat, up to two hours.
until at_the_hook complete-lifecycle-action --lifecycle-action-result CONTINUE; do
    sleep 30
done
