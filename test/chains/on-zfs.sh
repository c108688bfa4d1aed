#!/bin/bash
# Runs on the ground (the lab): what by-hand.ts needs around the command line of an owner.
#   on-zfs.sh setup          a pool with three datasets and a volume, an emulated Drive, the secrets, and the controller without a configuration;
#                            prints the Drive's CA
#   on-zfs.sh configure      takes haven.yaml from stdin
#   on-zfs.sh change         rewrites one file of "my data"
#   on-zfs.sh secretive      an encrypted dataset and a plain one beside it
#   on-zfs.sh guids          "NAME GUID" of every snapshot and bookmark of "my data"
#   on-zfs.sh rename GUID    gives the snapshot of that GUID another name
#   on-zfs.sh destroy GUID   releases and destroys it
#   on-zfs.sh lose-state     removes strategy B's state volume
#   on-zfs.sh stored         what is in the Drive, from its admin surface
#   on-zfs.sh restore ID     restores it by the kit's program in a bare Debian; prints what ZFS says of its encryption
#   on-zfs.sh later DAYS     sets the clock of this machine on (or back, when negative)
#   on-zfs.sh teardown
set -euo pipefail
export HAVEN_PROJECT=haven-chains HAVEN_HOME=/var/lib/haven-chains/home HAVEN_MONITOR_PORT=9788
folder=/var/lib/haven-chains
pool=haven-chains
dataset="$pool/my data"
compose() { docker compose --progress quiet --profile demo "$@"; }

drive() { # PATH
  curl -fsS "http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' haven-chains-drive-1):8080/_emulator/$1"
}

setup() {
  teardown
  mkdir -p "$HAVEN_HOME/secrets/b" "$HAVEN_HOME/scratch"
  chmod 700 "$HAVEN_HOME/secrets"
  truncate -s 1G "$folder/pool.img"
  zpool create -o cachefile=none -O mountpoint="$folder/pool" -O compression=lz4 "$pool" "$folder/pool.img"
  for name in 'my data' tree tree/kept 'tree/no backup'; do
    zfs create "$pool/$name"
    head -c 300000 /dev/urandom >"$folder/pool/$name/one"
    head -c 300000 /dev/urandom >"$folder/pool/$name/two"
  done
  zfs create -s -V 4M -o volblocksize=16k "$pool/vm"
  # No udev in the lab links it.
  local device
  until device=$(find /dev -maxdepth 1 -name 'zd*' | head -n 1) && [ -n "$device" ]; do sleep 0.5; done
  dd if=/dev/urandom of="$device" bs=64k count=8 seek=3 conv=notrunc,fsync status=none
  # As `haven doctor --fix` does, which has a test of its own; below the pool, so that what comes later has it too.
  zfs allow -u 1000 send,hold,release,bookmark "$pool"
  compose up --detach --no-build --no-deps drive
  until drive health >/dev/null 2>&1; do sleep 0.5; done
  (
    umask 077
    head -c 32 /dev/urandom | base64 >"$HAVEN_HOME/secrets/b/passphrase"
    echo '{"client_id":"demo-client","client_secret":"demo-secret","refresh_token":"demo-refresh-token"}' >"$HAVEN_HOME/secrets/b/google-oauth.json"
  )
  drive ca.pem
}

configure() {
  cat >"$HAVEN_HOME/haven.yaml"
  compose up --detach --no-build --no-deps controller
}

change() { head -c 300000 /dev/urandom >"$folder/pool/my data/one"; }

secretive() {
  head -c 32 /dev/urandom >"$folder/key"
  zfs create -o encryption=on -o keyformat=raw -o keylocation="file://$folder/key" "$pool/safe"
  zfs create "$pool/open"
  head -c 300000 /dev/urandom | tee "$folder/pool/safe/one" >"$folder/pool/open/one"
}

guids() { zfs list -H -p -o name,guid -t snapshot,bookmark -r "$dataset"; }

named() { guids | awk -F '\t' -v guid="$1" '$2 == guid && $1 ~ /@/ { print $1 }'; }

rename() { zfs rename "$(named "$1")" "$dataset@renamed"; }

destroy() {
  local snapshot
  snapshot=$(named "$1")
  zfs holds -H "$snapshot" | cut -f 2 | xargs -r -I TAG zfs release TAG "$snapshot"
  zfs destroy "$snapshot"
}

lose-state() { docker volume rm haven-chains-b-state >/dev/null; }

stored() { drive files; }

restore() { # ID
  docker run --rm --network haven-chains_stores --device /dev/zfs --cap-add SYS_ADMIN --security-opt apparmor=unconfined \
    -v "$HAVEN_HOME/kit/b:/kit:ro" haven/stranger sh /kit/restore-b.sh restore "$1" "$pool/restored" >&2
  zfs get -H -o property,value encryption,keystatus "$pool/restored"
}

later() { date --set "$1 days" >/dev/null; }

teardown() {
  compose down --volumes --timeout 30
  docker ps -aq --filter "label=haven.home=$HAVEN_HOME" | xargs -r docker rm -f >/dev/null
  docker volume ls -q --filter "label=haven.home=$HAVEN_HOME" | xargs -r docker volume rm -f >/dev/null
  docker volume rm -f haven-chains-b-state >/dev/null
  local left
  for left in $(zpool list -H -o name | grep '^haven-drill-' || :); do
    if zpool status -P "$left" | grep -qF "$HAVEN_HOME/scratch/$left.img"; then zpool destroy -f "$left"; fi
  done
  ! zpool list -H "$pool" >/dev/null 2>&1 || zpool destroy -f "$pool"
  rm -rf --one-file-system "$folder"
}

[ -f /etc/haven-lab ] || { echo "on-zfs.sh runs only in the lab: it makes and destroys a pool named $pool, and sets the clock" >&2; exit 3; }
cd "$(dirname "$0")/../.."
step=$1
shift
"$step" "$@"
