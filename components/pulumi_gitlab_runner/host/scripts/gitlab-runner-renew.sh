#!/bin/sh
# gitlab-runner-renew: requests the replacement of this runner host if its group's launch template has a newer version
# than that of this host, and no instance refresh is in progress. The update that created the version has started a
# refresh, which fails if no new host is ready within an hour, such as while a package repository is not reachable.
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
    say notice "launched from version $own of the launch template: requesting a host of version $wanted"
else
    case $refused in
        *InstanceRefreshInProgress*) ;;
        *) say warning "start-instance-refresh failed: $refused" ;;
    esac
fi
