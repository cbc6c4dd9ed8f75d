# The network: one bridge in a namespace of its own, one cable from there to each host. Nothing of it is in this
# machine's own network namespace: no address, no route, no rule. The namespaces are files of ours and not `ip netns`
# names, because `ip netns add` leaves a mount on /run/netns behind.
# shellcheck shell=bash

in_netns() { nsenter --net="$1" -- "${@:2}"; }

make_netns() {
  : >"$1"
  unshare --net="$1" -- ip link set lo up
}

# A file that is still a mount point cannot be unlinked, so a namespace in use is never forgotten.
drop_netns() {
  [[ -e $1 ]] || return 0
  ! is_mount_point "$1" || umount "$1"
  rm "$1"
}

# Whoever makes the directory makes the rest; hosts that boot at the same time wait for it.
make_fabric() {
  mkdir -p "$STATE"
  [[ -z ${BLIXARD_HOSTS_OWNER:-} ]] || process_identity "$BLIXARD_HOSTS_OWNER" >"$STATE/owner"
  if ! mkdir "$(dirname "$FABRIC")" 2>/dev/null; then
    wait_until 10 test -e "$FABRIC.ready" || fail "the bridge of instance $INSTANCE was never finished (hosts destroy)"
    return
  fi
  make_netns "$FABRIC"
  in_netns "$FABRIC" ip link add br0 type bridge
  in_netns "$FABRIC" ip addr add "$NET.1/24" dev br0
  in_netns "$FABRIC" ip link set br0 up
  make_link_rules
  : >"$FABRIC.ready"
}

plug_in() {
  local host=$1 ip=$2 netns
  netns=$(host_dir "$host")/netns
  make_netns "$netns"
  in_netns "$FABRIC" ip link add "v-$host" type veth peer name eth0 netns "$netns"
  in_netns "$FABRIC" ip link set "v-$host" master br0 up
  in_netns "$netns" ip addr add "$ip/24" dev eth0
  in_netns "$netns" ip link set eth0 up
  in_netns "$netns" ip route add default via "$NET.1"
}

# The cable is deleted by name and not left to the end of its namespace: the kernel takes namespaces apart some time
# later, and a host that boots again at once would find the name taken.
unplug_for_good() {
  local host=$1
  in_netns "$FABRIC" ip link del "v-$host" 2>/dev/null || true
  drop_netns "$(host_dir "$host")/netns"
}

set_link() {
  require_up "${1:-}"
  in_netns "$FABRIC" ip link set "v-$1" "$2"
}
