# Ending hosts. Everything is found by what was recorded at its start, and nothing stays behind: no process, namespace,
# cgroup or mount.
# shellcheck shell=bash

# SIGRTMIN+4 asks PID 1 for poweroff.target (systemd(1)).
down() {
  require_up "${1:-}"
  local dir
  dir=$(host_dir "$1")
  kill -s RTMIN+4 "$(recorded_pid "$dir/pid")"
  wait_until 30 maker_gone "$1" || echo "hosts: $1 does not shut down in 30 s, its power is cut" >&2
  kill_everything "$1"
}

# The link goes first: a process that is killed still closes its connections, a host without power says nothing.
power_cut() {
  require_up "${1:-}"
  in_netns "$FABRIC" ip link set "v-$1" down
  kill_everything "$1"
}

maker_gone() { ! recorded_runs "$(host_dir "$1")/maker"; }

# Ends whatever of the host still runs and frees what the kernel holds for it.
kill_everything() {
  local host=$1 dir cgroup pid
  dir=$(host_dir "$host")
  cgroup=$(cat "$dir/cgroup" 2>/dev/null) || cgroup=
  if [[ -n $cgroup && -e $cgroup/cgroup.kill ]]; then
    echo 1 >"$cgroup/cgroup.kill"
  elif recorded_runs "$dir/pid"; then
    pid=$(recorded_pid "$dir/pid")
    kill -KILL "$pid" # the kernel kills the rest of its pid namespace
  fi
  if ! wait_until 10 maker_gone "$host"; then
    kill -KILL "$(recorded_pid "$dir/maker")"
    wait_until 10 maker_gone "$host" || fail "host $host: process $(recorded_pid "$dir/maker") cannot be killed"
  fi
  unplug_for_good "$host"
  [[ -z $cgroup ]] || wait_until 5 remove_cgroup "$cgroup" || fail "host $host: $cgroup is still in use"
  forget_boot "$host"
}

# Deepest first; a scope of this machine's systemd may have removed it already.
remove_cgroup() {
  [[ -d $1 ]] || return 0
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
  [[ ! -d $1 ]]
}

# What belongs to one boot only.
forget_boot() {
  local dir
  dir=$(host_dir "$1")
  rm -rf "$dir/pid" "$dir/maker" "$dir/cgroup" "$dir/go" "$dir/dbus" "$dir/units" "$dir/node.env" "$dir/root" "$dir/boot_id"
}

clean() {
  check_host_name "${1:-}"
  ! is_up "$1" || fail "host $1 is up"
  local dir data
  dir=$(host_dir "$1")
  [[ -d $dir ]] || return 0
  data=$(cat "$dir/data" 2>/dev/null) || data=
  # A boot that was interrupted may have left its maker, netns or cgroup.
  kill_everything "$1"
  if [[ -n $data ]]; then
    wait_until 5 drop_disk "$data" || fail "host $1: $data/blixard is still in use"
    rm -rf "$data"
  fi
  rm -rf "$dir"
}

destroy() {
  local host
  close_doors
  for host in $(host_names); do
    if is_up "$host"; then kill_everything "$host"; fi
    clean "$host"
  done
  drop_netns "$FABRIC"
  local base
  base=$(cgroup_mount)/blixard-hosts-$INSTANCE
  if [[ -d $base ]]; then
    wait_until 5 remove_cgroup "$base" || fail "$base is still in use"
  fi
  rm -rf "$STATE"
  rmdir "$DATA" "$(dirname "$DATA")" "$(dirname "$STATE")" 2>/dev/null || true
}

# An owner that was killed could not clean up; whoever comes next does it.
sweep() {
  local state owner instance
  for state in "$(dirname "$STATE")"/*/; do
    state=${state%/}
    [[ -e $state/owner ]] || continue
    owner=$(cat "$state/owner")
    if ! recorded_runs "$state/owner" || [[ ${1:-} == "${owner%% *}" ]]; then
      instance=${state##*/}
      BLIXARD_HOSTS_INSTANCE=$instance BLIXARD_HOSTS_STATE=$state BLIXARD_HOSTS_DATA=$(dirname "$DATA")/$instance \
        "$HOSTS_DIR/hosts" destroy
    fi
  done
}
