#!/bin/sh
# gitlab-runner-manager: starts the runner manager of a Docker host, with the files that were delivered to it.
#
# The PATH of gitlab-runner holds no program, so that a job cannot make it run a credential helper.
set -eu
current=/srv/gitlab-runner/current

credentials() { # once|serve: where the files that hold have registries to ask for
    if [ -e $current/sbin/gitlab-runner-credentials ]; then
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            /bin/sh $current/sbin/gitlab-runner-credentials "$1" --registries $current/registries
    fi
}

# Authorities that are trusted for all hosts, beside the public ones of the manager's image.
authorities=$current/certificate-authorities
if [ -d $authorities ]; then
    bundle=/run/gitlab-runner-ca-bundle.crt
    /bin/cat /etc/ssl/certs/ca-certificates.crt $authorities/*.crt >$bundle
    export SSL_CERT_FILE=$bundle AWS_CA_BUNDLE=$bundle
fi

# In a directory of the container's own, beside which the runner keeps its system ID. A manager that takes the
# place of this one while its jobs end must have another: GitLab and the jobs' volumes know managers by it.
/bin/mkdir -p /etc/gitlab-runner
/bin/ln -sfn $current/config.toml /etc/gitlab-runner/config.toml

credentials once || true
while true; do
    credentials serve || true
    /bin/sleep 5
done &
exec /usr/bin/gitlab-runner run --config /etc/gitlab-runner/config.toml
