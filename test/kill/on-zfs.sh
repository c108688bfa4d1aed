#!/bin/bash
# Runs on the ground (the lab): the steps of the kill test on real ZFS, called by lab-rounds.ts with one step a call.
#   on-zfs.sh setup                     a pool, a small dataset, an emulated Drive and a state volume, unless they are there; prints the Drive's CA.
#                                       After a power cut: the pool imported, the Drive started
#   on-zfs.sh change SNAP               rewrites half of the data and makes the snapshot @SNAP; prints its GUID
#   on-zfs.sh backup                    one run of strategy B with the request on stdin; prints its events
#   on-zfs.sh killed PARTS MILLISECONDS the same, killed that long after its PARTS-th part was off-site (-1: after the container was there);
#                                       prints the events until then. Exit 0: it was killed; 4: it had ended before
#   on-zfs.sh begin PARTS MILLISECONDS  the same without the kill: prints "now" at that instant, for whoever cuts the power, and waits
#   on-zfs.sh left                      what a killed run left: a tar of the journal and the names in the spool
#   on-zfs.sh drill POOL SNAP N         fetch (request on stdin) beside receive, then verify the N-th stream against @SNAP; prints their results
#   on-zfs.sh stored                    what is in the Drive, from its admin surface
#   on-zfs.sh holds                     "SNAPSHOT TAG" of every hold, and "SNAPSHOT" of every bookmark
#   on-zfs.sh remember, remembered      keeps what is on stdin for a later run of the test, and prints it (or nothing)
#   on-zfs.sh teardown
# The containers are confined as images/CONTRACT.md section 5 says. What an image says on stderr is in $folder/log.
set -euo pipefail
name=haven-kill
folder=/var/lib/haven/kill
dataset="$name/my data"
# shellcheck disable=SC2054  # commas belong to mount options
confined=(--rm --read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 200 --memory 1g --tmpfs /tmp:size=64m,mode=1777)

awake() {
  zpool list -H "$name" >/dev/null 2>&1 || zpool import -d "$folder" -o cachefile=none "$name"
  docker start "$name-drive" >/dev/null
  # What is left of a test that was stopped, or of a power cut.
  docker ps -aq --filter "label=$name" | xargs -r docker rm -f >/dev/null
  docker volume rm -f "$name-source" "$name-restored" >/dev/null
  destroy_own_drills
  docker inspect -f "{{(index .NetworkSettings.Networks \"$name\").IPAddress}}" "$name-drive" >"$folder/drive-address"
  docker volume inspect -f '{{.Mountpoint}}' "$name-state" >"$folder/state-place"
  until drive health >/dev/null 2>&1; do sleep 0.3; done
}

# The throwaway pools of this test, by where their file lies: another's drill may be running.
destroy_own_drills() {
  local left
  for left in $(zpool list -H -o name | grep '^haven-drill-' || :); do
    if zpool status -P "$left" | grep -qF "$folder/drill/$left.img"; then zpool destroy -f "$left"; fi
  done
}

# A call of Docker's program costs a second of the lab's emulated processor: what it says once is kept.
drive() { # PATH
  curl -fsS "http://$(<"$folder/drive-address"):8080/_emulator/$1"
}

secret() { # NAME: from stdin
  cat >"$folder/secrets/$1"
  cp "$folder/secrets/$1" "$folder/kit/$1"
}

