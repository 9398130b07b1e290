#!/bin/sh
# The common functions of the scripts of a runner host. Each sets `program`, its name, and sources this.
#
# BUCKET, KEY, REGION and the other settings of this host.
# shellcheck source=/dev/null
. "${RUNNER_HOST_SETTINGS:-/etc/gitlab-runner-host}"
root=${RUNNER_HOST_ROOT:-}
if [ -r "$root/etc/gitlab-runner/environment" ]; then # the proxy and the CAs that the stack declares
    set -a
    # shellcheck source=/dev/null
    . "$root/etc/gitlab-runner/environment"
    set +a
fi
# shellcheck disable=SC2034 # used by those who source this
state=$root/var/lib/gitlab-runner-host draining=$root/run/gitlab-runner-draining
# shellcheck disable=SC2034
waiting=$root/run/gitlab-runner-waiting
imds=${RUNNER_HOST_IMDS:-http://169.254.169.254}

trust_authorities() { # adds the CAs to those of the operating system, once that has any
    for command in update-ca-certificates update-ca-trust; do
        command -v "$command" >/dev/null || continue
        (umask 022 && "$command" >/dev/null) || return
    done
}

say() { # PRIORITY TEXT: to the journal, and to standard error
    # shellcheck disable=SC2154 # set by those who source this
    logger -s -t "$program" -p "daemon.$1" -- "$2" || printf '%s: %s\n' "$program" "$2" >&2
}

metadata() { # PATH: prints a value of the instance metadata, by IMDSv2; fails where there is none
    session=$(curl -sf -m 5 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" "$imds/latest/api/token") &&
        curl -sf -m 5 -H "X-aws-ec2-metadata-token: $session" "$imds/latest/meta-data/$1"
}

autoscaling() { # ACTION [ARGUMENT…]: a call for this instance
    action=$1
    shift
    instance=$(metadata instance-id) &&
        aws --region "$REGION" autoscaling "$action" --instance-id "$instance" "$@" >/dev/null
}

lifecycle() { # HOOK ACTION [ARGUMENT…]: a call about this instance's wait at a lifecycle hook of its group
    hook=$1 action=$2
    shift 2
    group=$(metadata tags/instance/aws:autoscaling:groupName) &&
        autoscaling "$action" --lifecycle-hook-name "$hook" --auto-scaling-group-name "$group" "$@"
}

ask_to_be_replaced() { # REASON
    say err "$1; this host asks its Auto Scaling group to be replaced"
    autoscaling set-instance-health --health-status Unhealthy --no-should-respect-grace-period
}
