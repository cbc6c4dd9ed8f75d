# What the scripts of this folder share.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Unpacked tools, which are never installed. In the repository, and ignored by git, unless the user has a cache.
CACHE=${XDG_CACHE_HOME:+$XDG_CACHE_HOME/blixard}
CACHE=${CACHE:-$ROOT/.cache}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

require_sdk() {
  command -v dotnet >/dev/null || die "The .NET SDK 10 is missing: https://dotnet.microsoft.com/download/dotnet/10.0"
  # In the repository, so that global.json is asked; dotnet names the version it wants and those it has.
  (cd "$ROOT" && dotnet --version >/dev/null) || die "The .NET SDK found here does not fit global.json."
}

# publish_program PROJECT DIRECTORY: one that is built. Compiled ahead for this machine it starts twice as fast, and a
# busy daemon is not slowed by its compiler at first; that takes a compiler package from the registry.
publish_program() {
  local runtime
  runtime=$(dotnet --info | sed -n 's/^ *RID: *//p' | head -n 1)
  mkdir -p "$2"
  dotnet publish "$1" -c Release -r "$runtime" --nologo -v quiet -o "$2" >"$2.log" 2>&1 ||
    dotnet publish "$1" -c Release --no-build --nologo -v quiet -o "$2"
}

# Hosts are made by root: the caller is root, may become it without a password, or must ask somebody who may.
may_run_hosts() { ((EUID == 0)) || sudo -n true 2>/dev/null; }

# Installs what the hosts lack, saying what, if we are root; else says the one command that does.
install_packages() {
  local packages command
  mapfile -t packages < <("$ROOT/hosts/hosts" packages)
  ((${#packages[@]} > 0)) || return 0
  command=$("$ROOT/hosts/hosts" install-command "${packages[@]}")
  if ((EUID != 0)) || [[ $command != apt-get* && $command != dnf* && $command != pacman* ]]; then
    echo "Missing packages: ${packages[*]}. Install them with:"
    echo "  $( ((EUID == 0)) || [[ $command == nix-shell* ]] || echo "sudo ")$command"
    return 1
  fi
  echo "Installing ${packages[*]}: $command"
  [[ $command != apt-get* ]] || apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $command >/dev/null
}

# A trap runs only when the shell is not waiting for a foreground program: so everything long runs in the background,
# and whoever ends this script ends it too.
CHILD=
run() {
  "$@" &
  CHILD=$!
  local status=0
  wait "$CHILD" || status=$?
  CHILD=
  return "$status"
}

end_child() {
  [[ -n $CHILD ]] || return 0
  kill -TERM "$CHILD" 2>/dev/null || true
  wait "$CHILD" 2>/dev/null || true
}
