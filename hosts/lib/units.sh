# The units of a host. PID 1 is given a unit path of its own with copies of the few units that a host needs, and no
# generators: nothing that this machine has enabled, mounted or configured is started in a host, and it boots in a
# quarter of a second. Distributions keep the originals in different places.
# shellcheck shell=bash

# The last two are where the D-Bus units are on NixOS, whose systemd package has none.
UNIT_SOURCES=(
  /usr/lib/systemd/system
  /lib/systemd/system
  /run/current-system/systemd/example/systemd/system
  /etc/systemd/system
  /run/current-system/sw/share/systemd/system
)

# In the host; under /run, which a host has for itself.
HOST_UNITS=/run/hosts/units
UNIT_PATH=/etc/systemd/system.control:/run/systemd/system.control:/run/systemd/transient:/etc/systemd/system:/run/systemd/system:$HOST_UNITS

# Without one of these no host boots.
NEEDED_UNITS=(
  basic.target sysinit.target sockets.target timers.target paths.target slices.target local-fs.target swap.target
  multi-user.target shutdown.target umount.target final.target poweroff.target reboot.target
  systemd-poweroff.service systemd-reboot.service
  systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket systemd-journal-flush.service
  dbus.socket
)

# Taken where they are: other units order themselves after them or refer to them.
WELCOME_UNITS=(
  local-fs-pre.target network.target network-pre.target network-online.target nss-lookup.target nss-user-lookup.target
  time-set.target time-sync.target remote-fs.target remote-fs-pre.target rescue.target emergency.target
  exit.target systemd-exit.service halt.target systemd-halt.service
  user.slice machine.slice user@.service user-runtime-dir@.service user-.slice.d user@.service.d
)

find_unit() {
  local source
  for source in "${UNIT_SOURCES[@]}"; do
    if [[ -e $source/$1 ]]; then
      printf '%s\n' "$source/$1"
      return
    fi
  done
  return 1
}

# The unit that runs the bus: dbus-daemon's, or dbus-broker's, for which dbus.service is only an alias.
find_bus_unit() { find_unit dbus.service || find_unit dbus-broker.service; }

missing_units() {
  local unit
  for unit in "${NEEDED_UNITS[@]}"; do
    find_unit "$unit" >/dev/null || printf '%s\n' "$unit"
  done
  find_bus_unit >/dev/null || printf '%s\n' dbus.service
}

# lay_units ROOT: fills HOST_UNITS under the root of a host that is about to boot.
lay_units() {
  local units=$1$HOST_UNITS unit source
  mkdir -p "$units"
  for unit in "${NEEDED_UNITS[@]}" "${WELCOME_UNITS[@]}"; do
    source=$(find_unit "$unit") || continue
    cp -rL "$source" "$units/$unit"
  done
  source=$(readlink -f "$(find_bus_unit)")
  cp -L "$source" "$units/${source##*/}"
  [[ ${source##*/} == dbus.service ]] || ln -s "${source##*/}" "$units/dbus.service"
  ln -s multi-user.target "$units/default.target"

  want "$units" sysinit.target systemd-journald.service systemd-journal-flush.service
  want "$units" sockets.target systemd-journald.socket systemd-journald-dev-log.socket dbus.socket
  want "$units" multi-user.target dbus.service
}

# want DIR TARGET UNIT...: as `systemctl enable` does it
want() {
  local dir=$1 target=$2 unit
  shift 2
  mkdir -p "$dir/$target.wants"
  for unit; do ln -sf "../$unit" "$dir/$target.wants/$unit"; done
}
