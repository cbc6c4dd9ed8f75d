# A user of a host with a systemd of their own, and microVMs as units of that.
# shellcheck shell=bash

HOST_USER=vmuser
HOST_UID=60711
USER_UNIT_SOURCES=(/usr/lib/systemd/user /lib/systemd/user /run/current-system/systemd/example/systemd/user)

# Without a list of their own, all that this machine has enabled for its users would start in the host.
USER_UNITS=(
  default.target basic.target paths.target sockets.target timers.target shutdown.target exit.target systemd-exit.service
)

# lay_user_vms HOST VM=BEHAVIOUR...: none, and the host has no such user.
lay_user_vms() {
  local host=$1 dir vm behaviour
  dir=$(host_dir "$host")
  shift
  rm -rf "$dir/user-units"
  (($# > 0)) || return 0
  mkdir -p "$dir/user-units/default.target.wants"
  for vm; do
    behaviour=${vm#*=}
    vm=${vm%%=*}
    check_vm_name "$vm"
    check_behaviour "$vm" "$behaviour"
    mkdir -p "$dir/user-units/behaviour"
    cp "$HOSTS_DIR/units/behaviour/$behaviour" "$dir/user-units/behaviour/$behaviour"
    sed "s|@BEHAVIOUR@|/etc/systemd/user/behaviour/$behaviour|" \
      "$HOSTS_DIR/units/user/microvm-NAME.service" >"$dir/user-units/microvm-$vm.service"
    add_behaviour "$behaviour" "$dir/user-units/microvm-$vm.service.d"
    ln -sf "../microvm-$vm.service" "$dir/user-units/default.target.wants/microvm-$vm.service"
  done
  sed "s|@USER@|$HOST_USER|; s|@UID@|$HOST_UID|; s|@SYSTEMD@|$(systemd_program)|" \
    "$HOSTS_DIR/units/user/manager.service" >"$dir/units/user-manager.service"
  want "$dir/units" multi-user.target user-manager.service
}

# give_user ROOT DIR: under the root of a host that is about to boot.
give_user() {
  local root=$1 dir=$2 unit source
  [[ -d $dir/user-units ]] || return 0
  printf '%s:x:%s:%s::/nonexistent:/bin/sh\n' "$HOST_USER" "$HOST_UID" "$HOST_UID" >>"$root/etc/passwd"
  printf '%s:x:%s:\n' "$HOST_USER" "$HOST_UID" >>"$root/etc/group"
  mkdir -p "$root/run/hosts/user-units" "$root/etc/systemd/user"
  for unit in "${USER_UNITS[@]}"; do
    for source in "${USER_UNIT_SOURCES[@]}"; do
      [[ -e $source/$unit ]] || continue
      cp -L "$source/$unit" "$root/run/hosts/user-units/$unit"
      break
    done
  done
  cp -a "$dir/user-units/." "$root/etc/systemd/user/"
}
