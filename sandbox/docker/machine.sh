#!/bin/sh
# Becomes a copy of this machine that is thrown away when its standard input ends.
#
# Run by machine.py in namespaces of its own (mounts, network, processes). What the copy changes is kept in
# memory. Prints its process id, as the machine outside knows it, once everything is in place.
#   usage: machine.sh DIRECTORY [PATH…]
#     DIRECTORY   an empty directory, on which the copy is put together
#     PATH        a directory that is copied too, since it lies on another file system
set -eu
# shellcheck source=sandbox/docker/devices.sh
. "$(dirname "$0")/devices.sh"

directory=$1
shift
# The old /proc is still there: it knows this process by its id outside.
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
# Docker keeps its layers on an overlay of its own, which cannot lie on this one.
for path in ./run ./var/lib/docker ./var/lib/containerd; do
    mkdir -p "$path"
    mount -t tmpfs -o mode=0755 machine "$path"
done
mkdir -p ./mnt/outside
pivot_root . ./mnt/outside
cd /
umount -l /mnt/outside
ip link set lo up
# Addresses for its servers: Docker checks no certificate of those in 127.0.0.0/8.
ip address add 198.51.100.1/24 dev lo

echo "$pid"
# The first process of a machine inherits those whose parents end; as it ignores their end, none stays.
trap '' CHLD
exec cat >/dev/null
