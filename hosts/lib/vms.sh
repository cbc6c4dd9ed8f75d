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
  [[ -f $HOSTS_DIR/units/behaviour/$behaviour.conf ]] || fail "there is no behaviour '$behaviour' for microVM $vm"
  # `current` is what makes a directory that of a VM.
  mkdir -p "$state/runner/share/microvm"
  ln -sfn runner "$state/current"
  mkdir -p "$units/microvm@$vm.service.d"
  cp "$HOSTS_DIR/units/behaviour/$behaviour.conf" "$units/microvm@$vm.service.d/behaviour.conf"
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
