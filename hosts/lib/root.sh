# What a process becomes that will be PID 1 of a host: it builds the root file system in its own mount namespace, moves
# into it and turns into systemd. Whatever it mounts is gone with the namespace.
# shellcheck shell=bash

# enter_root HOST: called by boot, as PID 1 of new namespaces; see the host's folder for its parameters.
enter_root() {
  local host=$1 dir root data
  dir=$(host_dir "$host")
  data=$(cat "$dir/data")
  # The process that made the namespaces must be out of the host's cgroup before systemd passes controllers on
  # ("no internal processes", cgroups(7)); boot says when.
  wait_until 10 test -e "$dir/go" || fail "host $host: boot did not go on"

  printf "%s" "$host" >/proc/sys/kernel/hostname
  root=$dir/root
  mkdir -p "$root"
  overlay_root "$root"
  root=$root/merged
  mount_api_filesystems "$root"
  mount_system_trees "$dir/root" "$root"
  bind_programs "$root"
  bind_kept "$root" "$dir" "$data"
  give_identity "$root" "$dir" "$host"
  configure_systemd "$root" "$dir"

  mkdir -p "$root/run/old"
  cd "$root"
  pivot_root . run/old
  cd /
  umount -l /run/old
  rmdir /run/old
  # `container` makes systemd leave alone what belongs to the machine: clock, console, SELinux policy, kernel settings.
  exec env -i container=blixard-hosts LANG=C.UTF-8 PATH="$INSIDE_PATH" SYSTEMD_LOG_TARGET=journal-or-kmsg \
    SYSTEMD_UNIT_PATH="$UNIT_PATH" SYSTEMD_GENERATOR_PATH=/run/hosts/none \
    SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/run/hosts/none "$(systemd_program)"
}

systemd_program() {
  local program
  for program in /usr/lib/systemd/systemd /lib/systemd/systemd /run/current-system/systemd/lib/systemd/systemd; do
    if [[ -x $program ]]; then
      printf '%s\n' "$program"
      return
    fi
  done
  return 1
}

# Upper and work directory lie on a tmpfs: overlayfs refuses an upper directory that is an overlay itself, as it would
# be in a container. All that must outlive the host is bound from the disk (bind_kept).
overlay_root() {
  mount -t tmpfs -o mode=755 blixard-host "$1"
  mkdir "$1/upper" "$1/work" "$1/merged"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/merged"
}

mount_api_filesystems() {
  local root=$1 node
  mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
  mount -t sysfs -o nosuid,nodev,noexec,ro sysfs "$root/sys"
  mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
  # Without execution, as Debian has it.
  mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs "$root/run"
  mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
  mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
  mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
  for node in null zero full random urandom tty kvm net/tun; do
    [[ -e /dev/$node ]] || continue
    : >"$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
  done
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
}

# An overlay covers one file system: what is mounted below / is an empty directory in it. A part of the system that is
# a mount of its own gets an overlay too, never a plain bind: a host writes its own /etc, not the machine's.
mount_system_trees() {
  local own=$1 root=$2 mount_point layers
  while read -r mount_point; do
    case $mount_point in
      /usr | /usr/* | /etc | /etc/* | /opt | /opt/* | /bin | /sbin | /lib | /lib64 | /var | /var/lib/dbus) ;;
      *) continue ;;
    esac
    [[ -d $mount_point && -d $root$mount_point ]] || continue
    layers=$own/layers/${mount_point//\//_}
    mkdir -p "$layers/upper" "$layers/work"
    mount -t overlay overlay -o "lowerdir=$mount_point,upperdir=$layers/upper,workdir=$layers/work" "$root$mount_point"
  done < <(findmnt --raw --noheadings --output TARGET | sort -u)
}

bind_read_only() {
  [[ -e $1 ]] || return 0
  mkdir -p "$2"
  mount --rbind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

# The programs under test and their runtime, at the same place in every host, wherever they are on this machine.
bind_programs() {
  local root=$1 dotnet
  bind_read_only "$PUBLISH" "$root/opt/blixard"
  dotnet=$(dotnet_root)
  [[ -z $dotnet ]] || bind_read_only "$dotnet" "$root/opt/dotnet"
  if is_mount_point /nix || is_mount_point /nix/store; then bind_read_only /nix "$root/nix"; fi
  # A link to the running system's profile; /run itself is the host's own.
  if [[ -L /run/current-system ]]; then
    ln -s "$(readlink -f /run/current-system)" "$root/run/current-system"
  fi
}

# What outlives a power cut lies on this machine's disk, where fsync costs what it costs; the sockets of the bus lie
# where they can be reached from outside.
bind_kept() {
  local root=$1 dir=$2 data=$3
  bind_rw "$data/blixard" "$root/var/lib/blixard"
  # By this directory a node knows that the gate is installed.
  [[ ! -e $dir/units/blixard.tmpfiles.conf ]] || bind_rw "$data/gate" "$root/var/lib/blixard-gate"
  bind_rw "$data/microvms" "$root/var/lib/microvms"
  bind_rw "$data/journal" "$root/var/log/journal"
  bind_rw "$dir/dbus" "$root/run/dbus"
}

bind_rw() {
  mkdir -p "$1" "$2"
  mount --bind "$1" "$2"
}

# The machine id stays over a reboot, the boot id is new with each one, and neither is the machine's.
give_identity() {
  local root=$1 dir=$2 host=$3 boot_id
  printf 'blixard-hosts %s %s' "$INSTANCE" "$host" | md5sum | cut -c 1-32 >"$dir/machine-id"
  rm -f "$root/etc/machine-id" "$root/etc/hostname" "$root/etc/hosts"
  cp "$dir/machine-id" "$root/etc/machine-id"
  printf '%s\n' "$host" >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n%s %s\n' "$(cat "$dir/ip")" "$host" >"$root/etc/hosts"
  boot_id=$root/proc/sys/kernel/random/boot_id
  cat /proc/sys/kernel/random/uuid >"$dir/boot_id"
  mount --bind "$dir/boot_id" "$boot_id"
  mount -o remount,bind,ro "$boot_id"
}

configure_systemd() {
  local root=$1 dir=$2
  rm -rf "$root/etc/systemd"
  mkdir -p "$root/etc/systemd/system" "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
  lay_units "$root"
  cp -a "$dir/units/." "$root/etc/systemd/system/"
  give_user "$root" "$dir"
  if [[ -e $dir/node.env ]]; then
    mkdir -p "$root/etc/blixard"
    cp "$dir/node.env" "$root/etc/blixard/node.env"
  fi
  cat >"$root/etc/systemd/journald.conf.d/hosts.conf" <<'CONF'
[Journal]
Storage=persistent
SystemMaxUse=64M
RateLimitBurst=0
ReadKMsg=no
Audit=no
ForwardToConsole=no
ForwardToSyslog=no
ForwardToWall=no
CONF
  cat >"$root/etc/systemd/system.conf.d/hosts.conf" <<CONF
[Manager]
DefaultEnvironment=PATH=$INSIDE_PATH
DefaultTimeoutStopSec=10s
# Tests start and stop one unit, and its helpers with it, as fast as they can.
DefaultStartLimitIntervalSec=0
ShowStatus=no
CONF
}
