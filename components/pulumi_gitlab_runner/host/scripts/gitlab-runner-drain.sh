#!/bin/sh
# gitlab-runner-drain: lets the jobs of this runner host end before it does.
#
# The instance metadata announce its end: by its Auto Scaling group, or because a spot instance is reclaimed.
# gitlab-runner is stopped then, by the SIGQUIT of its unit: it takes no more jobs, and ends with its last one.
# The group waits for that at its lifecycle hook, as long as it hears of this host.
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

lifecycle() { # ACTION [ARGUMENT…]
    group=$(metadata tags/instance/aws:autoscaling:groupName)
    autoscaling "$@" --lifecycle-hook-name "$LIFECYCLE_HOOK" --auto-scaling-group-name "$group" ||
        say warning "$1 failed"
}

until terminating || reclaimed; do
    sleep 5
done
: >"$draining"
say notice "this host is to end: gitlab-runner takes no more jobs, and ends with those that run"
systemctl stop --no-block gitlab-runner
until runner_ended; do
    if terminating; then
        lifecycle record-lifecycle-action-heartbeat
    fi
    sleep 30
done
say notice "gitlab-runner has ended"
until terminating; do
    sleep 5
done
lifecycle complete-lifecycle-action --lifecycle-action-result CONTINUE
