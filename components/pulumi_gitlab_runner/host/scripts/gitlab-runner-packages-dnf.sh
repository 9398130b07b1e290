#!/bin/sh
# How a runner host installs its packages on Amazon Linux 2023. Its own repositories stay at the release of
# the machine image; gitlab-runner and its helper images come from GitLab's, at one version.

install_tools() {
    dnf install -y -q awscli-2 jq amazon-ecr-credential-helper
}

install_docker() {
    dnf install -y -q docker
}

install_runner() {
    dnf install -y -q "gitlab-runner-$RUNNER_VERSION-1" "gitlab-runner-helper-images-$RUNNER_VERSION-1"
}
