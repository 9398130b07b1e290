#!/bin/sh
# gitlab-runner-renew: has this runner host replaced where its group's launch template has a newer version than this
# host was launched from, and no instance refresh is under way. The change that made the version starts one; it fails
# where no new host gets ready within an hour, and what it waited for, such as a package repository, may be back.
set -eu

program=gitlab-runner-renew
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"

[ ! -e "$draining" ] || exit 0
instance=$(metadata instance-id)
group=$(metadata tags/instance/aws:autoscaling:groupName)
versions=$(aws --region "$REGION" autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$group" \
    --output text --query "AutoScalingGroups[0].[LaunchTemplate.Version, \
        Instances[?InstanceId=='$instance' && LifecycleState=='InService'].LaunchTemplate.Version | [0]]")
own=${versions##*[!0-9]} wanted=${versions%%[!0-9]*}
if [ -z "$own" ] || [ "$own" = "$wanted" ]; then
    exit 0
fi
if refused=$(aws --region "$REGION" autoscaling start-instance-refresh --auto-scaling-group-name "$group" 2>&1); then
    say notice "launched from version $own of the launch template: asking for a host of version $wanted"
else
    case $refused in
        *InstanceRefreshInProgress*) ;;
        *) say warning "start-instance-refresh failed: $refused" ;;
    esac
fi
