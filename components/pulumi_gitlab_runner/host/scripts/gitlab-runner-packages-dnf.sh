#!/bin/sh
# How a runner host installs its packages on Amazon Linux 2023. Its own repositories stay at the release of
# the machine image; gitlab-runner and its helper images come from GitLab's, at one version. Packages of
# the machine image are not requested again.

install_packages() { # NAME[-VERSION-RELEASE]…
    rpm --quiet -q "$@" 2>/dev/null || dnf install -y -q "$@"
}

install_tools() {
    install_packages awscli-2 jq amazon-ecr-credential-helper
}

install_docker() {
    install_packages docker
}

install_runner() {
    install_packages "gitlab-runner-$RUNNER_VERSION-1" "gitlab-runner-helper-images-$RUNNER_VERSION-1"
}
