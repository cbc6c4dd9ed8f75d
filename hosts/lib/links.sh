# Cuts between hosts: an nftables table of the bridge family, in the namespace of the bridge. It sees every frame that
# goes from one host to another, but none between a host and the bridge itself: a host that is cut off from all others
# can still be asked from this machine (door). One rule per direction, found again by its comment "FROM>TO".
# shellcheck shell=bash

make_link_rules() {
  in_netns "$FABRIC" nft 'add table bridge links; add chain bridge links cuts { type filter hook forward priority 0; }'
}

require_fabric() { [[ -e $FABRIC ]] || fail "no host of this instance was ever up"; }

# Deleting first makes a second cut of the same direction one rule, so that one join always undoes it.
cut_direction() {
  local from=$1 to=$2 match=()
  join_direction "$from" "$to"
  [[ $from == '*' ]] || match+=(iifname "v-$from")
  [[ $to == '*' ]] || match+=(oifname "v-$to")
  in_netns "$FABRIC" nft add rule bridge links cuts "${match[@]}" drop comment "\"$from>$to\""
}

join_direction() {
  local handle
  for handle in $(in_netns "$FABRIC" nft --handle list chain bridge links cuts |
    awk -v rule="comment \"$1>$2\"" 'index($0, rule) { print $NF }'); do
    in_netns "$FABRIC" nft delete rule bridge links cuts handle "$handle"
  done
}

# change_pair cut|join [--one-way] A B
change_pair() {
  local verb=$1 one_way=no
  shift
  if [[ ${1:-} == --one-way ]]; then
    one_way=yes
    shift
  fi
  check_host_name "${1:-}"
  check_host_name "${2:-}"
  [[ $1 != "$2" ]] || fail "a host has no link to itself"
  require_fabric
  "${verb}_direction" "$1" "$2"
  [[ $one_way == yes ]] || "${verb}_direction" "$2" "$1"
}

# change_all cut|join A
change_all() {
  check_host_name "${2:-}"
  require_fabric
  "${1}_direction" "$2" '*'
  "${1}_direction" '*' "$2"
}

show_cuts() {
  require_fabric
  in_netns "$FABRIC" nft list chain bridge links cuts | sed -n 's/.*comment "\(.*\)"$/\1/p'
}
