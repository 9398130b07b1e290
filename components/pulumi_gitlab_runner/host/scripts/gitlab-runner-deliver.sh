#!/bin/sh
# gitlab-runner-deliver: writes the files of a runner manager into its volume, atomically.
#
# Runs once, in a container of the manager's image with the files. The manager reads them through a link, and
# continues with its jobs: the runner reloads a changed config.toml by itself.
set -eu
umask 077

delivery=${RUNNER_DELIVERY:-/delivery}
volume=${RUNNER_VOLUME:-/srv/gitlab-runner}

fail() { # REASON
    echo "gitlab-runner-deliver: $1; the files of before stay" >&2
    exit 1
}

# They contain secrets, which must be only in the volume.
new=
trap 'rm -rf "$delivery" $new' EXIT

if [ -e "$delivery/files/sbin/gitlab-runner-credentials" ]; then
    sh "$delivery/files/sbin/gitlab-runner-credentials" --help >/dev/null ||
        fail "gitlab-runner-credentials does not run: the manager's image needs python3"
fi
# `lint` came with gitlab-runner 19.3. `list` of any version exits with 0, says that it lists runners when it could
# read the file, and prints their tokens: commands/list.go.
config=$delivery/files/config.toml
if gitlab-runner lint --help >/dev/null 2>&1; then
    gitlab-runner lint --config "$config" >/dev/null || fail "gitlab-runner refuses config.toml"
elif ! gitlab-runner list --config "$config" 2>&1 | grep -q "Listing configured runners"; then
    fail "gitlab-runner refuses config.toml"
fi
rm -f "$delivery/files/.runner_system_id" # which both of them create

new=$(mktemp -d "$volume/version.XXXXXX") || fail "the volume cannot be written"
cp -pR "$delivery/files/." "$new" || fail "the files cannot be written"
while read -r path target; do
    if ! mkdir -p "$new/${path%/*}" || ! ln -s "$target" "$new/$path"; then
        fail "the links cannot be written"
    fi
done <"$delivery/links"
chmod 700 "$new"
# The runner compares its modification time, by the clock of this machine.
touch "$new/config.toml"
if [ -d "$new/certs" ]; then
    touch "$new"/certs/*
fi
sync # else XFS may keep empty files in a crash of the machine
ln -sfn "${new##*/}" "$volume/current.new"
mv -fT "$volume/current.new" "$volume/current"
current=$new
new=
for version in "$volume"/version.*; do
    [ "$version" = "$current" ] || rm -rf "$version"
done
echo "gitlab-runner-deliver: delivered"
