#!/usr/bin/env bash
# Writes nix/deps.json, the NuGet packages of blixard-node and blixard with their hashes, as buildDotnetModule wants it.
# Run it on any machine with the SDK after a package or its version has changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A restore reads nothing but the project files, and leaves its notes beside them: so it gets copies.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp --parents src/*/*.csproj Directory.*.props global.json "$work"
for project in src/Blixard.Node src/Blixard.Cli; do
  (cd "$work" && dotnet restore "$project" --packages "$work/packages" -v quiet)
done

{
  echo "["
  first=yes
  while read -r file; do
    version=$(basename "$(dirname "$file")")
    id=$(sed -n 's|.*<id>\(.*\)</id>.*|\1|p' "$(dirname "$file")"/*.nuspec | head -n 1)
    hash=$(openssl dgst -sha256 -binary "$file" | base64)
    [[ $first == yes ]] || echo ","
    first=no
    printf '  { "pname": "%s", "version": "%s", "hash": "sha256-%s" }' "$id" "$version" "$hash"
  done < <(find "$work/packages" -name '*.nupkg' | sort)
  echo
  echo "]"
} >nix/deps.json
echo "nix/deps.json: $(grep -c pname nix/deps.json) packages"