setup() {
  if [ ! -e "$folder/is-set-up" ]; then
    teardown
    mkdir -p "$folder/secrets" "$folder/kit" "$folder/drill" "$folder/out"
    truncate -s 2G "$folder/pool.img"
    zpool create -o cachefile=none -O mountpoint="$folder/tree" -O compression=lz4 "$name" "$folder/pool.img"
    zfs create "$dataset"
    zfs allow -u 1000 send,hold,release,bookmark "$dataset"
    write_files 1 2 3 4
    echo 'a small file' >"$folder/tree/my data/small"
    ln -s small "$folder/tree/my data/link"
    head -c 32 /dev/urandom | base64 | secret passphrase
    echo '{"client_id":"kill-client","client_secret":"kill-secret","refresh_token":"kill-refresh-token"}' | secret google-oauth.json
    chown -R 1000:1000 "$folder/secrets" "$folder/kit"
    docker network create "$name" >/dev/null
    docker volume create --label "$name" "$name-drive" >/dev/null
    # What Drive has acknowledged is not lost by a power cut of this machine.
    write_synchronously "$(docker volume inspect -f '{{.Mountpoint}}' "$name-drive")"
    docker volume create --label "$name" "$name-state" >/dev/null
    docker volume create --label "$name" --driver local --opt type=tmpfs --opt device=tmpfs --opt o=uid=1000,gid=1000,mode=755,size=1m "$name-pipe" >/dev/null
    docker create --name "$name-drive" --network "$name" --network-alias drive --no-healthcheck -v "$name-drive:/state" \
      haven/drive-emulator --client kill-client:kill-secret --refresh-token kill-refresh-token >/dev/null
    awake
    ca=$(drive ca.pem)
    jq -n --arg ca "$ca" '{format: "haven-b/1", set: "haven", rootUrl: "https://drive:8443/", tokenUrl: "https://drive:8443/token", caPem: $ca}' >"$folder/kit/store.json"
    cp controller/kit/restore-b.sh "$folder/kit/"
    chmod 644 "$folder/kit"/*
    touch "$folder/is-set-up"
  fi
  awake
  drive ca.pem
}

write_synchronously() { # FOLDER: chattr +SD, which the lab has not; all that is made below inherits it
  python3 -c 'import fcntl, os, struct, sys
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, SYNC, DIRSYNC = 0x80086601, 0x40086602, 0x8, 0x10000
folder = os.open(sys.argv[1], os.O_RDONLY)
flags, = struct.unpack("l", fcntl.ioctl(folder, FS_IOC_GETFLAGS, bytes(8)))
fcntl.ioctl(folder, FS_IOC_SETFLAGS, struct.pack("l", flags | SYNC | DIRSYNC))' "$1"
}

write_files() { # NUMBER…
  local file
  for file; do head -c 400000 /dev/urandom >"$folder/tree/my data/file $file"; done
}

change() { # SNAP
  write_files 1 2
  zfs snapshot "$dataset@$1"
  zfs get -H -p -o value guid "$dataset@$1"
}

strategy() {
  rm -f "$folder/cid"
  docker run --cidfile "$folder/cid" --name "$name-strategy-b" --label "$name" "${confined[@]}" --user 1000:1000 --network "$name" --device /dev/zfs -v "$name-state:/haven/state" \
    -v "$folder/secrets/passphrase:/run/secrets/passphrase:ro" -v "$folder/secrets/google-oauth.json:/run/secrets/google-oauth.json:ro" \
    -v "$folder/request.json:/haven/request.json:ro" haven/strategy-b backup 2>>"$folder/log"
}

backup() {
  cat >"$folder/request.json"
  strategy
}

killed() { # PARTS, MILLISECONDS
  local code=0
  begin_until "$@"
  # SIGKILL for all of its processes at once, without the second that Docker's program takes to get there. An error: it has ended.
  echo 1 2>/dev/null >"/sys/fs/cgroup/docker/$(<"$folder/cid")/cgroup.kill" || :
  wait "$runner" || code=$?
  cat "$folder/events"
  [ "$code" = 137 ] || return 4
}

begin() { # PARTS, MILLISECONDS
  begin_until "$@"
  echo now
  wait "$runner" || :
}

begin_until() { # PARTS, MILLISECONDS
  cat >"$folder/request.json"
  rm -f "$folder/cid"
  : >"$folder/events"
  strategy >"$folder/events" &
  runner=$!
  until its_program_runs; do
    kill -0 "$runner" 2>/dev/null || break
    sleep 0.1
  done
  if [ "$1" -ge 0 ]; then
    grep -q -m 1 '"event":"started"' < <(tail -f --pid "$runner" -n +1 "$folder/events") || :
    # Not awk: Debian's waits until its buffer is full, and by then the run has ended. And not -q, which ends at the first.
    [ "$1" = 0 ] || grep -c -m "$1" '"event":"part"' < <(tail -f --pid "$runner" -n +1 "$folder/events") >"$folder/counted" || :
  fi
  sleep "$(($2 / 1000)).$(printf %03d $(($2 % 1000)))"
}

# Whether the container's first process is the image's own program by now. Files and no docker inspect: see above. Each of them may not be there yet: that is a no.
its_program_runs() {
  local cid='' pid command
  read -r cid <"$folder/cid" || [ -n "$cid" ] || return 1
  read -r pid <"/sys/fs/cgroup/docker/$cid/cgroup.procs" && read -r command <"/proc/$pid/comm" && [[ $command != runc* ]]
} 2>/dev/null

left() {
  local state
  state=$(<"$folder/state-place")
  mkdir -p "$folder/left"
  ls "$state/spool" >"$folder/left/spool" 2>/dev/null || : # before the first run there is none
  rm -f "$folder/left"/journal*
  find "$state" -maxdepth 1 -name 'journal*' -exec cp -p {} "$folder/left" ';' # a rollback journal, too
  tar -c -C "$folder/left" .
}

drill() { # POOL, SNAP, N
  local pool=$1 code=0
  cat >"$folder/fetch.json"
  jq -n --arg pool "$pool" --arg scratch "$folder/drill" --argjson streams "$(($3 + 1))" \
    '{contract: "1.0", verb: "receive", run: "kill", scratch: $scratch, pool: $pool, sizeBytes: 536870912, type: "filesystem", streams: $streams}' >"$folder/receive.json"
  echo '{"contract":"1.0","verb":"verify","run":"kill","compare":"filesystem"}' >"$folder/verify.json"
  fetch & local fetching=$!
  receive || code=$?
  wait "$fetching" || code=$?
  [ $code = 0 ] || return 5
  docker run --name "$name-verify" --label "$name" "${confined[@]}" --user 0 --network none --cap-add DAC_READ_SEARCH \
    --mount "$(of_snapshot source "$dataset@$2")" --mount "$(of_snapshot restored "$pool/restored@drill-$(printf %03d "$3")")" \
    -v "$folder/out:/haven/out" -v "$folder/verify.json:/haven/request.json:ro" haven/drill verify 2>>"$folder/log" | results || code=5
  docker volume rm "$name-source" "$name-restored" >/dev/null
  zpool destroy "$pool"
  rm -f "$folder/drill/$pool.img"
  return $code
}

# Either half that fails ends the other: it would wait for ever.
fetch() {
  docker run --name "$name-fetch" --label "$name" "${confined[@]}" --user 1000:1000 --network "$name" --tmpfs /haven/work:size=64m,mode=1777 -v "$folder/kit:/haven/kit:ro" \
    -v "$name-pipe:/haven/pipe" -v "$folder/fetch.json:/haven/request.json:ro" haven/drill fetch 2>>"$folder/log" | results || end "$name-receive"
}
receive() {
  docker run --name "$name-receive" --label "$name" "${confined[@]}" --user 0 --network none --cap-add SYS_ADMIN --security-opt apparmor=unconfined --device /dev/zfs \
    -v "$folder/drill:$folder/drill" -v "$name-pipe:/haven/pipe" -v "$folder/receive.json:/haven/request.json:ro" haven/drill receive 2>>"$folder/log" | results || end "$name-fetch"
}

end() { # CONTAINER; and fails
  docker rm -f "$1" >/dev/null 2>&1 || :
  return 1
}

results() { grep '"event":"result"'; }

of_snapshot() { # FOLDER, SNAPSHOT
  echo "type=volume,src=$name-$1,dst=/haven/$1,readonly,volume-driver=local,volume-opt=type=zfs,volume-opt=o=ro,volume-opt=device=$2"
}

stored() { drive files; }

remember() { cat >"$folder/remembered"; }
remembered() { cat "$folder/remembered" 2>/dev/null || :; } # nothing before the first run

holds() {
  zfs list -H -o name -t snapshot -r "$dataset" | xargs -r -d '\n' zfs holds -H | sed 's/^[^@]*@//' | cut -f 1,2
  zfs list -H -o name -t bookmark -r "$dataset" | sed 's/^[^#]*#//'
}

teardown() {
  docker ps -aq --filter "name=^$name-" | xargs -r docker rm -f >/dev/null
  docker volume ls -q --filter "name=^$name-" | xargs -r docker volume rm >/dev/null
  docker network rm "$name" >/dev/null 2>&1 || :
  destroy_own_drills
  ! zpool list -H "$name" >/dev/null 2>&1 || zpool destroy -f "$name"
  rm -rf --one-file-system "$folder"
}

[ -f /etc/haven-lab ] || { echo "on-zfs.sh runs only in the lab: it makes and destroys a pool named $name" >&2; exit 3; }
# What an image, or Docker, said last: whoever sees a step fail has nothing else to go by.
trap '[ $? = 0 ] || tail -n 5 "$folder/log" >&2' EXIT
step=$1
shift
"$step" "$@"
