#!/bin/sh
# gitlab-runner-prune: removes what jobs left in Docker, on a host and on a worker of a fleet. Run every hour; it is
# idempotent.
#
# A running job always has its network, and a container in some state; everything else is left over. An image is
# pulled before its container exists, so images and volumes are removed only while no job runs, and only when the disk
# fills up, since they save time; on a host that always has jobs, when the disk is almost full.
set -u

program=gitlab-runner-prune
# shellcheck source-path=SCRIPTDIR source=gitlab-runner-host.sh
. "${RUNNER_HOST_LIBRARY:-/usr/local/lib/gitlab-runner-host.sh}"
managed=label=com.gitlab.gitlab-runner.managed=true # the runner's label on everything that it creates
yesterday=$(($(date +%s) - 24 * 60 * 60))
last_week=$(($(date +%s) - 7 * 24 * 60 * 60))

older_than() { # TIME DATE
    [ "$(date -d "$2" +%s)" -lt "$1" ]
}

disk_is_full_to() { # PERCENT: of its space, or of its inodes, which many small files take up
    for used in $(df --output=pcent,ipcent "$(docker info --format '{{.DockerRootDir}}')" | tr -dc '0-9 \n'); do
        [ "$used" -lt "$1" ] || return 0
    done
    return 1
}

remove_old_volumes() {
    docker volume ls --quiet --filter dangling=true | while read -r volume; do
        if older_than "$last_week" "$(docker volume inspect --format '{{.CreatedAt}}' "$volume")"; then
            docker volume rm "$volume"
        fi
    done
}

docker container prune --force --filter "$managed" --filter until=24h
# A runner that is killed leaves its containers, and the next one, which systemd starts two minutes later, does not
# look for them: a service would run for ever, and count as a running job below. systemd counts microseconds from the boot.
started=$(systemctl show --property=ExecMainStartTimestampMonotonic --value gitlab-runner)
case $started in
    '' | 0 | *[!0-9]*) ;; # it has not started, as on a worker, or is not known
    *)
        read -r uptime _ </proc/uptime
        started=$(($(date +%s) - ${uptime%.*} + started / 1000000))
        docker ps --quiet --no-trunc --filter "$managed" | while read -r container; do
            if older_than "$((started - 60))" "$(docker container inspect --format '{{.Created}}' "$container")"; then
                docker rm --force --volumes "$container"
            fi
        done
        ;;
esac
docker network ls --quiet --no-trunc --filter "$managed" | while read -r network; do
    if older_than "$yesterday" "$(docker network inspect --format '{{json .Created}}' "$network" | tr -d '"')" &&
        [ -z "$(docker ps --all --quiet --filter "network=$network")" ]; then
        docker network rm "$network"
    fi
done

jobs=$(docker network ls --quiet --filter "$managed" && docker ps --all --quiet --filter "$managed") || exit
if [ -z "$jobs" ]; then
    if disk_is_full_to 70; then
        docker image prune --all --force
        remove_old_volumes
    fi
elif disk_is_full_to 90; then
    # A job that has just pulled such an image fails, and one finds its cache empty; on a full disk, every job fails.
    say warning "the disk is almost full, and jobs are running: removing what no container uses"
    docker image prune --all --force --filter until=24h
    remove_old_volumes
fi
