# Printing, asking the cluster, and holding what is shown to what is so.
# shellcheck shell=bash

CHECKS=0 WRONG=0

heading() { printf '\n== %s\n' "$*"; }
say() { printf '%s\n' "$*"; }

# Milliseconds of a clock that nobody sets.
now() { local up; read -r up _ </proc/uptime; up=${up/./}; printf '%s0\n' "$up"; }

seconds_since() { local ms=$(($(now) - $1)); printf '%d.%02d s' $((ms / 1000)) $((ms % 1000 / 10)); }

blixard() { DOTNET_ROOT=$(hosts_dotnet) "$ROOT/artifacts/publish/bin/blixard" "$@"; }

# Distributions keep it in different places, and the program itself looks in only two of them.
hosts_dotnet() {
  [[ -n ${DOTNET_HERE:-} ]] || DOTNET_HERE=$(dotnet --list-runtimes |
    sed -n 's|^Microsoft\.NETCore\.App 10\..*\[\(.*\)/shared/.*|\1|p' | tail -n 1)
  printf '%s\n' "$DOTNET_HERE"
}

# at NODE COMMAND...: the CLI, asking that node through its door.
at() { blixard --endpoint "http://127.0.0.1:$(door_of "$1")" "${@:2}"; }

# show NODE COMMAND...: prints the command as a reader could type it, and its output.
show() {
  local endpoint
  endpoint=http://127.0.0.1:$(door_of "$1")
  printf '\n$ blixard --endpoint %s %s\n' "$endpoint" "${*:2}"
  at "$@" || claim "\`blixard ${*:2}\` answers at $1" false
}

# claim TEXT COMMAND...: it is so, now.
claim() {
  local text=$1
  shift
  CHECKS=$((CHECKS + 1))
  if "$@"; then
    say "  ok: $text"
  else
    WRONG=$((WRONG + 1))
    say "  NOT SO: $text"
  fi
}

# claim_within SECONDS TEXT COMMAND...: it becomes so, and the time it took is printed with it.
claim_within() {
  local limit=$1 text=$2 began took
  shift 2
  CHECKS=$((CHECKS + 1))
  began=${SINCE:-$(now)}
  while ! "$@"; do
    if (($(now) - began > limit * 1000)); then
      WRONG=$((WRONG + 1))
      say "  NOT SO within $limit s: $text"
      return
    fi
    sleep 0.02
  done
  took=$(seconds_since "$began")
  say "  ok after $took: $text"
}

# of_vms NODE FIELD: a line "NAME VALUE" for each VM, out of the CLI's list.
of_vms() {
  at "$1" vm list -o json 2>/dev/null | awk -v field="\"$2\":" '
    /^    "name":/ { name = $2 }
    $1 == field && /^    "/ { print name, $2 }' | tr -d '",'
}

# vms_are NODE FIELD VALUE VM...: all of them, by one answer.
vms_are() {
  local answer vm
  answer=$(of_vms "$1" "$2")
  for vm in "${@:4}"; do grep -qx "$vm $3" <<<"$answer" || return 1; done
}

# A field of the object itself, and not of one inside it, out of the CLI's indented JSON.
field() { sed -n "s/^  \"$1\": \"\\{0,1\\}\\([^\",]*\\)\"\\{0,1\\},\\{0,1\\}\$/\\1/p"; }

# vm_field NODE VM FIELD
vm_field() { at "$1" vm show "$2" -o json 2>/dev/null | field "$3"; }
vm_is() { [[ $(vm_field "$1" "$2" "$3") == "$4" ]]; }

leader_at() { at "$1" cluster status -o json 2>/dev/null | field leader; }

# member_status NODE MEMBER: active, lost, ... as that node tells.
member_status() {
  at "$1" cluster status -o json 2>/dev/null | awk -v member="\"$2\"," '
    /^      "name":/ { here = ($2 == member) }
    here && /^      "status":/ { gsub(/[",]/, "", $2); print $2; exit }'
}
member_is() { [[ $(member_status "$1" "$2") == "$3" ]]; }
