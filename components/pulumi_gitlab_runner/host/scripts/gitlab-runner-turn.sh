#!/bin/sh
# gitlab-runner-turn: delays the start of a fleet's manager while the previous one still has jobs.
#
# At its start, a manager terminates the instances of its fleet that it does not know, with the jobs on them:
# gitlab.com/gitlab-org/fleeting/taskscaler. When a new host replaces an old one, the old one stays in its group until
# its last job has ended. That may be another group: a change of the role or of the network creates a new one. A host
# that is not in service yet has no jobs, and waits for its turn.
set -eu

program=gitlab-runner-turn
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"

alone() {
    # shellcheck disable=SC2016 # the ` belongs to the query
    here='!starts_with(LifecycleState, `Pending`)'
    instance=$(metadata instance-id) &&
        others=$(aws --region "$REGION" autoscaling describe-auto-scaling-groups \
            --filters "Name=tag:gitlab-runner-host,Values=${TOKENS%/tokens}" --output text \
            --query "AutoScalingGroups[].Instances[?InstanceId!='$instance' && $here].InstanceId[]") &&
        [ -z "$others" ]
}

# For gitlab-runner-health: this runner is not dead.
trap 'rm -f "$waiting"' EXIT
trap 'exit 1' INT QUIT TERM
: >"$waiting"
until alone; do
    say notice "waiting for the jobs of the previous manager to end"
    sleep 15
done
