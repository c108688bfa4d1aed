#!/bin/bash
# Runs on the ground (the lab): steps of drills on real ZFS, called by drill.lab.test.ts with one step a call.
#   on-zfs.sh NAME setup              a pool NAME with the dataset "NAME/my data", full of awkward entries, and its snapshot @a
#   on-zfs.sh NAME receive POOL HOW…  sends each stream (HOW: see stream below) into a pipe of its own and runs the image's `receive`
#   on-zfs.sh NAME stopped POOL       the same with half a stream, and SIGTERM to `receive` while it waits for the rest
#   on-zfs.sh NAME restore SET HOW…   the same with the image's `restore`, into the new dataset "NAME/SET"
#   on-zfs.sh NAME restore-refused SET  the same without any stream: it is to be refused before it waits for one
#   on-zfs.sh NAME restore-stopped SET  the same with a whole stream, and SIGTERM while it waits for a second one
#   on-zfs.sh NAME verify-restored SET SNAP N  runs `verify` on what stream N became in "NAME/SET" and the source's @SNAP
#   on-zfs.sh NAME properties SET     the new dataset's mark, canmount, mounted, readonly and acltype; nothing where there is none
#   on-zfs.sh NAME occupy SET         a dataset "NAME/SET" with a file in it
#   on-zfs.sh NAME verify POOL SNAP [N]  runs `verify` on the restored snapshot (of stream N, else the first) and the source's @SNAP
#   on-zfs.sh NAME volume             a volume "NAME/my vm" with data, zeros and holes, and its snapshots @v1 and @v2; prints the SHA-256 of its device
#   on-zfs.sh NAME verify-volume POOL SNAP N  runs `verify-volume` on what stream N restored and the volume's @SNAP
#   on-zfs.sh NAME change SNAP SCRIPT runs a script in the dataset and makes the snapshot @SNAP
#   on-zfs.sh NAME make POOL [MARK]   a pool POOL on a file in the scratch folder, marked or not
#   on-zfs.sh NAME reap POOLS         runs `reap` with that JSON for its pools
#   on-zfs.sh NAME guid SNAP          the snapshot's GUID
#   on-zfs.sh NAME pools              the names of the imported pools and of the files in the scratch folder
#   on-zfs.sh NAME teardown
# The containers are confined as images/CONTRACT.md section 5 says. stdout is the image's; its exit status is this program's.
set -euo pipefail
name=$1 step=$2
shift 2
drill=${HAVEN_DRILL_IMAGE:-haven/drill}
here=$(cd "$(dirname "$0")/../.." && pwd)
scratch=/var/lib/haven/$name
dataset="$name/my data"
# shellcheck disable=SC2054  # commas belong to mount options
confined=(--network none --read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 200 --memory 1g --tmpfs /tmp:size=64m,mode=1777)
privileged=("${confined[@]}" --user 0 --cap-add SYS_ADMIN --security-opt apparmor=unconfined --device /dev/zfs -v "$scratch/drill:$scratch/drill")

request() { # VERB, its own fields
  printf '{"contract":"1.0","run":"lab-1","verb":"%s",%s}' "$1" "$2" >"$scratch/request.json"
}

snapshot_volume() { # VOLUME, SNAPSHOT
  docker volume create --driver local --opt type=zfs --opt "device=$2" --opt o=ro "$1" >/dev/null
}

setup() {
  mkdir -p "$scratch/drill" "$scratch/out"
  truncate -s 512M "$scratch/pool.img"
  zpool create -o cachefile=none -R "$scratch/alt" -O acltype=posixacl "$name" "$scratch/pool.img"
  zfs create "$dataset"
  docker run --rm --user 0 --entrypoint python3 -e PYTHONPATH=/opt/haven:/drill -v "$scratch/alt/$dataset:/tree" \
    -v "$here/images/drill:/drill:ro" "$drill" -c 'from tests.test_compare import make_tree; make_tree(b"/tree")'
  zfs snapshot "$dataset@a"
  docker volume create --driver local --opt type=tmpfs --opt device=tmpfs --opt o=uid=1000,gid=1000,mode=755,size=1m "$name-pipe" >/dev/null
}

