# Booting a host.
# shellcheck shell=bash

up() {
  local host=${1:-} ip=${2:-}
  check_host_name "$host"
  ! is_up "$host" || fail "host $host is up already"
  is_host_address "$ip" ||
    fail "'$ip' is not an address for a host: $NET.2 to $NET.254 (BLIXARD_HOSTS_NET)"
  local dir
  dir=$(host_dir "$host")
  # One that has reset itself left its link and its cgroup.
  if [[ -e $dir/maker ]]; then kill_everything "$host"; fi
  forget_boot "$host"
  mkdir -p "$dir/dbus" "$dir/units"
  printf '%s\n' "$ip" >"$dir/ip"
  take_options "$host" "${@:3}"

  # Where PID 1 is systemd, cgroups are its business: it hands out a subtree that is ours (systemd.io/CGROUP_DELEGATION).
  # The scope ends by itself with the last process of the host.
  if [[ -d /run/systemd/system && $(cat /proc/1/comm) == systemd ]]; then
    systemd-run --quiet --scope --collect --unit="blixard-hosts-$INSTANCE-$host-$$" \
      --description="Host $host of $INSTANCE" -p Delegate=yes -- \
      env BLIXARD_HOSTS_INSTANCE="$INSTANCE" BLIXARD_HOSTS_STATE="$STATE" BLIXARD_HOSTS_DATA="$DATA" \
      BLIXARD_HOSTS_NET="$NET" BLIXARD_HOSTS_OWNER="${BLIXARD_HOSTS_OWNER:-}" \
      BLIXARD_HOSTS_PUBLISH="$PUBLISH" BLIXARD_HOSTS_DOTNET="$(dotnet_root)" \
      "$HOSTS_DIR/hosts" __boot "$host" delegated
  else
    boot "$host" own
  fi
}

