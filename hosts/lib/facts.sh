# Running commands in a host, and what is to be known about it from outside.
# shellcheck shell=bash

# nsenter does not move a process to another cgroup: without the first line the command would run in the caller's
# cgroup, outside the host's view, and survive a power cut.
run_inside() {
  require_up "${1:-}"
  local host=$1 dir pid
  shift
  (($# > 0)) || fail "exec needs a command"
  dir=$(host_dir "$host")
  pid=$(recorded_pid "$dir/pid")
  (
    echo "$BASHPID" >"$(cat "$dir/cgroup")/init.scope/cgroup.procs"
    exec nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup --root --wd -- \
      env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 PATH="$INSIDE_PATH" DOTNET_ROOT=/opt/dotnet \
      DOTNET_CLI_TELEMETRY_OPTOUT=1 "$@"
  )
}

fact() {
  local dir
  check_host_name "${2:-}"
  dir=$(host_dir "$2")
  [[ -d $dir ]] || fail "there is no host $2"
  case $1 in
    pid) require_up "$2"; recorded_pid "$dir/pid" ;;
    ip) cat "$dir/ip" ;;
    cg) require_up "$2"; cat "$dir/cgroup" ;;
    bus) printf '%s/dbus/system_bus_socket\n' "$dir" ;;
    journal) printf '%s/journal\n' "$(cat "$dir/data")" ;;
    data) cat "$dir/data" ;;
    netns) printf '%s/netns\n' "$dir" ;;
    console) cat "$dir/console" ;;
  esac
}

host_names() {
  local dir
  for dir in "$STATE"/hosts/*/; do
    [[ -d $dir ]] && basename "$dir"
  done
  return 0
}

list_hosts() {
  local host
  for host in $(host_names); do
    printf '%s %s %s\n' "$host" "$(cat "$(host_dir "$host")/ip")" "$(is_up "$host" && echo up || echo down)"
  done
}
