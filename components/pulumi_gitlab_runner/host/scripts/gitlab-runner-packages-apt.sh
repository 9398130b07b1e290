#!/bin/sh
# How a runner host installs its packages on Debian 12 and Ubuntu 24.04. gitlab-runner and its helper images
# come from GitLab's repository, at one version. Its key is downloaded, since GitLab extends its validity from time
# to time, and checked by its fingerprint: docs.gitlab.com/omnibus/update/package_signatures. Packages of the machine
# image are not requested again.

# ID and VERSION_CODENAME of the operating system.
# shellcheck source=/dev/null
. /etc/os-release
export DEBIAN_FRONTEND=noninteractive
packages=${RUNNER_HOST_PACKAGES_URL:-https://packages.gitlab.com/runner/gitlab-runner}
packages_key=${RUNNER_HOST_PACKAGES_KEY:-F6403F6544A38863DAA0B6E03F01618A51312F3F}
keyring=/etc/apt/keyrings/gitlab-runner.gpg
# AWS signs it: docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html.
aws_cli=${RUNNER_HOST_AWS_CLI_URL:-https://awscli.amazonaws.com/awscli-exe-linux}
aws_cli_version=2.36.40

are_installed() { # NAME[=VERSION]…
    for package in "$@"; do
        found=$(dpkg-query --show --showformat='${Status}=${Version}' "${package%%=*}" 2>/dev/null) || return
        case $package in
            *=*) [ "$found" = "install ok installed=${package#*=}" ] || return ;;
            *) [ "${found%%=*}" = "install ok installed" ] || return ;;
        esac
    done
}

download() { # URL [OPTION…]: for as long as something comes
    curl -fsSL --retry 3 --connect-timeout 20 --speed-time 30 "$@"
}

install_packages() { # NAME[=VERSION]…: also where the machine image brings a newer version
    are_installed "$@" || apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends \
        --allow-downgrades "$@"
}

install_tools() {
    # Upgrades come with a new host: one of Docker at night would end the jobs that run.
    echo 'APT::Periodic::Enable "0";' >"${root-}/etc/apt/apt.conf.d/99gitlab-runner-host"
    # Which a fresh machine may be at: apt-get waits for the lock of dpkg alone, not for those of lists and archives.
    systemctl stop apt-daily.service
    set -- ca-certificates curl gpg jq amazon-ecr-credential-helper
    [ "$ID" != debian ] || set -- "$@" awscli
    are_installed "$@" || { apt-get update -qq && install_packages "$@"; } || return
    [ "$ID" = debian ] || aws --version 2>/dev/null | grep -q '^aws-cli/2[.]' || install_aws
}

install_aws() { # Ubuntu has no package of it since 24.04
    install_packages unzip || return
    archive=$(mktemp -d) && (
        cd "$archive" &&
            download "$aws_cli-$(uname -m)-$aws_cli_version.zip" -o aws.zip &&
            download "$aws_cli-$(uname -m)-$aws_cli_version.zip.sig" -o aws.sig &&
            gpg --quiet --dearmor <"${RUNNER_HOST_AWS_CLI_KEY:-/usr/local/lib/aws-cli.asc}" >key &&
            gpgv --quiet --keyring ./key aws.sig aws.zip &&
            unzip -q aws.zip &&
            ./aws/install --update --bin-dir /usr/bin
    )
    installed=$?
    rm -rf "$archive"
    return "$installed"
}

install_docker() { # which loads a profile of its own where the kernel has AppArmor
    install_packages docker.io apparmor
}

install_runner() {
    set -- "gitlab-runner=$RUNNER_VERSION-1" "gitlab-runner-helper-images=$RUNNER_VERSION-1"
    are_installed "$@" && return
    fetch_key &&
        printf '%s\n' "Types: deb" "URIs: $packages/$ID/" "Suites: $VERSION_CODENAME" "Components: main" \
            "Signed-By: $keyring" >/etc/apt/sources.list.d/gitlab-runner.sources &&
        apt-get update -qq &&
        install_packages "$@"
}

fetch_key() { # and keep only the known one
    GNUPGHOME=$(mktemp -d) && export GNUPGHOME && mkdir -p "${keyring%/*}" &&
        download "$packages/gpgkey" | gpg --batch --quiet --no-autostart --import &&
        gpg --batch --export "$packages_key" >"$keyring" && [ -s "$keyring" ]
    fetched=$?
    rm -rf "$GNUPGHOME"
    return "$fetched"
}
