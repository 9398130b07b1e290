#!/bin/sh
# gitlab-runner-apply: applies the declared files of this runner host.
#
# They are one JSON object in S3, path → {mode, content}; a symbolic link has the mode `link`, and its target as
# content. The runners' numbers in GitLab are in the object's metadata, since the files are known before them. The
# object is applied atomically: first everything is fetched, checked and written beside its path, then moved into
# place. A failure before that keeps the last good files, and logs the reason to the journal. The runner reloads a
# changed config.toml by itself.
set -eu
umask 077

program=gitlab-runner-apply
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"
applied=$state/applied
refused=$state/refused
# What is to be done with the files in place, also of a run that failed after it had moved them. A boot does it too.
to_reload=$root/run/gitlab-runner-apply-docker
to_restart=$root/run/gitlab-runner-apply-fleet

fail() { # REASON: to retry
    say err "$1; the last good files stay"
    exit 1
}

refuse() { # REASON: this version is bad, and is not retried once there are good files
    if [ -e "$applied" ]; then
        printf '%s\n' "$version" >"$refused"
    fi
    fail "$1"
}

# The ETag does not cover the metadata: after a runner is registered again, only its number differs.
version=$(aws --region "$REGION" s3api head-object --bucket "$BUCKET" --key "$KEY" \
    --query "[ETag, Metadata.\"runner-ids\"]" --output text) || fail "s3://$BUCKET/$KEY cannot be read"
tab=$(printf '\t')
etag=${version%%"$tab"*}
for known in "$applied" "$refused"; do
    if [ -r "$known" ] && [ "$(cat "$known")" = "$version" ]; then
        exit 0
    fi
done

# In memory: config.toml will contain the runners' tokens.
work=$(mktemp -d "$root/run/gitlab-runner-apply.XXXXXX")
trap 'rm -rf "$work"' EXIT
aws --region "$REGION" s3api get-object --bucket "$BUCKET" --key "$KEY" --if-match "$etag" "$work/files.json" \
    >/dev/null || fail "s3://$BUCKET/$KEY cannot be read"

# A token for each runner of config.toml, by the environment: everyone can see arguments.
runners=$(jq -r '[.[].content | strings | scan("@RUNNER_TOKEN_([a-z0-9-]+)@")[]] | unique[]' "$work/files.json") ||
    refuse "the files are not JSON"
RUNNER_TOKENS={}
export RUNNER_TOKENS
for runner in $runners; do
    RUNNER_TOKEN=$(aws --region "$REGION" ssm get-parameter --name "$TOKENS/$runner" --with-decryption \
        --query Parameter.Value --output text) || fail "the token of the runner $runner, $TOKENS/$runner, cannot be read"
    [ -n "$RUNNER_TOKEN" ] || fail "the token of the runner $runner, $TOKENS/$runner, is empty"
    export RUNNER_TOKEN
    RUNNER_TOKENS=$(jq -cn --arg runner "$runner" '(env.RUNNER_TOKENS | fromjson) + {($runner): env.RUNNER_TOKEN}')
done

# The numbers are in the order of the runners' names.
numbers=$(jq -ce --arg numbers "${version#*"$tab"}" '
    ([.[].content | strings | scan("\"@RUNNER_ID_([a-z0-9-]+)@\"")[]] | unique) as $runners |
    [$numbers | scan("[0-9]+")] as $numbers |
    if ($runners | length) == ($numbers | length) or $runners == []
    then reduce range($runners | length) as $at ({}; .[$runners[$at]] = $numbers[$at])
    else error("not one number for each runner") end' "$work/files.json") ||
    fail "the numbers of the runners cannot be read"
jq -r --argjson numbers "$numbers" '(env.RUNNER_TOKENS | fromjson) as $tokens | to_entries[] | [.value.mode, .key,
    (.value.content | gsub("\"@RUNNER_ID_(?<runner>[a-z0-9-]+)@\""; $numbers[.runner]) |
        gsub("@RUNNER_TOKEN_(?<runner>[a-z0-9-]+)@"; $tokens[.runner]) | @base64)] | join(" ")' \
    "$work/files.json" >"$work/list" || refuse "the files cannot be unpacked"
