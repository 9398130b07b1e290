#!/bin/sh
# gitlab-runner-health: requests the replacement of this runner host when gitlab-runner or Docker is dead, and reports
# to CloudWatch that it is healthy, if it has an alarm. Run every minute.
#
# It also reports how many registries have no credential, or one that expires within hours because it could not be
# renewed for half of its lifetime.
#
# EC2's status checks cover only the machine. Before you stop gitlab-runner for longer, stop the timer of this script.
set -u

program=gitlab-runner-health
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"
# HEALTH_OF, which is empty without an alarm.
# shellcheck source=/dev/null
. "$root/etc/gitlab-runner/reporting"
patience=5 # runs in a row
count=$root/run/gitlab-runner-health

without_credential() {
    read -r uptime _ </proc/uptime
    jq --argjson now "$uptime" '[.registries[] | select(.ends == null or .ends - $now < 6 * 60 * 60)] | length' \
        "$root/run/gitlab-runner-credentials/state.json"
}

dead=
# A runner that is being stopped, such as for a restart, still has jobs: it exits after the last one.
if ! runner=$(systemctl is-active gitlab-runner) && [ "$runner" != deactivating ]; then
    dead="gitlab-runner is not running"
elif ! timeout 30 docker version >/dev/null 2>&1; then
    dead="Docker does not answer"
fi
if [ -z "$dead" ] || [ -e "$draining" ] || [ -e "$waiting" ]; then
    rm -f "$count"
    # A fleet's manager that waits for its turn is healthy: the previous one still has jobs, and no longer reports.
    if [ -n "$HEALTH_OF" ] && [ ! -e "$draining" ]; then
        set -- "MetricName=Healthy,Value=1,Dimensions=[{Name=Host,Value=$HEALTH_OF}]"
        if ending=$(without_credential 2>/dev/null); then
            set -- "$@" "MetricName=CredentialsEnding,Value=$ending,Dimensions=[{Name=Host,Value=$HEALTH_OF}]"
        fi
        aws --region "$REGION" cloudwatch put-metric-data --namespace GitLabRunner --metric-data "$@"
    fi
    exit
fi
times=$(($(cat "$count" 2>/dev/null || echo 0) + 1))
echo "$times" >"$count"
if [ "$times" -lt "$patience" ]; then
    say warning "$dead, $times of $patience times"
else
    ask_to_be_replaced "$dead"
fi
