#!/bin/sh
# gitlab-runner-apply: brings the files of this runner host to what its stack declares.
#
# They arrive as one JSON object, path → {mode, content}, in S3. It is applied whole or not at all: first
# everything is fetched, checked and laid beside its place, then moved into place. Whatever fails before that
# leaves the last good files, and the reason in the journal. The runner reads a changed config.toml by itself.
set -eu
umask 077

# BUCKET, KEY, REGION and TOKENS of this host.
# shellcheck source=/dev/null
. "${RUNNER_HOST_SETTINGS:-/etc/gitlab-runner-host}"
root=${RUNNER_HOST_ROOT:-}
applied=$root/var/lib/gitlab-runner-host/applied

fail() {
    logger -s -t gitlab-runner-apply -p daemon.err -- "$1; the last good files stay"
    exit 1
}

version=$(aws --region "$REGION" s3api head-object --bucket "$BUCKET" --key "$KEY" --query ETag --output text) ||
    fail "s3://$BUCKET/$KEY cannot be read"
if [ -r "$applied" ] && [ "$(cat "$applied")" = "$version" ]; then
    exit 0
fi

# In memory: config.toml will hold the runners' tokens.
work=$(mktemp -d "$root/run/gitlab-runner-apply.XXXXXX")
trap 'rm -rf "$work"' EXIT
aws --region "$REGION" s3api get-object --bucket "$BUCKET" --key "$KEY" --if-match "$version" "$work/files.json" \
    >/dev/null || fail "s3://$BUCKET/$KEY cannot be read"

# A token for each runner that config.toml names. By way of the environment: arguments are for everyone to see.
runners=$(jq -r '[.[].content | strings | scan("@RUNNER_TOKEN_([a-z0-9-]+)@")[]] | unique[]' "$work/files.json") ||
    fail "the files are not JSON"
RUNNER_TOKENS={}
export RUNNER_TOKENS
for runner in $runners; do
    RUNNER_TOKEN=$(aws --region "$REGION" ssm get-parameter --name "$TOKENS/$runner" --with-decryption \
        --query Parameter.Value --output text) || fail "the token of the runner $runner, $TOKENS/$runner, cannot be read"
    [ -n "$RUNNER_TOKEN" ] || fail "the token of the runner $runner, $TOKENS/$runner, is empty"
    export RUNNER_TOKEN
    RUNNER_TOKENS=$(jq -cn --arg runner "$runner" '(env.RUNNER_TOKENS | fromjson) + {($runner): env.RUNNER_TOKEN}')
done

jq -r 'to_entries[] | "\(.value.mode) \(.key)"' "$work/files.json" >"$work/list" || fail "the files are not JSON"
[ -s "$work/list" ] || fail "there are no files"
while read -r mode path; do
    mkdir -p "$work/new/$(dirname "$path")"
    jq -j --arg path "$path" '(env.RUNNER_TOKENS | fromjson) as $tokens
        | .[$path].content | gsub("@RUNNER_TOKEN_(?<runner>[a-z0-9-]+)@"; $tokens[.runner])' \
        "$work/files.json" >"$work/new/$path" || fail "$path cannot be unpacked"
    chmod "$mode" "$work/new/$path" || fail "$path cannot have the mode $mode"
done <"$work/list"

jq -e . "$work/new/root/.docker/config.json" >/dev/null || fail "config.json is not JSON"
sh -n "$work/new/usr/local/bin/docker-credential-runner" || fail "docker-credential-runner is not a shell script"
# `lint` came with gitlab-runner 19.3; at the first boot the runner is installed after its files.
if gitlab-runner lint --help >/dev/null 2>&1; then
    gitlab-runner lint --config "$work/new/etc/gitlab-runner/config.toml" >/dev/null ||
        fail "gitlab-runner refuses config.toml"
fi

while read -r mode path; do
    mkdir -p "$root/$(dirname "$path")"
    cp -p "$work/new/$path" "$root/$path.new" || fail "$path cannot be written"
done <"$work/list"
while read -r mode path; do
    mv -f "$root/$path.new" "$root/$path"
done <"$work/list"
if [ -z "$root" ]; then
    systemctl daemon-reload
fi
mkdir -p "$(dirname "$applied")"
printf '%s\n' "$version" >"$applied"
logger -t gitlab-runner-apply -p daemon.info -- "applied version $version of s3://$BUCKET/$KEY" || true
