#!/bin/sh
# A stand-in for gitlab-runner, in a stand-in for GitLab's image: it does not request jobs from GitLab.
#
# A file below /run/jobs, which a test creates and removes, is a running job. A manager's container behaves like
# the real one: it responds at its listen address, reloads a changed config.toml within seconds, and exits
# after its last job on SIGQUIT.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin

check() { # CONFIG
    grep -q '^\[\[runners\]\]' "$1" && ! grep -q '@RUNNER_TOKEN_' "$1"
}

run() { # CONFIG
    address=$(sed -n 's/^listen_address = "\(.*\)"$/\1/p' "$1")
    mkdir -p /run/jobs /run/answers
    : >/run/answers/metrics
    httpd -f -p "$address" -h /run/answers &
    trap 'ending=yes; echo "Stopping: no more jobs"' QUIT
    ending=
    known=
    while [ -z "$ending" ] || [ -n "$(ls /run/jobs)" ]; do
        if [ -z "$ending" ] && [ "$(stat -L -c %Y "$1")" != "$known" ]; then
            known=$(stat -L -c %Y "$1")
            echo "Configuration loaded: $(grep '^concurrent' "$1")"
        fi
        sleep 0.2
    done
    echo "All jobs have ended"
}

case $1 in
    lint)
        [ "${2-}" = --help ] && exit
        check "$3"
        ;;
    run) run "$3" ;;
    *)
        echo "gitlab-runner: $1 is not served here" >&2
        exit 64
        ;;
esac
