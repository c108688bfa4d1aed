#!/bin/bash
# Runs on the ground (the lab): a drill of strategy A on real ZFS, called by drill-a.lab.test.ts with one step a call.
#   on-zfs-a.sh NAME setup              a pool NAME with a dataset full of awkward entries, its snapshot @a, a Swift, and a backup of it: prints its id
#   on-zfs-a.sh NAME prepare POOL       runs the image's `prepare`
#   on-zfs-a.sh NAME prepare-small POOL the same, with a quota of 2 MiB
#   on-zfs-a.sh NAME fetch POOL BACKUP  runs `fetch` of strategy a, with POOL/restored as /haven/restored
#   on-zfs-a.sh NAME seal POOL          runs `seal`
#   on-zfs-a.sh NAME verify POOL        runs `verify` on POOL/restored@drill-000 and the source's @a
#   on-zfs-a.sh NAME change POOL SCRIPT runs a script in the restored tree (before `seal`)
#   on-zfs-a.sh NAME reap               runs `reap` for all pools
#   on-zfs-a.sh NAME teardown
# The containers are confined as images/CONTRACT.md section 5 says. stdout is the image's; its exit status is this program's.
set -euo pipefail
name=$1 step=$2
shift 2
here=$(cd "$(dirname "$0")/../.." && pwd)
scratch=/var/lib/haven/$name
dataset="$name/my data"
drill=${HAVEN_DRILL_IMAGE:-haven/drill}
stranger=${HAVEN_STRANGER_A_IMAGE:-haven/stranger-a}
backup=aaaaaaaaaaaaaaaa
passphrase=lab-passphrase
# shellcheck disable=SC2054  # commas belong to mount options
confined=(--read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 200 --memory 1g --tmpfs /tmp:size=64m,mode=1777)
privileged=("${confined[@]}" --network none --user 0 --cap-add SYS_ADMIN --security-opt apparmor=unconfined --device /dev/zfs -v "$scratch/drill:$scratch/drill")

request() { # VERB, its own fields
  printf '{"contract":"1.0","run":"lab-1","verb":"%s",%s}' "$1" "$2" >"$scratch/request.json"
}

zfs_volume() { # VOLUME, DEVICE, OPTIONS
  docker volume create --driver local --opt type=zfs --opt "device=$2" --opt "o=$3" "$1" >/dev/null
}

setup() {
  mkdir -p "$scratch/drill" "$scratch/out" "$scratch/kit" "$scratch/state" "$scratch/work"
  truncate -s 512M "$scratch/pool.img"
  zpool create -o cachefile=none -R "$scratch/alt" -O acltype=posixacl "$name" "$scratch/pool.img"
  zfs create "$dataset"
  docker run --rm --user 0 --entrypoint python3 -e PYTHONPATH=/opt/haven:/drill -v "$scratch/alt/$dataset:/tree" \
    -v "$here/images/drill:/drill:ro" "$drill" -c 'from tests.test_compare import make_tree; make_tree(b"/tree")'
  zfs snapshot "$dataset@a"
  docker network create "$name" >/dev/null
  docker run -d --no-healthcheck --name "$name-swift" --network "$name" --network-alias swift --read-only --tmpfs /tmp --cap-drop ALL "${HAVEN_SWIFT_IMAGE:-haven/swift}" >/dev/null
  zfs_volume "$name-source" "$dataset@a" ro
  docker run --rm --network "$name" -v "$here:/repository:ro" -v "$name-source:/haven/source/docs:ro" -v "$scratch/state:/haven/state" -e PYTHONDONTWRITEBYTECODE=1 \
    -e SWIFT_URL=http://swift:8080/auth/v1.0 -e SWIFT_KEY=havenpass -e TEST_PASSPHRASE=$passphrase --entrypoint python3 "$stranger" /repository/test/kit-a/write_backup.py full docs $backup >/dev/null
  docker volume rm "$name-source" >/dev/null
  cp "$here/controller/kit/restore-a.sh" "$here/controller/kit/attributes.py" "$scratch/kit"
  printf '%s\n' $passphrase >"$scratch/kit/passphrase"
  printf '{"user":"haven:backup","password":"havenpass"}' >"$scratch/kit/swift.json"
  printf '{"format":"haven-a/1","container":"haven","auth":{"version":1,"url":"http://swift:8080/auth/v1.0"}}' >"$scratch/kit/store.json"
  echo $backup
}

prepare() { # POOL
  request prepare "\"scratch\":\"$scratch/drill\",\"pool\":\"$1\",\"sizeBytes\":${SIZE:-268435456}"
  docker run --rm "${privileged[@]}" -v "$scratch/request.json:/haven/request.json:ro" "$drill" prepare
}

prepare-small() { # POOL
  prepare "$1"
  zfs set quota=2M "$1/restored"
}

fetch() { # POOL, BACKUP
  request fetch "\"strategy\":\"a\",\"backups\":[\"$2\"]"
  zfs_volume "$name-into" "$1/restored" rw
  local code=0 capabilities=()
  for capability in CHOWN DAC_OVERRIDE FOWNER FSETID MKNOD SETFCAP; do capabilities+=(--cap-add "$capability"); done
  docker run --rm "${confined[@]}" --network "$name" --user 0 "${capabilities[@]}" -v "$name-into:/haven/restored" -v "$scratch/kit:/haven/kit:ro" \
    -v "$scratch/work:/haven/work" -v "$scratch/request.json:/haven/request.json:ro" "$drill" fetch || code=$?
  docker volume rm "$name-into" >/dev/null
  return $code
}

change() { # POOL, SCRIPT
  zfs_volume "$name-into" "$1/restored" rw
  docker run --rm --user 0 --entrypoint sh -v "$name-into:/restored" -w /restored "$drill" -c "$2"
  docker volume rm "$name-into" >/dev/null
}

seal() { # POOL
  request seal "\"scratch\":\"$scratch/drill\",\"pool\":\"$1\""
  docker run --rm "${privileged[@]}" -v "$scratch/request.json:/haven/request.json:ro" "$drill" seal
}

verify() { # POOL
  request verify '"compare":"filesystem"'
  zfs_volume "$name-source" "$dataset@a" ro
  zfs_volume "$name-restored" "$1/restored@drill-000" ro
  local code=0
  docker run --rm "${confined[@]}" --network none --user 0 --cap-add DAC_READ_SEARCH -v "$name-source:/haven/source:ro" -v "$name-restored:/haven/restored:ro" \
    -v "$scratch/out:/haven/out" -v "$scratch/request.json:/haven/request.json:ro" "$drill" verify || code=$?
  docker volume rm "$name-source" "$name-restored" >/dev/null
  cat "$scratch/out/comparison.json" >&2
  return $code
}

reap() {
  request reap "\"scratch\":\"$scratch/drill\",\"pools\":\"all\""
  docker run --rm "${privileged[@]}" -v "$scratch/request.json:/haven/request.json:ro" "$drill" reap
}

teardown() {
  docker rm -f "$name-swift" >/dev/null 2>&1 || :
  docker volume rm -f "$name-into" "$name-source" "$name-restored" >/dev/null
  docker network rm "$name" >/dev/null 2>&1 || :
  for pool in $(zpool list -H -o name | grep -E "^($name|haven-drill-.*)$"); do zpool destroy -f "$pool"; done
  rm -rf --one-file-system "$scratch"
}

[ -f /etc/haven-lab ] || { echo "on-zfs-a.sh runs only in the lab" >&2; exit 3; }
"$step" "$@"
