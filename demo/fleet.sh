# The fleet of the demo: three hosts, what runs on each, and where they are reached.
# shellcheck shell=bash

NODES=(n1 n2 n3)
PEERS=(--peer n1=10.88.0.11 --peer n2=10.88.0.12 --peer n3=10.88.0.13)

address_of() { printf '10.88.0.1%s\n' "${1#n}"; }
door_of() { printf '1748%s\n' "${1#n}"; }

# Its own names on each host, every behaviour somewhere, and one VM that is defined on all and runs on none.
vms_of() {
  case $1 in
    n1) echo "web1=busy mail=idle billing=failing" ;;
    n2) echo "web2=busy wiki=notify build=idle" ;;
    n3) echo "db=idle queue=logging cache=notify" ;;
  esac
}

# boot NODE [--bootstrap]
boot() {
  local options=() vm
  for vm in $(vms_of "$1"); do options+=(--vm "$vm"); done
  if [[ $1 == n1 && $GUEST == yes ]]; then options+=(--vm guest=guest); fi
  hosts/hosts up "$1" "$(address_of "$1")" "${options[@]}" --candidate spare "${PEERS[@]}" "${@:2}"
}

names_of() { local vm; for vm in $(vms_of "$1"); do echo "${vm%%=*}"; done; }

boot_fleet() {
  local node
  heading "Three hosts, each with a systemd of its own"
  GUEST=no
  if hosts/guest/prepare "$CACHE/guest" >"$LOGS/guest" 2>&1; then
    GUEST=yes
  else
    say "Without a real guest: $(tail -n 1 "$LOGS/guest")"
  fi
  export BLIXARD_GUEST_ASSETS=$CACHE/guest
  for node in "${NODES[@]}"; do
    boot "$node" --bootstrap || die "$node does not boot."
    hosts/hosts door "$(door_of "$node")" "$node" 7480
  done
}

# What the units themselves say, if something was not so.
keep_logs() {
  local node
  for node in "${NODES[@]}"; do
    hosts/hosts exec "$node" journalctl --no-pager --unit blixard-node >"$LOGS/$node.journal" 2>&1 || true
  done
  say "The journals of the nodes are in ${LOGS#"$ROOT/"}."
}

print_commands() {
  local node
  heading "Try"
  for node in "${NODES[@]}"; do
    say "  artifacts/publish/bin/blixard --endpoint http://127.0.0.1:$(door_of "$node") cluster status     # $node"
  done
  say "  artifacts/publish/bin/blixard --endpoint http://127.0.0.1:17481 vm show web2"
  say "  artifacts/publish/bin/blixard --endpoint http://127.0.0.1:17481 events"
  say "  curl http://127.0.0.1:17481/metrics"
  say "  BLIXARD_HOSTS_INSTANCE=demo hosts/hosts exec n2 systemctl stop microvm@web2       # as root"
  say "  BLIXARD_HOSTS_INSTANCE=demo hosts/hosts kill n3"
}
