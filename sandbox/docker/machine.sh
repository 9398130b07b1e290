#!/bin/sh
# Becomes a temporary copy of this machine, which is removed when its standard input is closed.
#
# Run by machine.py in new namespaces (mounts, network, processes). Changes in the copy are kept in memory.
# Prints its process id in the outer PID namespace, once everything is in place.
#   usage: machine.sh DIRECTORY [PATH…]
#     DIRECTORY   an empty directory, the mount point of the copy
#     PATH        a further directory to copy, which is on another file system
set -eu
# shellcheck source=sandbox/docker/devices.sh
. "$(dirname "$0")/devices.sh"

directory=$1
shift
# The old /proc is still mounted: it has the id of this process in the outer PID namespace.
read -r pid _ </proc/self/stat

mount --make-rprivate /
mount -t tmpfs -o mode=0755 machine "$directory"
copies=0
for path in / "$@"; do
    copies=$((copies + 1))
    mkdir -p "$directory/changes/$copies" "$directory/work/$copies" "$directory/root$path"
    mount -t overlay -o "lowerdir=$path,upperdir=$directory/changes/$copies,workdir=$directory/work/$copies" \
        machine "$directory/root$path"
done
cd "$directory/root"
private_devices .
mount --rbind /sys ./sys
mount -t proc proc ./proc
# Docker uses overlay mounts for its layers, which cannot be on top of this overlay.
for path in ./run ./var/lib/docker ./var/lib/containerd; do
    mkdir -p "$path"
    mount -t tmpfs -o mode=0755 machine "$path"
done
mkdir -p ./mnt/outside
pivot_root . ./mnt/outside
cd /
umount -l /mnt/outside
ip link set lo up
# Addresses for its servers: Docker does not verify certificates of registries in 127.0.0.0/8.
ip address add 198.51.100.1/24 dev lo

echo "$pid"
# The init process inherits orphaned processes; with SIGCHLD ignored, none becomes a zombie.
trap '' CHLD
exec cat >/dev/null
