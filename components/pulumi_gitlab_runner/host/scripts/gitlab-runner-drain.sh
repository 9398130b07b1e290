#!/bin/sh
# gitlab-runner-drain: lets the jobs of this runner host end before its instance is terminated.
#
# The instance metadata announces a termination by the Auto Scaling group, and a Spot interruption. gitlab-runner is
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

# The replacement of this host is in service, so the instance refresh has no further effect. While it is in progress,
# another change waits for the jobs of this host, and the AWS provider waits only 15 minutes.
leave_instance_refresh() {
    group=$(metadata tags/instance/aws:autoscaling:groupName) || return
    answer=$(aws --region "$REGION" autoscaling cancel-instance-refresh --auto-scaling-group-name "$group" \
        --no-wait-for-transitioning-instances 2>&1) && return
    case $answer in
        *ActiveInstanceRefreshNotFound*) ;; # the host is replaced for another reason, such as its health
        # The AWS command line of Debian 12, version 2.9, does not support the option.
        *) say warning "the instance refresh continues until this host is terminated: ${answer##*aws: error: }" ;;
    esac
}

until terminating || reclaimed; do
    sleep 5
done
# New files of this host restart this script: a refresh that is in progress then belongs to a later change.
left=
[ ! -e "$draining" ] || left=yes
: >"$draining"
say notice "this host will be terminated: gitlab-runner takes no more jobs, and exits after its running jobs"
systemctl stop --no-block gitlab-runner
until runner_ended; do
    if terminating; then
        at_the_hook record-lifecycle-action-heartbeat
        [ -n "$left" ] || leave_instance_refresh
        left=yes
    fi
    sleep 30
done
say notice "gitlab-runner has exited"
until terminating; do
    sleep 5
done
# Otherwise the group waits for the heartbeat timeout, up to two hours.
until at_the_hook complete-lifecycle-action --lifecycle-action-result CONTINUE; do
    sleep 30
done
