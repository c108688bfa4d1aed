# shellcheck shell=bash disable=SC2034  # sourced: these are read elsewhere
# Where the lab keeps its things. All of it lies outside the clone and can be deleted whenever no lab runs.
lab_source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$lab_source/../.." && pwd)
cache=${HAVEN_CACHE:-/var/cache/haven}/lab
lab_name=${HAVEN_LAB_NAME:-haven-lab}   # also the container's name; another name is another lab beside the first
run=$cache/run/$lab_name

# Given files, print a short hash of their names and contents: the name under which what they make is cached.
hash_of() { (cd "$lab_source" && sha256sum -- "$@") | sha256sum | cut -c1-12; }
qemu_image=haven/lab-qemu:$(hash_of build/qemu.Dockerfile)
base=$cache/base-$(hash_of build/base guest/packages guest/strip)
system=$cache/system-$(hash_of build/base guest/packages guest/strip build/system guest/configure guest/lab-init)

say() { printf 'lab: %s\n' "$*" >&2; }
lab_runs() { [ "$(docker container inspect -f '{{.State.Running}}' "$lab_name" 2>/dev/null)" = true ]; }
# Given cached things, delete those that no lab was booted with.
forget_unused() {
  local old
  for old in "$@"; do grep -qsF "$old" "$cache"/run/*/made-of || rm -rf --one-file-system "$old"; done
}
