# The units that a host gets besides those of systemd: microVMs laid out as microvm.nix does it, and blixard-node.
# shellcheck shell=bash

VM_STATE=/var/lib/microvms

# lay_microvms HOST VM=BEHAVIOUR...
lay_microvms() {
  local host=$1 units vm behaviour
  units=$(host_dir "$host")/units
  shift
  cp -a "$HOSTS_DIR/units/system/." "$units/"
  want "$units" multi-user.target microvms.target
  for vm; do
    behaviour=${vm#*=}
    vm=${vm%%=*}
    lay_microvm "$host" "$units" "$vm" "$behaviour"
    # The instance is wanted under its own name, the file is the template: systemd.unit(5).
    mkdir -p "$units/microvms.target.wants"
    [[ $behaviour == candidate ]] || ln -sf ../microvm@.service "$units/microvms.target.wants/microvm@$vm.service"
  done
}

# The unit's drop-in, and the state directory by which a VM is known here while its unit is not loaded.
lay_microvm() {
  local host=$1 units=$2 vm=$3 behaviour=$4 state
  check_vm_name "$vm"
  state=$(cat "$(host_dir "$host")/data")/microvms/$vm
  mkdir -p "$state"
  case $behaviour in
    guest)
      [[ -x $state/current/bin/microvm-run ]] || "$HOSTS_DIR/guest/lay-guest" "$(dirname "$state")" "$vm" "$VM_STATE"
      return
      ;;
    candidate) behaviour=idle ;;
  esac
  # What makes a directory a VM's: microvm.nix links its runner there.
  mkdir -p "$(dirname "$state")/.runners/$vm"
  ln -sfn "../.runners/$vm" "$state/current"
  check_behaviour "$vm" "$behaviour"
  # `current` is what makes a directory that of a VM.
  mkdir -p "$state/runner/share/microvm" "$state/runner/bin"
  cp "$HOSTS_DIR/units/behaviour/$behaviour" "$state/runner/bin/microvm-run"
  printf '#!/bin/sh\n# The main process is told by SIGTERM.\n' >"$state/runner/bin/microvm-shutdown"
  chmod 755 "$state/runner/bin/microvm-run" "$state/runner/bin/microvm-shutdown"
  ln -sfn runner "$state/current"
  add_behaviour "$behaviour" "$units/microvm@$vm.service.d"
}

check_behaviour() {
  [[ $2 != *.conf && -f $HOSTS_DIR/units/behaviour/$2 ]] || fail "there is no behaviour '$2' for microVM $1"
}

# add_behaviour BEHAVIOUR DIRECTORY: what it needs of its unit, as a drop-in.
add_behaviour() {
  [[ -f $HOSTS_DIR/units/behaviour/$1.conf ]] || return 0
  mkdir -p "$2"
  cp "$HOSTS_DIR/units/behaviour/$1.conf" "$2/behaviour.conf"
}

# lay_fence HOST: the units of the fence and the drop-ins of the gate, as packaging installs them.
lay_fence() {
  local units own
  units=$(host_dir "$1")/units
  own=$(dirname "$HOSTS_DIR")/systemd
  [[ -x $PUBLISH/libexec/blixard-fence ]] || fail "--fence: $PUBLISH/libexec has no fence program (make build)"
  cp "$own"/blixard-{strict,canary}.slice "$own"/blixard-{fence@,canary,exec,anchor}.service \
    "$own/run-blixard-exec.mount" "$own/blixard.tmpfiles.conf" "$HOSTS_DIR/units/hosts-tmpfiles.service" "$units/"
  cp -r "$own/blixard-fence@canary.service.d" "$own/microvm@.service.d" "$own/microvm-virtiofsd@.service.d" "$units/"
  want "$units" sysinit.target hosts-tmpfiles.service
  want "$units" multi-user.target blixard-exec.service blixard-anchor.service
}

define_vm_in_running() {
  require_up "${1:-}"
  (($# == 3)) || fail "vm needs NAME VM BEHAVIOUR"
  lay_microvm "$1" "/proc/$(recorded_pid "$(host_dir "$1")/pid")/root/etc/systemd/system" "$2" "$3"
  run_inside "$1" systemctl daemon-reload
}

# lay_node HOST BOOTSTRAP START NAME=IP...: the product's own unit, and its configuration as environment.
lay_node() {
  local host=$1 bootstrap=$2 start=$3 units dir peer index=0
  shift 3
  dir=$(host_dir "$host")
  units=$dir/units
  cp "$(dirname "$HOSTS_DIR")/systemd/blixard-node.service" "$units/"
  mkdir -p "$units/blixard-node.service.d"
  cp "$HOSTS_DIR/units/blixard-node.conf" "$units/blixard-node.service.d/hosts.conf"
  [[ $start == no ]] || want "$units" multi-user.target blixard-node.service
  {
    echo "DOTNET_ROOT=/opt/dotnet"
    # Where NixOS has libsystemd.so.0; elsewhere the loader finds it.
    [[ ! -d /run/current-system/systemd/lib ]] || echo "LD_LIBRARY_PATH=/run/current-system/systemd/lib"
    echo "BLIXARD__NODE__NAME=$host"
    for peer; do
      echo "BLIXARD__CLUSTER__PEERS__$index=${peer%%=*}=${peer#*=}:7481"
      index=$((index + 1))
    done
    [[ $bootstrap == no ]] || echo "NODE_FLAGS=--bootstrap"
  } >"$dir/node.env"
}
