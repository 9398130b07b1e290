#!/bin/sh
# gitlab-runner-image: run by EC2 Image Builder to build a machine image for runner hosts and workers.
#
#   build  installs the packages that a host would install at boot, and pulls the declared images
#   check  reports the problems of a machine that was started from the image
#
# It configures nothing. Docker and gitlab-runner stay off until the boot of a host or a worker has written their
# configuration, and whatever identifies a machine is removed.
set -eu

# RUNNER_VERSION; IMAGES, separated by spaces; and LOGINS, the Docker configuration that they are pulled with.
# shellcheck source=/dev/null
. "${RUNNER_HOST_SETTINGS:-/etc/gitlab-runner-image}"
# install_tools, install_docker and install_runner of this operating system.
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-packages-dnf.sh
. "${RUNNER_HOST_INSTALLER:-/usr/local/lib/gitlab-runner-packages.sh}"
root=${RUNNER_HOST_ROOT:-}

attempt() { # COMMAND [ARGUMENT…]: until it succeeds; networks need their time
    for pause in 5 15 45 0; do
        "$@" && return
        sleep "$pause"
    done
    return 1
}

build() {
    attempt install_tools
    attempt install_docker
    attempt install_runner
    # Its package starts it: it has generated a system ID, which every host of this image would send to GitLab.
    systemctl disable --now gitlab-runner
    rm -f "$root/etc/gitlab-runner/config.toml" "$root/etc/gitlab-runner/.runner_system_id"
    pull_images
    systemctl disable --now docker.service docker.socket
    rm -f "$root/var/lib/docker/engine-id"
}

pull_images() { # by ECR's helper, which keeps its answers below HOME: none may stay in the image
    [ -n "$IMAGES" ] || return 0
    systemctl start docker
    HOME=$(mktemp -d)
    export HOME
    trap 'rm -rf "$HOME"' EXIT
    mkdir "$HOME/.docker"
    printf '%s\n' "$LOGINS" >"$HOME/.docker/config.json"
    for image in $IMAGES; do
        attempt docker pull --quiet "$image"
    done
}

check() {
    failed=
    for command in aws curl docker-credential-ecr-login dockerd gitlab-runner jq; do
        command -v "$command" >/dev/null || complain "$command is not installed"
    done
    gitlab-runner --version | grep -Fqw "$RUNNER_VERSION" || complain "gitlab-runner is not $RUNNER_VERSION"
    for unit in docker.service gitlab-runner.service; do
        ! systemctl --quiet is-enabled "$unit" || complain "$unit is enabled"
    done
    [ ! -e "$root/etc/gitlab-runner/.runner_system_id" ] || complain "every host would be the same runner manager"
    [ -z "$failed" ]
}

complain() { # WHAT
    failed=yes
    echo "gitlab-runner-image: $1" >&2
}

case ${1-} in
    build | check) "$1" ;;
    *) echo "usage: gitlab-runner-image build|check" >&2 && exit 2 ;;
esac