is_host_address() { [[ $1 =~ ^${NET//./\\.}\.([0-9]{1,3})$ ]] && ((BASH_REMATCH[1] > 1 && BASH_REMATCH[1] < 255)); }

# The options of `up`, kept as files in the folder of the host, where the process inside finds them.
take_options() {
  local host=$1 dir data=$DATA
  shift
  dir=$(host_dir "$host")
  local vms=() user_vms=() peers=() settings=() bootstrap=no node=no start=yes fence=no disk=
  while (($# > 0)); do
    case $1 in
      --data) data=$(realpath -m "${2:?--data needs a directory}") ;;
      --disk) disk=${2:?--disk needs a size in MiB} ;;
      --units)
        [[ -d ${2:-} ]] || fail "--units: '${2:-}' is not a directory"
        cp -aL "$2/." "$dir/units/"
        ;;
      --vm) vms+=("${2:?--vm needs VM=BEHAVIOUR}") ;;
      --candidate) vms+=("${2:?--candidate needs a VM}=candidate") ;;
      --user-vm) user_vms+=("${2:?--user-vm needs VM=BEHAVIOUR}") ;;
      --peer) peers+=("${2:?--peer needs NAME=IP}") ;;
      --env) settings+=("${2:?--env needs KEY=VALUE}") ;;
      --bootstrap | --node | --stopped | --fence)
        case $1 in
          --bootstrap) bootstrap=yes ;;
          --node) node=yes ;;
          --stopped) start=no ;;
          --fence) fence=yes ;;
        esac
        shift
        continue
        ;;
      *) fail "up: unknown option '$1'" ;;
    esac
    shift 2
  done
  mkdir -p "$data/$host"
  printf '%s\n' "$data/$host" >"$dir/data"
  [[ -z $disk ]] || lay_disk "$data/$host" "$disk"
  lay_microvms "$host" "${vms[@]}"
  lay_user_vms "$host" "${user_vms[@]}"
  [[ $fence == no ]] || lay_fence "$host"
  if [[ $node == yes ]] || ((${#peers[@]} > 0)); then
    lay_node "$host" "$bootstrap" "$start" "${peers[@]}"
    ((${#settings[@]} == 0)) || printf '%s\n' "${settings[@]}" >>"$dir/node.env"
  fi
}

# boot HOST own|delegated: runs in the scope of the host where there is one.
boot() {
  local host=$1 dir base cgroup maker
  dir=$(host_dir "$host")
  make_fabric
  plug_in "$host" "$(cat "$dir/ip")"
  base=$(cgroup_base "$2")
  cgroup=$base/$host
  mkdir -p "$cgroup" "$base/launch"
  printf '%s\n' "$cgroup" >"$dir/cgroup"
  # The caller's process leaves the base: only an empty cgroup can pass controllers on.
  [[ $2 == own ]] || echo "$BASHPID" >"$base/launch/cgroup.procs"
  pass_controllers "$base"

  (
    close_inherited
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    exec setsid nsenter --net="$dir/netns" -- \
      unshare --mount --propagation private --uts --ipc --cgroup --pid --fork --kill-child=SIGKILL -- \
      env BLIXARD_HOSTS_INSTANCE="$INSTANCE" BLIXARD_HOSTS_STATE="$STATE" BLIXARD_HOSTS_PUBLISH="$PUBLISH" \
      BLIXARD_HOSTS_DOTNET="$(dotnet_root)" "$HOSTS_DIR/hosts" __root "$host"
  ) </dev/null >"$dir/console" 2>&1 &
  maker=$!
  process_identity "$maker" >"$dir/maker"

  # shellcheck disable=SC2310
  if ! await_boot "$host" "$base" "$maker"; then
    cat "$dir/console" >&2
    kill_everything "$host"
    fail "host $host did not boot"
  fi
  echo "$host is up: $(cat "$dir/ip"), PID 1 is $(recorded_pid "$dir/pid")"
}

await_boot() {
  local host=$1 base=$2 maker=$3 dir
  dir=$(host_dir "$host")
  # The new namespaces are there once their maker has a child; only then may the maker leave the host's cgroup, or the
  # root of the cgroup namespace would be another.
  wait_until 10 made_namespaces "$maker" || return 1
  echo "$maker" >"$base/launch/cgroup.procs" || return 1
  : >"$dir/go"
  wait_until 10 becomes_systemd "$host" "$maker" || return 1
  wait_until 30 answers "$host"
}

# Before it becomes unshare, the process is a shell, which may have children too.
made_namespaces() { [[ $(cat "/proc/$1/comm" 2>/dev/null) == unshare && -n $(children_of "$1") ]]; }

children_of() {
  local children=
  read -r children <"/proc/$1/task/$1/children" || true # the one line there has no end
  printf '%s\n' "${children% }"
} 2>/dev/null

becomes_systemd() {
  local pid
  pid=$(children_of "$2")
  [[ -n $pid && $(cat "/proc/$pid/comm" 2>/dev/null) == systemd ]] || return 1
  process_identity "$pid" >"$(host_dir "$1")/pid"
}

# Up is: the basic system and the bus. Not "running": that would wait for blixard-node, and for VMs that fail.
answers() {
  [[ -S $(host_dir "$1")/dbus/system_bus_socket ]] || return 1
  run_inside "$1" systemctl is-active --quiet basic.target dbus.service 2>/dev/null
}

cgroup_base() {
  local root own
  root=$(cgroup_mount)
  if [[ $1 == delegated ]]; then
    own=$(sed -n 's/^0:://p' /proc/self/cgroup)
    printf '%s\n' "$root$own"
  else
    printf '%s\n' "$root/blixard-hosts-$INSTANCE"
  fi
}

# Wherever it is: /sys/fs/cgroup, or /sys/fs/cgroup/unified on a machine that still uses version 1 beside it.
cgroup_mount() { awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts; }

# What version 2 has here is passed on to the hosts; a controller that version 1 holds, or that this machine's own
# manager keeps for itself, is missing in them, and its files with it.
pass_controllers() {
  local base=$1 controller parent
  parent=$(dirname "$base")
  for controller in cpu memory io pids; do
    # Enabling one that is not there is an error of the write itself: cgroups(7).
    echo "+$controller" >"$parent/cgroup.subtree_control" || continue
    echo "+$controller" >"$base/cgroup.subtree_control" || continue
  done 2>/dev/null
}

# A file that the caller holds open, such as a lock or the jobserver of make, is not a host's to keep open.
close_inherited() {
  local descriptor
  for descriptor in "/proc/$BASHPID/fd/"*; do
    descriptor=${descriptor##*/}
    ((descriptor <= 2)) || eval "exec $descriptor>&-"
  done
}