stream() { # HOW
  case $1 in
    whole) zfs send "$dataset@a" ;;
    v1) zfs send "$name/my vm@v1" ;;
    v1-v2) zfs send -i @v1 "$name/my vm@v2" ;;
    *-*) zfs send -i "@${1%-*}" "$dataset@${1#*-}" ;;
    cut) zfs send "$dataset@a" | head -c 2000000 || : ;;
    flipped) zfs send "$dataset@a" | python3 -c 'import sys; d = bytearray(sys.stdin.buffer.read()); d[len(d) // 2] ^= 1; sys.stdout.buffer.write(d)' ;;
    trailing) zfs send "$dataset@a" && head -c 3000000 /dev/urandom ;;
    nothing) : ;;
    half) zfs send "$dataset@a" | head -c 2000000 || :; sleep 5; while docker container inspect "$name-receive" >/dev/null 2>&1; do sleep 1; done ;;
  esac
}

feed() { # HOW…: each stream into its pipe, as `fetch` would; ends when told to by docker
  local n=0 how
  for how; do
    stream "$how" | docker run --rm -i --name "$name-feed" --user 1000:1000 --network none -v "$name-pipe:/haven/pipe" -e "PIPE=/haven/pipe/stream-00$n" --entrypoint sh "$drill" \
      -c 'rm -f "$PIPE"; mkfifo "$PIPE"; chmod 644 "$PIPE"; cat > "$PIPE"' >&2 || :
    n=$((n + 1))
  done
}

receive() { # POOL, HOW…
  local pool=$1
  shift
  request receive "\"scratch\":\"$scratch/drill\",\"pool\":\"$pool\",\"sizeBytes\":${SIZE:-268435456},\"type\":\"${TYPE:-filesystem}\",\"streams\":$#"
  with_streams receive "$@"
}

with_streams() { # VERB, HOW…
  local verb=$1
  shift
  docker run --rm --user 0 --network none -v "$name-pipe:/haven/pipe" --entrypoint sh "$drill" -c 'rm -f /haven/pipe/*'
  feed "$@" &
  local feeder=$! code=0
  docker run --rm --name "$name-receive" "${privileged[@]}" -v "$name-pipe:/haven/pipe" -v "$scratch/request.json:/haven/request.json:ro" "$drill" "$verb" || code=$?
  kill "$feeder" 2>/dev/null || : # it has mostly ended by itself
  docker rm -f "$name-feed" >/dev/null 2>&1 || :
  return $code
}

ask_to_restore() { # SET, NUMBER OF STREAMS
  request restore "\"dataset\":\"$name/$1\",\"type\":\"filesystem\",\"streams\":$2"
}

