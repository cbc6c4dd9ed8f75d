# A small disk for what blixard-node keeps: a file with an ext4 file system, mounted in this machine as a loop device
# where the directory would be. It outlives a power cut like that; `clean` unmounts it.
# shellcheck shell=bash

# lay_disk DIRECTORY MEBIBYTES
lay_disk() {
  local data=$1 size=$2
  [[ $size =~ ^[0-9]+$ ]] && ((size >= 16 && size <= 65536)) || fail "--disk: '$size' is not a size from 16 to 65536 MiB"
  ! is_mount_point "$data/blixard" || return 0
  mkdir -p "$data/blixard"
  if [[ ! -e $data/disk ]]; then
    truncate -s "${size}M" "$data/disk.new"
    # No blocks are kept back for root, who would not notice that the disk is full.
    mkfs.ext4 -q -F -m 0 "$data/disk.new"
    mv "$data/disk.new" "$data/disk"
  fi
  mount -t ext4 -o loop "$data/disk" "$data/blixard"
}

drop_disk() { ! is_mount_point "$1/blixard" || umount "$1/blixard"; }

can_limit_disks() {
  local dir
  command -v mkfs.ext4 >/dev/null || fail "mkfs.ext4 is missing: $(install_command e2fsprogs)"
  dir=$(mktemp -d)
  # shellcheck disable=SC2016 # expanded by the inner shell
  if ! unshare --mount --propagation private -- sh -ec '
    truncate -s 16M "$0/disk" && mkfs.ext4 -q -F "$0/disk" && mkdir "$0/on" && mount -t ext4 -o loop "$0/disk" "$0/on"
    umount "$0/on"' "$dir" 2>/dev/null; then
    rm -rf "$dir"
    fail "this machine mounts no loop devices: modprobe loop   # in a container: start it with --privileged"
  fi
  rm -rf "$dir"
}
