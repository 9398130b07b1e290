#!/bin/sh
# docker-credential-runner: Docker's credential helper for the registries of this runner host, and no other.
#
# The runner asks every helper at every pull, and drops the whole Docker configuration when one of them
# is missing or fails. So this one is named for every private registry and never fails in that way: it
# answers for the hosts of its list, and says "not found" to everything else and on every failure, with
# the reason in the journal. A registry that is broken then costs only itself.
#
# The list has a line for each registry, made from the stack's declaration. A HOST may go on with a path:
#   HOST helper PATH               ask a real credential helper
#   HOST parameter REGION NAME     read {"username": …, "password": …} from Parameter Store
#   HOST secret REGION ARN         read the same from Secrets Manager
#   HOST file PATH                 read a helper's answer from a file of root's
set -u
umask 077

list=${RUNNER_REGISTRIES:-/etc/gitlab-runner/registries}
cache=${RUNNER_CREDENTIAL_CACHE:-/run/gitlab-runner-credentials}
patience=${RUNNER_CREDENTIAL_TIMEOUT:-10}
# The unit's PATH holds this helper alone, so that a job cannot make the manager run another one.
PATH=${RUNNER_CREDENTIAL_PATH:-/usr/sbin:/usr/bin:/sbin:/bin}
# A real helper's own cache would lie on the disk; the answers are kept here, in memory.
AWS_ECR_DISABLE_CACHE=true
AWS_ECR_IGNORE_CREDS_STORAGE=true
export PATH AWS_ECR_DISABLE_CACHE AWS_ECR_IGNORE_CREDS_STORAGE

tell() { # REASON: to whoever runs it by hand, and to runner-doctor
    echo "docker-credential-runner: $host: $1" >&2
}

not_found() { # [REASON]
    if [ -n "${1-}" ]; then
        tell "$1"
        logger -t docker-credential-runner -p daemon.warning -- "$host: $1" 2>/dev/null
    fi
    echo "credentials not found in native keychain"
    exit 1
}

failed() { # REASON: kept for a minute, so that a broken registry costs one wait, and not one for each pull
    printf '%s\n' "$1" 2>/dev/null >"$place/.failure"
    not_found "$1"
}

end_with_what_is_kept() { # of $place, while it holds: an answer for $minutes, a failure for one
    case $(find "$place/.answer" "$place/.failure" \
        \( -name .answer -mmin "-$minutes" \) -o \( -name .failure -mmin -1 \) 2>/dev/null) in
        */.answer*) exec cat "$place/.answer" ;;
        */.failure)
            tell "$(cat "$place/.failure")"
            not_found
            ;;
    esac
}

find_registry() { # sets kind, first and second for $host
    while read -r name kind first second; do
        # A comment's line is that of no host.
        if [ "$name" = "$host" ] && [ "$name" != "#" ]; then
            return 0
        fi
    done <"$list"
    return 1
}

ask() { # prints what the source answers
    case $kind in
        # A real helper knows hosts, not paths below them.
        helper) printf '%s' "${host%%/*}" | timeout -k 2 "$patience" "$first" get ;;
        parameter)
            timeout -k 2 "$patience" aws --region "$first" ssm get-parameter --name "$second" \
                --with-decryption --query Parameter.Value --output text
            ;;
        secret)
            timeout -k 2 "$patience" aws --region "$first" secretsmanager get-secret-value --secret-id "$second" \
                --query SecretString --output text
            ;;
        *) return 126 ;;
    esac
}

why() { # EXIT-STATUS: the reason in words; nothing that the source printed, which may hold a secret
    case $1 in
        124 | 137) echo "$kind $first${second:+ $second} gave no answer in $patience seconds" ;;
        126 | 127) echo "$kind $first${second:+ $second} cannot be run: is it installed?" ;;
        *) echo "$kind $first${second:+ $second} failed with exit status $1" ;;
    esac
}

is_plain() { # ANSWER: whether it is what Go's helpers print for $host, to the letter
    # Told without jq, which takes longer to start than all the rest.
    rest=${1#"{\"ServerURL\":\"$host\",\"Username\":\""}
    username=${rest%%\"*}
    rest=${rest#"$username\",\"Secret\":\""}
    secret=${rest%%\"*}
    case $1 in
        *\\* | *[[:cntrl:]]*) return 1 ;;
        *) [ -n "$username" ] && [ -n "$secret" ] &&
            [ "$1" = "{\"ServerURL\":\"$host\",\"Username\":\"$username\",\"Secret\":\"$secret\"}" ] ;;
    esac
}

get() {
    read -r host || [ -n "$host" ] || not_found
    [ -r "$list" ] || not_found "$list is missing or unreadable"
    find_registry || not_found
    if [ "$kind" = file ]; then # an answer that is kept already
        cat "$first" 2>/dev/null && exit
        not_found "$first is missing or unreadable"
    fi
    # A directory for each host and path: no part of a path starts with a dot.
    place=$cache/$host
    # An ECR password lasts 12 hours, other helpers' less; a changed fixed password shall be seen soon.
    minutes=5
    [ "${first##*/}" = docker-credential-ecr-login ] && minutes=360
    end_with_what_is_kept
    if mkdir -p "$place" 2>/dev/null && [ -r "$place" ]; then
        # One asks; those that come meanwhile wait for what it gets. The lock is that of the directory.
        exec 9<"$place"
        flock -n 9 2>/dev/null || {
            flock -w "$((patience + 3))" 9 2>/dev/null
            end_with_what_is_kept
        }
    fi
    answer=$(ask 2>/dev/null 9<&-) || failed "$(why $?)"
    is_plain "$answer" || answer=$(printf '%s' "$answer" | jq -cse --arg host "$host" '
        .[0] | {ServerURL: $host, Username: (.Username // .username), Secret: (.Secret // .password)}
        | select([.Username, .Secret] | all(type == "string" and . != ""))' 2>/dev/null) ||
        failed "$kind $first${second:+ $second} answered without a user and password"
    if printf '%s\n' "$answer" 2>/dev/null >"$place/.answer.$$"; then
        mv -f "$place/.answer.$$" "$place/.answer"
    fi
    printf '%s\n' "$answer"
}

list() {
    printf '{%s}\n' "$(sed -n 's/^\([^ #][^ ]*\) .*/"\1":""/p' "$list" 2>/dev/null | paste -sd, -)"
}

case ${1-} in
    get) get ;;
    list) list ;;
    erase)
        read -r host || true
        if find_registry 2>/dev/null; then
            rm -f "$cache/$host/.answer" "$cache/$host/.failure"
        fi
        ;;
    store)
        echo "credentials of this host are declared in its stack, not stored by docker login"
        exit 1
        ;;
    *)
        echo "usage: docker-credential-runner get|list|erase" >&2
        exit 1
        ;;
esac
