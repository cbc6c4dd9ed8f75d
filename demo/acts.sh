# The acts of the demo.
# shellcheck shell=bash

show_fleet() {
  local node vms
  heading "A cluster on them"
  claim_within 30 "a leader is elected" has_leader n1
  ((WRONG == 0)) || die "Without a leader there is nothing to show."
  for node in "${NODES[@]}"; do
    claim_within 10 "$node is active, as n1 tells" member_is n1 "$node" active
  done
  for node in "${NODES[@]}"; do
    read -r -a vms < <(names_of "$node" | xargs)
    claim_within 10 "n1 knows what $node has: ${vms[*]}" vms_are n1 node "$node" "${vms[@]}"
  done
  claim_within 10 "web1, web2 and db run" vms_are n1 state running web1 web2 db
  claim_within 10 "wiki has told systemd that it is ready" vm_is n3 wiki state running
  claim_within 10 "billing failed on its host" vm_is n2 billing state failed
  claim_within 10 "spare, defined on every host, runs on none" vm_is n3 spare state stopped
  [[ $GUEST == no ]] || claim_within 60 "guest, a real QEMU machine, runs" vm_is n2 guest state running
  claim_within 10 "every VM has a monitor" all_monitored n1
  show n1 cluster status
  show n2 vm list
}

vm_says() { at "$1" vm show "$2" -o json 2>/dev/null | grep -qF "$3"; }

has_leader() { local leader; leader=$(leader_at "$1"); [[ -n $leader && $leader != null ]]; }

all_monitored() { of_vms "$1" monitor | awk '$2 == "null" { without++ } END { exit !(NR > 0 && without == 0) }'; }

stop_a_vm() {
  heading "web2 is stopped on n2, and seen through n1"
  begin_events n1
  say '$ systemctl stop microvm@web2     # on n2'
  SINCE=$(now)
  hosts/hosts exec n2 systemctl stop microvm@web2
  claim_within 2 "the event arrives at n1" events_tell '"name":"web2".*stopped'
  claim_within 2 "n1 answers that web2 is stopped" vm_is n1 web2 state stopped
  claim_within 2 "n3 answers the same" vm_is n3 web2 state stopped
  unset SINCE
  end_events
  hosts/hosts exec n2 systemctl start microvm@web2
  claim_within 5 "started again, it runs" vm_is n1 web2 state running
}

# The events of a node, as they come, in a file.
EVENTS=
begin_events() {
  : >"$LOGS/events"
  at "$1" events --raw >"$LOGS/events" 2>&1 &
  EVENTS=$!
  claim_within 10 "the events of $1 stream" grep -q '"type":"ready"' "$LOGS/events"
}

events_tell() { grep -q "$1" "$LOGS/events"; }

end_events() {
  [[ -n $EVENTS ]] || return 0
  kill "$EVENTS" 2>/dev/null || true
  wait "$EVENTS" 2>/dev/null || true
  EVENTS=
}

lose_a_host() {
  local other vms
  LOST=$(leader_at n1) || die "n1 knows no leader."
  for other in "${NODES[@]}"; do [[ $other == "$LOST" ]] || WITNESS=$other; done
  heading "The host of the leader, $LOST, loses power"
  SINCE=$(now)
  hosts/hosts kill "$LOST"
  claim_within 10 "another node leads" led_by_another "$WITNESS" "$LOST"
  say "  the leader is $(leader_at "$WITNESS") now"
  claim_within 15 "$LOST is marked lost" member_is "$WITNESS" "$LOST" lost
  read -r -a vms < <(names_of "$LOST" | xargs)
  claim_within 15 "what ran there is unknown: ${vms[*]}" vms_are "$WITNESS" state unknown "${vms[@]}"
  claim_within 15 "and marked as stale" vms_are "$WITNESS" stale true "${vms[@]}"
  claim_within 15 "no VM is monitored by $LOST any more, each has a monitor" reassigned "$WITNESS" "$LOST"
  unset SINCE
  show "$WITNESS" cluster status
  show "$WITNESS" vm list
}

led_by_another() {
  local leader
  leader=$(leader_at "$1")
  [[ -n $leader && $leader != null && $leader != "$2" ]]
}

# reassigned NODE LOST: every VM has a monitor, and none is LOST.
reassigned() {
  of_vms "$1" monitor | awk -v lost="$2" '$2 == "null" || $2 == lost { wrong++ } END { exit !(NR > 0 && wrong == 0) }'
}

bring_it_back() {
  local vms
  heading "$LOST is switched on again, with the disk it had"
  SINCE=$(now)
  # Without --bootstrap: it must find the identity and the log it had.
  boot "$LOST" || die "$LOST does not boot."
  claim_within 30 "$LOST is active again" member_is "$WITNESS" "$LOST" active
  read -r -a vms < <(names_of "$LOST" | xargs)
  claim_within 30 "its VMs are seen again: ${vms[*]}" vms_are "$WITNESS" stale false "${vms[@]}"
  claim_within 30 "$LOST itself answers, linearizably" vm_is "$LOST" web1 node n1
  claim_within 30 "it monitors VMs again" monitors "$WITNESS" "$LOST"
  unset SINCE
  show "$LOST" cluster status
}

monitors() { of_vms "$1" monitor | grep -q " $2\$"; }

show_metrics() {
  local promtool page node
  heading "Metrics"
  if ! command -v curl >/dev/null; then
    say "curl is not installed: not shown"
    return
  fi
  promtool=$(scripts/promtool) || promtool=
  for node in "${NODES[@]}"; do
    page=$LOGS/$node.metrics
    claim "$node serves /metrics" curl -fsS -o "$page" "http://127.0.0.1:$(door_of "$node")/metrics"
    if [[ -n $promtool ]]; then claim "promtool has nothing against it" check_metrics "$promtool" "$page"; fi
  done
  say '$ curl http://127.0.0.1:17481/metrics | grep -E "^blixard_(raft_(term|commit_index)|vm_cpu|vm_health)"'
  grep -E '^blixard_(raft_(term|commit_index)|vm_cpu|vm_health)' "$LOGS/n1.metrics" || true
}

check_metrics() { "$1" check metrics <"$2" >"$2.promtool" 2>&1 && [[ ! -s $2.promtool ]]; }
