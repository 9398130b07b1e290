#!/bin/sh
# gitlab-runner-logs: sends the journal of this runner host to CloudWatch Logs. Run every minute.
#
# It starts with the boot of its first run: a machine image may contain an older journal. It continues after the last
# entry that CloudWatch has accepted, so that nothing is lost when CloudWatch does not answer, or the machine crashes.
# Of systemd itself, only warnings and errors are sent: it logs every timer, this one too.
# Limits of a batch: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html.
set -eu
umask 077

# shellcheck disable=SC2034 # used by the library
program=gitlab-runner-logs
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"
# LOG_GROUP, which is empty if logs are not sent.
# shellcheck source=/dev/null
. "$root/etc/gitlab-runner/reporting"
[ -n "$LOG_GROUP" ] || exit 0
cursor=$state/logs-cursor
batch=250
longest=1000
longest_span=86400000 # ms: CloudWatch accepts no batch that spans more than 24 hours

logs() { # ACTION [ARGUMENT…]
    action=$1
    shift
    aws --region "$REGION" logs "$action" --log-group-name "$LOG_GROUP" --log-stream-name "$stream" "$@" >/dev/null
}

send() { # FILE: succeeds if CloudWatch has accepted the batch, or will never accept it
    if answer=$(logs put-log-events --log-events "file://$1" 2>&1); then
        return
    fi
    case $answer in
        *InvalidParameterException*)
            say warning "CloudWatch refuses $(jq length "$1") entries, which are left out: $answer"
            ;;
        *ResourceNotFoundException*) # the log group was created again
            logs create-log-stream
            logs put-log-events --log-events "file://$1"
            ;;
        *)
            printf '%s\n' "$answer" >&2
            return 1
            ;;
    esac
}

stream=$(metadata instance-id)
mkdir -p "$state"
work=$(mktemp -d "$root/run/gitlab-runner-logs.XXXXXX")
trap 'rm -rf "$work"' EXIT
if [ ! -s "$cursor" ]; then
    logs create-log-stream || say warning "the log stream was not created"
fi

sent=1
while [ "$sent" -gt 0 ]; do
    set -- --boot
    if [ -s "$cursor" ]; then
        set -- --after-cursor "$(cat "$cursor")"
    fi
    # By default, journalctl leaves out a text of more than 4096 bytes.
    journalctl --quiet --all --output json "$@" | head -n "$batch" >"$work/read"
    # As many as are within one span; the clock may have been set meanwhile.
    sent=$(jq -rs --argjson span "$longest_span" '[.[].__REALTIME_TIMESTAMP | tonumber / 1000] as $times
        | first(range($times | length; 0; -1) | select(($times[:.] | max - min) < $span)) // 0' "$work/read")
    head -n "$sent" "$work/read" >"$work/entries"
    # A text with control characters, such as the colours in each line of gitlab-runner, is an array of bytes.
    jq -cs --argjson longest "$longest" '
        def from_utf8: reduce .[] as $byte ([];
                if $byte >= 128 and $byte < 192 then .[-1] = .[-1] * 64 + $byte - 128 else . + [$byte] end)
            | map(. % if . < 16384 then 2048 elif . < 1048576 then 65536 else 2097152 end);
        def decoded: (if max < 128 then . else from_utf8 end) | implode | gsub("\u001b\\[[0-9;]*m"; "");
        def text: if type == "string" then .
            elif type == "array" and min > 0 and max < 254 then .[: 4 * $longest] | try decoded catch "(binary)"
            else "(binary)" end | .[:$longest];
        [.[] | select(.SYSLOG_IDENTIFIER != "systemd" or (.PRIORITY // "6") < "6")
            | {timestamp: (.__REALTIME_TIMESTAMP | tonumber / 1000 | floor),
                message: "\(.SYSLOG_IDENTIFIER // "?"): \(.MESSAGE | text)"}
        ] | sort_by(.timestamp)' "$work/entries" >"$work/events"
    if [ "$(cat "$work/events")" != "[]" ]; then
        send "$work/events"
    fi
    if [ "$sent" -gt 0 ]; then
        tail -n 1 "$work/entries" | jq -r .__CURSOR >"$cursor.new"
        sync "$cursor.new" # XFS may lose what is only renamed, and keep an empty file
        mv "$cursor.new" "$cursor"
    fi
done