[ -s "$work/list" ] || refuse "there are no files"
while read -r mode path content; do
    [ -d "$work/new/${path%/*}" ] || mkdir -p "$work/new/${path%/*}"
    if [ "$mode" = link ]; then
        ln -s "$(printf '%s' "$content" | base64 -d)" "$work/new/$path" || refuse "$path cannot be unpacked"
        continue
    fi
    printf '%s' "$content" | base64 -d >"$work/new/$path" || refuse "$path cannot be unpacked"
    chmod "$mode" "$work/new/$path" || refuse "$path cannot have the mode $mode"
done <"$work/list"

sh "$work/new/usr/local/sbin/gitlab-runner-credentials" --help >/dev/null ||
    refuse "gitlab-runner-credentials does not run"
daemon=etc/docker/daemon.json
jq -e 'type == "object"' "$work/new/$daemon" >/dev/null || refuse "daemon.json is not a JSON object"
# Docker and gitlab-runner are installed after the first files. `--validate` came with Docker 23.0.
if dockerd --help 2>/dev/null | grep -q -e --validate; then
    dockerd --validate --config-file "$work/new/$daemon" >/dev/null || refuse "Docker refuses daemon.json"
fi
config=$work/new/etc/gitlab-runner/config.toml
# `lint` came with gitlab-runner 19.3. `list` of any version exits with 0, says that it lists runners when it could
# read the file, and prints their tokens: commands/list.go.
if ! command -v gitlab-runner >/dev/null; then
    :
elif gitlab-runner lint --help >/dev/null 2>&1; then
    gitlab-runner lint --config "$config" >/dev/null || refuse "gitlab-runner refuses config.toml"
elif ! gitlab-runner list --config "$config" 2>&1 | grep -q "Listing configured runners"; then
    refuse "gitlab-runner refuses config.toml"
fi

authorities() { # of the stack, among those that the operating system trusts
    cat "$root"/usr/local/share/ca-certificates/gitlab-runner-* "$root"/etc/pki/ca-trust/source/anchors/gitlab-runner-* \
        2>/dev/null | cksum
}
trusted=$(authorities)
cmp -s "$work/new/$daemon" "$root/$daemon" || : >"$to_reload"
fleet=etc/gitlab-runner/fleet.json
[ ! -e "$work/new/$fleet" ] || cmp -s "$work/new/$fleet" "$root/$fleet" || : >"$to_restart"
while read -r mode path _; do
    [ -d "$root/${path%/*}" ] || mkdir -p "$root/${path%/*}"
    # An interrupted run may have left one that `cp` would write through.
    if [ -e "$root/$path.new" ] || [ -L "$root/$path.new" ]; then rm -f "$root/$path.new"; fi
    cp -pP "$work/new/$path" "$root/$path.new" || fail "$path cannot be written"
done <"$work/list"
# On the disk before they have their names: XFS may keep empty ones in a crash.
while read -r mode path _; do
    [ "$mode" = link ] || printf '%s\n' "$root/$path.new"
done <"$work/list" | xargs -d '\n' sync || fail "the files cannot be written"
while read -r mode path _; do
    mv -f "$root/$path.new" "$root/$path"
done <"$work/list"
mkdir -p "$state"
# Files of an earlier version that this one lacks must no longer be trusted or used as settings.
cut -d ' ' -f 2 "$work/list" >"$work/paths"
if [ -r "$state/paths" ]; then
    grep -Fxv -f "$work/paths" "$state/paths" | while read -r path; do
        rm -f "$root/$path"
    done
fi
cp "$work/paths" "$state/paths"
if [ "$(authorities)" != "$trusted" ]; then
    trust_authorities || say warning "the operating system does not take up the certificate authorities"
fi

systemctl daemon-reload
# Docker is never restarted under running jobs: it reloads some settings, and reads the others at its next start.
if [ -e "$to_reload" ] && systemctl --quiet is-active docker; then
    systemctl reload docker || say warning "Docker does not reload its settings"
fi
systemctl try-restart gitlab-runner-drain.service
if systemctl --quiet is-active gitlab-runner; then
    "$root/usr/local/sbin/gitlab-runner-firewall" || : # it says why
fi
# The existing credentials stay in use meanwhile.
systemctl --no-block try-restart gitlab-runner-credentials.service
# The runner reloads a changed config.toml by itself, but its fleet's settings only at its start, after its jobs.
if [ -e "$to_restart" ] && systemctl --quiet is-active gitlab-runner; then
    systemctl --no-block restart gitlab-runner
fi
rm -f "$to_reload" "$to_restart" "$refused"
printf '%s\n' "$version" >"$applied"
say info "applied version $etag of s3://$BUCKET/$KEY"
