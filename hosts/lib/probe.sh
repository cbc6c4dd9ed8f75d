# Can this machine run hosts? Everything is tried, not guessed from versions; what is missing is named with the command
# that mends it on this distribution.
# shellcheck shell=bash

# Programs, and the package that brings each: apt | dnf | pacman | nixpkgs. cc makes the fence program.
TOOLS='
systemctl                systemd     systemd     systemd     systemd
systemd-socket-activate  systemd     systemd     systemd     systemd
journalctl               systemd     systemd     systemd     systemd
dbus-daemon              dbus        dbus-daemon dbus        dbus
ip                       iproute2    iproute     iproute2    iproute2
nft                      nftables    nftables    nftables    nftables
unshare                  util-linux  util-linux  util-linux  util-linux
nsenter                  util-linux  util-linux  util-linux  util-linux
findmnt                  util-linux  util-linux  util-linux  util-linux
setsid                   util-linux  util-linux  util-linux  util-linux
awk                      gawk        gawk        gawk        gawk
cc                       gcc         gcc         gcc         gcc
'

distribution() {
  local like=
  # shellcheck source=/dev/null
  [[ ! -r /etc/os-release ]] || like=$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")
  case " $like " in
    *" nixos "*) echo nixos ;;
    *" debian "* | *" ubuntu "*) echo apt ;;
    *" fedora "* | *" rhel "*) echo dnf ;;
    *" arch "*) echo pacman ;;
    *) echo unknown ;;
  esac
}

# install_command PACKAGE...: the one line that installs them here.
install_command() {
  case $(distribution) in
    apt) echo "apt-get install -y --no-install-recommends $*" ;;
    dnf) echo "dnf install -y $*" ;;
    pacman) echo "pacman -S --needed --noconfirm $*" ;;
    nixos) echo "nix-shell -p $* --run '${BLIXARD_COMMAND:-make test}'" ;;
    *) echo "(install with your package manager: $*)" ;;
  esac
}

# dbus-daemon may be replaced by dbus-broker, whose launcher is not on PATH.
has_tool() {
  command -v "$1" >/dev/null && return
  [[ $1 == dbus-daemon ]] && find_bus_unit >/dev/null
}

missing_packages() {
  local column tool packages
  case $(distribution) in
    dnf) column=1 ;;
    pacman) column=2 ;;
    nixos) column=3 ;;
    *) column=0 ;;
  esac
  while read -r tool packages; do
    [[ -n $tool ]] || continue
    has_tool "$tool" || { read -r -a packages <<<"$packages" && printf '%s\n' "${packages[column]}"; }
  done <<<"$TOOLS" | sort -u
}

probe_all() {
  local packages wrong=0
  mapfile -t packages < <(missing_packages)
  if ((${#packages[@]} > 0)); then
    say_missing "packages: ${packages[*]}" "$(install_command "${packages[@]}")"
    wrong=1
  fi
  local probe
  for probe in probe_systemd probe_units probe_cgroup probe_overlay probe_network probe_selinux; do
    $probe || wrong=1
  done
  ((wrong == 0)) || return 1
  echo "hosts: this machine can run hosts ($(distribution), cgroup v2 at $(cgroup_mount))"
}

say_missing() { printf 'hosts: missing: %s\n       mend it with: %s\n' "$1" "$2" >&2; }

probe_systemd() {
  systemd_program >/dev/null && proxy_program >/dev/null && return
  say_missing "systemd, with systemd-socket-proxyd" "$(install_command systemd)"
  return 1
}

probe_units() {
  local units
  mapfile -t units < <(missing_units)
  ((${#units[@]} == 0)) && return
  say_missing "units ${units[*]} (looked in ${UNIT_SOURCES[*]})" "$(install_command systemd dbus)"
  return 1
}

probe_cgroup() {
  local root
  root=$(cgroup_mount)
  if [[ -z $root ]]; then
    say_missing "a mounted cgroup2 file system" "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"
    return 1
  fi
  if [[ ! -w $root/cgroup.procs || ! -e /proc/self/ns/cgroup ]]; then
    say_missing "a cgroup2 file system that may be written ($root)" "mount -o remount,rw $root   # in a container: start it with --privileged --cgroupns=private"
    return 1
  fi
}

probe_overlay() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount --propagation private -- sh -c '
    mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/m &&
    mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/m' 2>/dev/null && return
  say_missing "overlay mounts over /" "modprobe overlay   # in a container: start it with --privileged"
  return 1
}

probe_network() {
  command -v nft >/dev/null && command -v ip >/dev/null || return 0 # named as packages already
  if ! unshare --net -- true 2>/dev/null; then
    say_missing "network namespaces" "a kernel with CONFIG_NET_NS; in a container: start it with --privileged"
    return 1
  fi
  if ! unshare --net -- sh -c 'ip link add b0 type bridge && ip link add p0 type veth peer name p1 && ip link set p0 master b0' 2>/dev/null; then
    say_missing "bridges and veth pairs" "modprobe bridge veth"
    return 1
  fi
  if ! unshare --net -- nft 'add table bridge t; add chain bridge t c { type filter hook forward priority 0; }; add rule bridge t c iifname "p0" oifname "p1" drop' 2>/dev/null; then
    say_missing "nftables for bridges" "modprobe nf_tables nft_meta_bridge   # the kernel needs CONFIG_NF_TABLES_BRIDGE"
    return 1
  fi
}

probe_selinux() {
  [[ ! -r /sys/fs/selinux/enforce || $(cat /sys/fs/selinux/enforce) != 1 ]] && return
  say_missing "permission: SELinux is enforcing, and its policy keeps a second systemd from booting" "setenforce 0   # and 'setenforce 1' afterwards"
  return 1
}
