#!/bin/sh
# gitlab-runner-turn: keeps the manager of a fleet from starting while the one before it still has jobs.
#
# A manager that starts ends the instances of its fleet that it does not know, and the jobs on them:
# gitlab.com/gitlab-org/fleeting/taskscaler. Where a new host takes the place of an old one, the old one is in
# the same group until its last job has ended. There is never a third, and the group ends one of the two.
set -eu

program=gitlab-runner-turn
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"

alone() {
    instance=$(metadata instance-id) && group=$(metadata tags/instance/aws:autoscaling:groupName) &&
        others=$(aws --region "$REGION" autoscaling describe-auto-scaling-groups \
            --auto-scaling-group-names "$group" --output text \
            --query "AutoScalingGroups[].Instances[?InstanceId!='$instance'].InstanceId[]") &&
        [ -z "$others" ]
}

# For gitlab-runner-health: this runner is not dead.
trap 'rm -f "$waiting"' EXIT
trap 'exit 1' INT QUIT TERM
: >"$waiting"
until alone; do
    say notice "waiting for the manager before this one to end its jobs"
    sleep 15
done
