# Settings, messages and the small tools that the other parts share.
# shellcheck shell=bash

# A user's PATH may lack the directories of ip and nft, which must not look as if they were missing.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

INSTANCE=${BLIXARD_HOSTS_INSTANCE:-blx}
STATE=${BLIXARD_HOSTS_STATE:-/run/blixard-hosts/$INSTANCE}
DATA=${BLIXARD_HOSTS_DATA:-/var/tmp/blixard-hosts/$INSTANCE}
NET=${BLIXARD_HOSTS_NET:-10.88.0}
PUBLISH=${BLIXARD_HOSTS_PUBLISH:-$(dirname "$HOSTS_DIR")/artifacts/publish}
FABRIC=$STATE/fabric/netns

# What every process inside finds its programs with; the last entry is where NixOS keeps them.
INSIDE_PATH=/opt/blixard/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin

fail() {
  printf 'hosts: %s\n' "$*" >&2
  exit 1
}

# Namespaces and mounts need root. A caller who may sudo without a password gets on; anybody else is told.
become_root() {
  ((EUID != 0)) || return 0
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    local name keep=()
    for name in "${!BLIXARD_HOSTS_@}" BLIXARD_GUEST_ASSETS; do
      [[ -z ${!name:-} ]] || keep+=("$name=${!name}")
    done
    # The .NET root is found through the caller's PATH, which sudo replaces.
    exec sudo -n env "${keep[@]}" BLIXARD_HOSTS_DOTNET="$(dotnet_root)" "$HOSTS_DIR/hosts" "$@"
  fi
  fail "needs root: sudo $HOSTS_DIR/hosts $*"
}

# The directory with dotnet and its shared frameworks, or nothing where no runtime is installed.
dotnet_root() {
  if [[ -n ${BLIXARD_HOSTS_DOTNET:-} ]]; then
    printf '%s\n' "$BLIXARD_HOSTS_DOTNET"
  elif command -v dotnet >/dev/null; then
    # "Microsoft.AspNetCore.App 10.0.12 [/usr/share/dotnet/shared/Microsoft.AspNetCore.App]"; not the folder of the
    # program, which may be a link or a wrapper.
    dotnet --list-runtimes | sed -n 's|^Microsoft\.AspNetCore\.App 10\..*\[\(.*\)/shared/Microsoft\.AspNetCore\.App\]$|\1|p' | tail -n 1
  fi
}

# Names become directory, cgroup, interface and host names. Linux cuts interface names at 15 bytes, ours are "v-NAME".
check_host_name() {
  [[ ${1:-} =~ ^[a-z][a-z0-9-]{0,11}$ ]] || fail "'${1:-}' is not a host name: a letter, then up to 11 of a-z, 0-9 and -"
}

check_vm_name() {
  [[ ${1:-} =~ ^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$ && $1 != *..* ]] || fail "'${1:-}' is not a microVM name"
}

host_dir() { printf '%s/hosts/%s\n' "$STATE" "$1"; }

# A process id alone may have been given to another process since; with its start time (proc(5), field 22) it is one.
process_identity() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  read -r -a fields <<<"$stat"
  [[ ${fields[0]} != Z ]] || return 1
  printf '%s %s\n' "$1" "${fields[19]}"
}

# Whether the process recorded in this file still runs.
recorded_runs() {
  local recorded
  recorded=$(cat "$1" 2>/dev/null) || return 1
  [[ $(process_identity "${recorded%% *}") == "$recorded" ]]
}

recorded_pid() {
  local recorded
  recorded=$(cat "$1" 2>/dev/null) || return 1
  printf '%s\n' "${recorded%% *}"
}

is_up() { recorded_runs "$(host_dir "$1")/pid"; }

require_up() {
  check_host_name "${1:-}"
  is_up "$1" || fail "host $1 is not up"
}

# wait_until SECONDS CONDITION...: polls; false when the time is over.
wait_until() {
  local deadline=$((SECONDS + $1 + 1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.02
  done
}

is_mount_point() { mountpoint -q "$1" 2>/dev/null; }