restore() { # SET, HOW…
  ask_to_restore "$1" $(($# - 1))
  shift
  with_streams restore "$@"
}

restore-refused() { # SET
  ask_to_restore "$1" 1
  docker run --rm "${privileged[@]}" -v "$name-pipe:/haven/pipe" -v "$scratch/request.json:/haven/request.json:ro" "$drill" restore
}

restore-stopped() { # SET
  (
    while ! zfs list "$name/$1@haven-restored-000" >/dev/null 2>&1; do sleep 0.5; done
    docker stop --time 30 "$name-receive" >/dev/null
  ) &
  restore "$1" whole half
}

properties() { # SET; nothing when there is no such dataset
  zfs get -H -p -o value haven:restore,canmount,mounted,readonly,acltype "$name/$1" 2>/dev/null || :
}

occupy() { # SET
  zfs create "$name/$1"
  echo precious >"$scratch/alt/$name/$1/file"
}

verify-restored() { # SET, SNAP, N
  compare "$name/$1@haven-restored-00$3" "$2"
}

receive-volume() { # POOL, HOW…
  TYPE=volume receive "$@"
}

stopped() { # POOL
  (
    while ! zfs list "$1/restored" >/dev/null 2>&1; do sleep 0.5; done
    docker stop --time 30 "$name-receive" >/dev/null
  ) &
  receive "$1" half
}

volume() {
  zfs create -s -V 12M -o volblocksize=16k "$name/my vm"
  # The only volume in the lab. There is no udev there to link it.
  local device
  until device=$(find /dev -maxdepth 1 -name 'zd*' | head -n 1) && [ -n "$device" ]; do sleep 0.5; done
  dd if=/dev/urandom of="$device" bs=1M count=2 seek=3 conv=notrunc status=none
  printf end | dd of="$device" bs=1 seek=$((12 * 1048576 - 3)) conv=notrunc status=none
  zfs snapshot "$name/my vm@v1"
  dd if=/dev/urandom of="$device" bs=16k count=3 conv=notrunc status=none
  dd if=/dev/zero of="$device" bs=16k count=5 seek=200 conv=notrunc,fsync status=none
  zfs snapshot "$name/my vm@v2"
  zfs allow -u 1000 send "$name/my vm"
  sha256sum < "$device" | cut -d ' ' -f 1
}

verify-volume() { # POOL, SNAP, N
  request verify-volume "\"pool\":\"$1\",\"restored\":\"drill-00$3\",\"source\":{\"dataset\":\"$name/my vm\",\"snapshot\":\"$2\",\"guid\":\"$(zfs get -H -p -o value guid "$name/my vm@$2")\"}"
  docker run --rm "${confined[@]}" --user 1000:1000 --device /dev/zfs -v "$scratch/request.json:/haven/request.json:ro" "$drill" verify-volume
}

change() { # SNAP, SCRIPT
  (cd "$scratch/alt/$dataset" && eval "$2")
  zfs snapshot "$dataset@$1"
}

make() { # POOL [MARK]
  truncate -s 128M "$scratch/drill/$1.img"
  zpool create -o cachefile=none -m none ${2:+-O "haven:throwaway=$2"} "$1" "$scratch/drill/$1.img"
}

guid() { # SNAP
  zfs get -H -p -o value guid "$dataset@$1"
}

pools() {
  zpool list -H -o name | sed 's/^/pool /'
  find "$scratch/drill" -type f -printf 'file %f\n'
}

verify() { # POOL, SNAP, [N]
  compare "$1/restored@drill-00${3:-0}" "$2"
}

compare() { # RESTORED, SNAP
  request verify '"compare":"filesystem"'
  snapshot_volume "$name-source" "$dataset@$2"
  snapshot_volume "$name-restored" "$1"
  local code=0
  docker run --rm "${confined[@]}" --user 0 --cap-add DAC_READ_SEARCH -v "$name-source:/haven/source:ro" -v "$name-restored:/haven/restored:ro" \
    -v "$scratch/out:/haven/out" -v "$scratch/request.json:/haven/request.json:ro" "$drill" verify || code=$?
  docker volume rm "$name-source" "$name-restored" >/dev/null
  cat "$scratch/out/comparison.json" >&2
  return $code
}

reap() { # POOLS
  request reap "\"scratch\":\"$scratch/drill\",\"pools\":$1"
  docker run --rm "${privileged[@]}" -v "$scratch/request.json:/haven/request.json:ro" "$drill" reap
}

teardown() {
  docker rm -f "$name-feed" "$name-receive" >/dev/null 2>&1 || :
  docker volume rm -f "$name-pipe" "$name-source" "$name-restored" >/dev/null
  for pool in $(zpool list -H -o name | grep -E "^($name|haven-drill-.*)$"); do zpool destroy -f "$pool"; done
  rm -rf --one-file-system "$scratch"
}

[ -f /etc/haven-lab ] || { echo "on-zfs.sh runs only in the lab" >&2; exit 3; }
"$step" "$@"
