# Doors: 127.0.0.1:PORT of this machine leads into the fabric. systemd's own forwarder listens in the machine's network
# namespace and connects from the namespace of the bridge, because a socket stays where it was made: no address, route
# or firewall rule of this machine is touched, and the door outlives a reboot of the host behind it.
# shellcheck shell=bash

proxy_program() {
  local dir
  for dir in /usr/lib/systemd /lib/systemd /run/current-system/systemd/lib/systemd; do
    if [[ -x $dir/systemd-socket-proxyd ]]; then
      printf '%s\n' "$dir/systemd-socket-proxyd"
      return
    fi
  done
  return 1
}

open_door() {
  local port=${1:-} host=${2:-} inside=${3:-} ip record
  [[ $port =~ ^[0-9]+$ && $inside =~ ^[0-9]+$ ]] || fail "door needs PORT NAME PORT"
  check_host_name "$host"
  require_fabric
  ip=$(cat "$(host_dir "$host")/ip") || fail "there is no host $host"
  record=$STATE/doors/$port
  mkdir -p "$STATE/doors"
  ! recorded_runs "$record" || fail "door $port is open already"
  (
    close_inherited
    exec setsid systemd-socket-activate --listen="127.0.0.1:$port" -- \
      nsenter --net="$FABRIC" -- "$(proxy_program)" "$ip:$inside"
  ) </dev/null >"$record.log" 2>&1 &
  process_identity $! >"$record"
  wait_until 5 door_settled "$port" || true
  if ! listens "$port"; then
    cat "$record.log" >&2
    rm -f "$record"
    fail "cannot listen on 127.0.0.1:$port"
  fi
}

door_settled() { listens "$1" || ! recorded_runs "$STATE/doors/$1"; }

# /proc/net/tcp has addresses in the machine's byte order: 0100007F is 127.0.0.1, state 0A listens (proc(5)).
listens() {
  local hex
  printf -v hex '0100007F:%04X' "$1"
  awk -v at="$hex" '$2 == at && $4 == "0A" { found = 1 } END { exit !found }' /proc/net/tcp
}

close_doors() {
  local record
  for record in "$STATE"/doors/*; do
    [[ $record != *.log ]] || continue
    if recorded_runs "$record"; then kill "$(recorded_pid "$record")"; fi
  done
}
