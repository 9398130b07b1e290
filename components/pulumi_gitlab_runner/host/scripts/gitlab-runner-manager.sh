#!/bin/sh
# gitlab-runner-manager: starts the runner manager of a Docker host, with the files that were delivered to it.
#
# The PATH of gitlab-runner contains no program, so that a job cannot make it run a credential helper.
set -eu
current=/srv/gitlab-runner/current

credentials() { # once|serve: where the current files have registries with renewed credentials
    if [ -e $current/sbin/gitlab-runner-credentials ]; then
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            /bin/sh $current/sbin/gitlab-runner-credentials "$1" --registries $current/registries
    fi
}

# Authorities that are trusted for all hosts, in addition to the public ones of the manager's image.
authorities=$current/certificate-authorities
if [ -d $authorities ]; then
    bundle=/run/gitlab-runner-ca-bundle.crt
    /bin/cat /etc/ssl/certs/ca-certificates.crt $authorities/*.crt >$bundle
    export SSL_CERT_FILE=$bundle AWS_CA_BUNDLE=$bundle
fi

# In a directory of this container, beside which the runner keeps its system ID. A manager that replaces this one
# while its jobs end must have another ID: GitLab and the jobs' volumes identify managers by it.
/bin/mkdir -p /etc/gitlab-runner
/bin/ln -sfn $current/config.toml /etc/gitlab-runner/config.toml

credentials once || true
while true; do
    credentials serve || true
    /bin/sleep 5
done &
exec /usr/bin/gitlab-runner run --config /etc/gitlab-runner/config.toml
