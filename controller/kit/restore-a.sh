#!/bin/sh
# restore-a.sh: gets your data back out of OpenStack Swift (Haven, strategy A). Plain shell around duplicity; needs nothing of Haven but the files beside it:
#     store.json   passphrase   swift.json   attributes.py
# On a Debian 12 or 13:   apt-get install duplicity python3-swiftclient python3-keystoneclient jq gnupg ca-certificates
#
#   restore-a.sh list                     which backups there are, newest first: id, kind, created, what it is, bytes
#   restore-a.sh restore BACKUP FOLDER    puts that backup into FOLDER, which must be new or empty
#
# Run it as root: only root can give files back to their owners. It deletes nothing, neither in Swift nor here. Before it downloads, every object that the
# backup and those below it need was found in Swift, with the size and MD5 that Haven's manifest recorded; duplicity then checks each volume's SHA-1. What
# duplicity does not keep (hard links, holes, extended attributes, ACLs, nanoseconds, sockets …) attributes.py puts back, and compares all with its record.
# Temporary files go to $TMPDIR (default /tmp): two and a half volumes (usually 200 MiB each), and about half a percent of the backup.
# HAVEN_ATTEMPTS=8   how often a request without success is tried. HAVEN_STALL=1800   seconds without a byte read or written before giving up.
# HAVEN_TIMEOUT=300  seconds without an answer before a download is begun again.
# HAVEN_NAMES=FILE   where the names of files that were not restored as they were go (default: FOLDER.problems, if there are any)
# Ends with 0 done · 1 all is there, but some attributes could not be set · 3 something is missing here · 11 network, try later · 22 Swift refuses
# user or password · 23 disk full · 30 the backup is damaged
set -eu
umask 077
export LC_ALL=C.UTF-8
KIT=$(cd "$(dirname "$0")" && pwd)
TAB=$(printf '\t')
ATTEMPTS=${HAVEN_ATTEMPTS:-8}
STALL=${HAVEN_STALL:-1800}

say() { printf '%s\n' "$*" >&2; }

die() { # CODE, what happened, what to do
  say "ERROR: $2"
  say "WHAT TO DO: $3"
  exit "$1"
}

begin() {
  for tool in duplicity swift jq gpg python3 timeout; do
    command -v "$tool" > /dev/null || die 3 "the program '$tool' is not installed" "apt-get install duplicity python3-swiftclient python3-keystoneclient jq gnupg ca-certificates"
  done
  for file in store.json passphrase swift.json attributes.py; do
    [ -r "$KIT/$file" ] || die 3 "the kit is incomplete: $file is not beside restore-a.sh, or you may not read it" "copy the whole folder of the recovery kit, and run this as its owner"
  done
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/haven-restore.XXXXXX") || die 23 "cannot make a folder in ${TMPDIR:-/tmp}" "set TMPDIR to a folder with room"
  trap cleanup EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mkdir "$WORK/gnupg" "$WORK/archive" "$WORK/manifests" "$WORK/plain"
  head -n 1 "$KIT/passphrase" | tr -d '\r\n' > "$WORK/passphrase"
  [ -s "$WORK/passphrase" ] || die 3 "the kit's file 'passphrase' is empty" "its first line must be the passphrase of the printed sheet"
  jq -e '.format == "haven-a/1" and (.container | type == "string" and test("^[A-Za-z0-9][A-Za-z0-9._-]*$"))
    and (.auth | (.version | IN(1, 2, 3)) and (.url | type == "string"))' "$KIT/store.json" > /dev/null 2>&1 ||
    die 3 "the kit's store.json is not one that this program knows (haven-a/1)" "use the restore-a.sh that lies beside it"
  jq -e '[.user, .password] | all(type == "string" and . != "")' "$KIT/swift.json" > /dev/null 2>&1 ||
    die 3 "the kit's swift.json has no user or no password" "it must be the file of the recovery kit, unchanged"
  CONTAINER=$(jq -r .container "$KIT/store.json")
  if jq -e '.auth.caPem | strings | select(. != "")' "$KIT/store.json" > "$WORK/ca.json"; then
    cat /etc/ssl/certs/ca-certificates.crt > "$WORK/ca.pem" 2> /dev/null || :
    jq -r . "$WORK/ca.json" >> "$WORK/ca.pem"
  fi
}

cleanup() {
  [ -z "${WORKER:-}" ] || end_worker
  gpgconf --homedir "$WORK/gnupg" --kill all > /dev/null 2>&1 || :
  rm -rf "$WORK"
}

# ---- Swift --------------------------------------------------------------------------------------------------------------

# The variables of both clients are known by dozens, and a stray one sends half of the requests elsewhere: so each program gets only its own.
# Never arguments: other users of this machine can read any program's.
no_strays() {
  for name in $(env | sed -n 's/^\(\(ST\|OS\|SWIFT\|GNUPG\|PYTHON\|DUPLICITY\)[A-Z0-9_]*\|PASSPHRASE\|SIGN_PASSPHRASE\)=.*/\1/p'); do unset "$name"; done
  GNUPGHOME=$WORK/gnupg TMPDIR=$WORK HOME=$WORK
  export GNUPGHOME TMPDIR HOME
  if [ -f "$WORK/ca.pem" ]; then REQUESTS_CA_BUNDLE=$WORK/ca.pem OS_CACERT=$WORK/ca.pem && export REQUESTS_CA_BUNDLE OS_CACERT; fi
}

put() { # NAME, file, jq path: exports NAME, where the file says anything
  value=$(jq -r "$3 // empty" "$2")
  [ -z "$value" ] || export "$1=$value"
}

swift_variables() {
  if [ "$(jq .auth.version "$KIT/store.json")" -eq 1 ]; then
    put ST_AUTH "$KIT/store.json" .auth.url
    put ST_USER "$KIT/swift.json" .user
    put ST_KEY "$KIT/swift.json" .password
    export ST_AUTH_VERSION=1
  else
    put OS_AUTH_URL "$KIT/store.json" .auth.url
    put OS_USERNAME "$KIT/swift.json" .user
    put OS_PASSWORD "$KIT/swift.json" .password
    put OS_REGION_NAME "$KIT/store.json" .auth.region
    put ST_AUTH_VERSION "$KIT/store.json" .auth.version
    if [ "$ST_AUTH_VERSION" -eq 2 ]; then project=TENANT; else project=PROJECT; fi
    put OS_${project}_NAME "$KIT/store.json" .auth.project
    put OS_${project}_ID "$KIT/store.json" .auth.projectId
    [ "$ST_AUTH_VERSION" -ne 3 ] || put OS_USER_DOMAIN_NAME "$KIT/store.json" '(.auth.userDomain // "Default")'
    [ "$ST_AUTH_VERSION" -ne 3 ] || put OS_PROJECT_DOMAIN_NAME "$KIT/store.json" '(.auth.projectDomain // "Default")'
  fi
}

duplicity_variables() {
  put SWIFT_AUTHURL "$KIT/store.json" .auth.url
  put SWIFT_USERNAME "$KIT/swift.json" .user
  put SWIFT_PASSWORD "$KIT/swift.json" .password
  put SWIFT_AUTHVERSION "$KIT/store.json" '(.auth.version | tostring)'
  put SWIFT_REGIONNAME "$KIT/store.json" .auth.region
  if [ "$SWIFT_AUTHVERSION" -eq 3 ]; then
    put SWIFT_PROJECT_NAME "$KIT/store.json" .auth.project
    put SWIFT_PROJECT_ID "$KIT/store.json" .auth.projectId
    put SWIFT_USER_DOMAIN_NAME "$KIT/store.json" '(.auth.userDomain // "Default")'
    put SWIFT_PROJECT_DOMAIN_NAME "$KIT/store.json" '(.auth.projectDomain // "Default")'
  else
    put SWIFT_TENANTNAME "$KIT/store.json" .auth.project
  fi
  PASSPHRASE=$(cat "$WORK/passphrase")
  export PASSPHRASE
}

swift_once() { # arguments of swift
  (no_strays && swift_variables && exec timeout 900 swift --quiet --retries 0 "$@") < /dev/null 2> "$WORK/says"
}

refused() { grep -qiE 'unauthorized|401|403|forbidden|invalid.*credential' "$WORK/says"; }

# Tries until it succeeds; fails when Swift answers that there is no such thing.
ask() { # WHAT, OUTPUT, arguments of swift
  what=$1 output=$2 failures=0
  shift 2
  until swift_once "$@" > "$output"; do
    ! grep -qE '404|not found' "$WORK/says" || return 1
    ! refused || die 22 "$what: Swift refuses user or password ($(tail -n 1 "$WORK/says"))" "compare swift.json with the account at the provider"
    [ "$(free_kib)" -gt 1024 ] || die 23 "the disk of ${TMPDIR:-/tmp} is full" "set TMPDIR to a folder with more room"
    failures=$((failures + 1))
    [ "$failures" -lt "$ATTEMPTS" ] || die 11 "$what: no luck after $failures attempts ($(tail -n 1 "$WORK/says"))" "check the network of this machine and the address in store.json, then run this again"
    seconds=$((1 << (failures - 1)))
    sleep $((seconds < 64 ? seconds : 64))
  done
}

free_kib() { df -Pk "$WORK" | { read -r _ && read -r _ _ _ free _ && echo "$free"; }; }

# The whole listing in $WORK/listing (name → bytes, md5), and all manifests in $WORK/manifests.
look() {
  ask "listing the container" "$WORK/objects" list --json "$CONTAINER" || die 30 "there is no container '$CONTAINER' in this account" "is it the right account? compare store.json and swift.json with the provider's page"
  jq -c 'map({key: .name, value: {bytes, md5: .hash}}) | from_entries' "$WORK/objects" > "$WORK/listing" || die 11 "the answer of Swift was cut off" "run this again"
  # The names decide which files are written here, so nothing but what Haven writes passes.
  jq -r 'keys[] | select(test("^[a-z0-9][a-z0-9-]{0,62}/haven-manifest\\.[0-9]{8}T[0-9]{6}Z\\.json\\.gpg$"))' "$WORK/listing" > "$WORK/names"
  [ -s "$WORK/names" ] || return 0
  set --
  while read -r name; do set -- "$@" "$name"; done < "$WORK/names"
  # It refuses to take a folder for one object, and a file for several.
  if [ $# -eq 1 ]; then mkdir -p "$WORK/manifests/${1%/*}" && set -- --output "$WORK/manifests/$1" "$CONTAINER" "$@"; else set -- --output-dir "$WORK/manifests" "$CONTAINER" "$@"; fi
  ask "downloading the manifests" "$WORK/answers" download "$@" || die 30 "a manifest vanished from Swift while it was being read" "run this again"
}

# ---- manifests ----------------------------------------------------------------------------------------------------------

decrypt() { # FILE, OUTPUT
  rm -f "$2"
  # gpg -d also prints a message that nobody encrypted and calls that a success: ask what it really did.
  gpg --homedir "$WORK/gnupg" --batch --no-tty --pinentry-mode loopback --passphrase-file "$WORK/passphrase" \
    --status-file "$WORK/status" --output "$2" --decrypt "$1" < /dev/null 2> "$WORK/says" && grep -q '^\[GNUPG:\] DECRYPTION_OKAY' "$WORK/status"
}

WELL_FORMED='
  def id: type == "string" and test("^[0-9a-f]{8,64}$");
  def time: type == "string" and test("^[0-9]{8}T[0-9]{6}Z$");
  def count: type == "number" and . >= 0 and floor == .;
  ((if .kind == "full" then "full" else "inc.\(.baseTime).to" end) | gsub("\\."; "\\.")) as $set
  | ((if .kind == "full" then "full-signatures" else "new-signatures.\(.baseTime).to" end) | gsub("\\."; "\\.")) as $signatures
  | .setTime as $time
  | if .format != "haven-a/1" then "its format is \(.format); this program knows haven-a/1"
    elif "\(.source.id)/haven-manifest.\(.setTime).json.gpg" != $name then "it belongs to another place (\(.source.id), \(.setTime))"
    elif ([.backup, .chain] | all(id) | not) or ([.base, .baseTime] | map(. == null)) != [.kind == "full", .kind == "full"] then "its kind and base contradict each other"
    elif .kind == "full" and .chain != .backup then "it is a full, but names another chain than its own"
    elif .kind != "full" and (.kind != "incremental" or (.base | id | not) or (.baseTime | time | not) or .baseTime >= .setTime) then "its kind and base contradict each other"
    elif (.objects | type) != "array" or (.objects | all((.name | type == "string") and (.bytes | count and . > 0) and (.md5 | type == "string" and test("^[0-9a-f]{32}$"))) | not) then "it does not list its objects"
    elif ([.objects[].name] | length != (unique | length)) then "it lists an object twice"
    elif ([.objects[].name | select(test("^duplicity-\($set)\\.\($time)\\.manifest\\.gpg$"))] | length) != 1 or ([.objects[].name | select(test("^duplicity-\($signatures)\\.\($time)\\.sigtar\\.gpg$"))] | length) != 1 then "it lists no manifest or no signatures of its set"
    elif ([.objects[].name | capture("^duplicity-\($set)\\.\($time)\\.vol(?<n>[0-9]+)\\.difftar\\.gpg$").n | tonumber] | sort) as $n | ($n == [] or $n != [range(1; ($n | length) + 1)] or ($n | length) + 2 != (.objects | length)) then "its volumes are not 1 to n"
    elif (.counts.entries | count | not) or (.source.guid | type == "string" and test("^[0-9]{1,20}$") | not) or (.createdAt | type != "string") then "it does not say what it is of"
    else "" end'

open_manifest() { # NAME in the container: $WORK/manifest; fails with a message when it cannot be used
  decrypt "$WORK/manifests/$1" "$WORK/manifest" || {
    say "note: $1 cannot be decrypted: it was altered, or the passphrase is not the one that it was encrypted with"
    return 1
  }
  wrong=$(jq -r --arg name "$1" "$WELL_FORMED" "$WORK/manifest" 2> "$WORK/says") || wrong="it is not the JSON that FORMAT.md describes"
  [ -z "$wrong" ] || {
    say "note: $1 is not valid: $wrong"
    return 1
  }
}

find_backup() { # BACKUP: its manifest in $WORK/manifest. Those that were made last are looked at first.
  sort -t . -k 2,2r "$WORK/names" > "$WORK/newest"
  bad=0
  while read -r name; do
    if ! open_manifest "$name"; then
      bad=$((bad + 1))
    elif [ "$(jq -r .backup "$WORK/manifest")" = "$1" ]; then
      return
    fi
  done < "$WORK/newest"
  [ "$bad" -eq 0 ] || die 30 "backup $1 was not found, and $bad of the manifests cannot be used (see above)" "compare the passphrase with the printed sheet; restore-a.sh list shows what can be restored"
  die 30 "there is no backup $1 in the container '$CONTAINER'" "restore-a.sh list shows those that are there; is it the right account?"
}

# From BACKUP down to its full: every manifest continues the next, every object is in Swift as recorded. The chain's manifests, full first, in $WORK/chain.
demand_chain() { # BACKUP
  find_backup "$1"
  cp "$WORK/manifest" "$WORK/newest-manifest"
  jq -c . "$WORK/manifest" > "$WORK/chain"
  while [ "$(jq -r .kind "$WORK/manifest")" != full ]; do
    name=$(jq -r '"\(.source.id)/haven-manifest.\(.baseTime).json.gpg"' "$WORK/manifest")
    wanted=$(jq -c '[.base, .chain, .source.id]' "$WORK/manifest")
    grep -qxF "$name" "$WORK/names" || die 30 "the chain of backup $1 is broken: $name is not in Swift" "restore another backup (restore-a.sh list)"
    open_manifest "$name" || die 30 "the chain of backup $1 is broken (see above)" "restore another backup (restore-a.sh list)"
    [ "$(jq -c '[.backup, .chain, .source.id]' "$WORK/manifest")" = "$wanted" ] || die 30 "the chain of backup $1 is broken: $name is of another backup" "restore another backup (restore-a.sh list)"
    jq -c . "$WORK/manifest" | cat - "$WORK/chain" > "$WORK/longer" && mv "$WORK/longer" "$WORK/chain"
  done
  jq -rs --slurpfile listing "$WORK/listing" '.[] | .source.id as $id | .backup as $backup | .objects[] | ($listing[0]["\($id)/\(.name)"]) as $there
    | if $there == null then "\($id)/\(.name) (of backup \($backup)) is not in Swift"
      elif $there.bytes != .bytes then "\($id)/\(.name) (of backup \($backup)) has \($there.bytes) bytes, the manifest says \(.bytes)"
      elif $there.md5 != .md5 then "\($id)/\(.name) (of backup \($backup)) has the MD5 \($there.md5), the manifest says \(.md5)"
      else empty end' "$WORK/chain" > "$WORK/damage"
  [ ! -s "$WORK/damage" ] || {
    head -n 20 "$WORK/damage" >&2
    die 30 "$(wc -l < "$WORK/damage") of the objects that backup $1 needs are missing or altered: $(head -n 1 "$WORK/damage")" "restore another backup (restore-a.sh list), and keep this one for somebody who can look at it"
  }
  # duplicity goes by names: a set with a manifest of its own that no Haven manifest knows would take the place of the right one without a word.
  jq -rs --slurpfile listing "$WORK/listing" '(.[0].source.id) as $id | .[0].setTime as $first | .[-1].setTime as $last | [.[] | .objects[].name] as $known
    | $listing[0] | keys[] | select(startswith("\($id)/")) | ltrimstr("\($id)/") as $name
    | $name | capture("^duplicity-inc\\.(?<from>[0-9TZ]+)\\.to\\.(?<to>[0-9TZ]+)\\.manifest") | select(.from >= $first and .to <= $last)
    | select([$name] | inside($known) | not) | "\($id)/\($name)"' "$WORK/chain" > "$WORK/strays"
  [ ! -s "$WORK/strays" ] || die 30 "among the sets of backup $1 there is one that belongs to no backup: $(head -n 1 "$WORK/strays")" "have that set's objects moved away (rename them), then run this again: duplicity would restore it instead"
}

# ---- duplicity ----------------------------------------------------------------------------------------------------------

# duplicity, with the one thing that it lacks: its Swift client waits for ever when a line goes dead. It tries again by itself after that.
PATIENT='
import os, runpy, sys
import swiftclient.client as client
begin = client.Connection.__init__
client.Connection.__init__ = lambda self, *given, **named: begin(self, *given, **{"timeout": float(os.environ["HAVEN_TIMEOUT"]), **named})
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")'

# What it reads and writes; when that stands still it hangs. Ticks of the processor would not tell: its threads wake up for nothing.
movement() { cat "/proc/$1/io" 2> /dev/null | sed -n 's/^[rw]char: //p'; }

end_worker() {
  kill -TERM "$WORKER" 2> /dev/null || :
  for _ in 1 2 3 4 5; do
    kill -0 "$WORKER" 2> /dev/null || break
    sleep 1
  done
  kill -KILL "$WORKER" 2> /dev/null || :
  WORKER=
}

get() { # WHAT, path in the backup, target
  case $(duplicity --version 2> /dev/null) in "duplicity 0."*) part=--file-to-restore ;; *) part=--path-to-restore ;; esac
  rm -f "$WORK/log" && mkfifo "$WORK/log"
  # Its log is a line a file; only what matters is kept: how far it is, and everything that it complains of. "List" warnings (2 to 6) are of sets that are not ours.
  awk -v what="$1" '/^INFO 2 [0-9]+ [0-9]+/ { print what ": volume " $3 " of " $4 ": good" > "/dev/stderr" }
    /^[A-Z]+ [0-9]+/ { keep = /^ERROR / || (/^WARNING / && $2 !~ /^[2-6]$/) } keep { print }' < "$WORK/log" > "$WORK/complaints" &
  reader=$!
  (
    no_strays
    duplicity_variables
    export HAVEN_TIMEOUT="${HAVEN_TIMEOUT:-300}"
    exec python3 -c "$PATIENT" "$(command -v duplicity)" restore --numeric-owner --time "$TIME" $part "$2" --archive-dir "$WORK/archive" --name haven --tempdir "$WORK" \
      --volsize "$LARGEST" --num-retries "$ATTEMPTS" --backend-retry-delay 5 --verbosity info --log-fd 3 "swift://$CONTAINER/$SOURCE" "$3" 3> "$WORK/log" > /dev/null 2> "$WORK/says" < /dev/null
  ) &
  WORKER=$!
  still=0 before='' patience=$STALL
  while kill -0 "$WORKER" 2> /dev/null; do
    sleep 1
    now=$(movement "$WORKER")
    if [ "$now" = "$before" ]; then still=$((still + 1)); else still=0; fi
    before=$now
    # Where it breaks down, on a full disk say, it prints a traceback, and then waits for ever for a gpg that waits for it.
    ! grep -q Traceback "$WORK/says" || patience=15
    [ "$still" -lt "$patience" ] || {
      end_worker
      wait "$reader"
      ! grep -q Traceback "$WORK/says" || complain "$1" 30
      die 11 "$1: duplicity stood still for $STALL seconds" "check the network, and run this again into a new folder"
    }
  done
  code=0
  wait "$WORKER" || code=$?
  WORKER=
  wait "$reader"
  [ "$code" -eq 0 ] && [ ! -s "$WORK/complaints" ] || complain "$1" "$code"
}

complain() { # WHAT, exit code: says why duplicity failed
  cat "$WORK/complaints" "$WORK/says" > "$WORK/both"
  reason="duplicity ended with exit code $2 ($(sed -n 's/^\. //p' "$WORK/complaints" | head -n 1 | cut -c 1-300))"
  [ "${HAVEN_QUIET:-no}" = no ] || reason="duplicity ended with exit code $2 ($(sed -n 's/^\(ERROR\|WARNING\) \([0-9]*\).*/\1 \2/p' "$WORK/complaints" | sort | uniq -c | tr -s ' \n' ' '))"
  if grep -qE 'No space left|quota exceeded' "$WORK/both" || [ "$2" -eq 35 ]; then
    die 23 "$1: the disk is full" "make room in FOLDER and in TMPDIR (${TMPDIR:-/tmp}), then run this again into a new folder"
  fi
  case $2 in
    38) if grep -qiE 'unauthorized|401|403' "$WORK/both"; then die 22 "$1: Swift refuses user or password" "compare swift.json with the account"; else die 11 "$1: $reason" "check the network, then run this again into a new folder"; fi ;;
    50) die 11 "$1: $reason" "check the network, then run this again into a new folder" ;;
    21 | 30 | 31 | 52 | 19) die 30 "$1: $reason" "restore another backup (restore-a.sh list); keep this one for somebody who can look at it" ;;
    0) die 30 "$1: duplicity called it done, but complained: $reason" "are you root, and is the disk sound? then restore another backup" ;;
    *) die 1 "$1: $reason" "see what it says; restore another backup" ;;
  esac
}

# ---- the two commands ---------------------------------------------------------------------------------------------------

list() {
  look
  : > "$WORK/lines"
  bad=0
  while read -r name; do
    if open_manifest "$name"; then
      jq -r '[.backup, .kind, .createdAt, .source.id, .counts.sourceBytes // 0] | map(tostring) | @tsv' "$WORK/manifest" >> "$WORK/lines"
    else
      bad=$((bad + 1))
    fi
  done < "$WORK/names"
  sort -t "$TAB" -k 3,3r "$WORK/lines"
  [ "$bad" -eq 0 ] || die 30 "$bad of the manifests cannot be used (see above)" "compare the passphrase with the printed sheet; the backups listed are not affected"
  [ -s "$WORK/lines" ] || say "There is no backup in the container '$CONTAINER' of this account."
}

restore() { # BACKUP, FOLDER
  [ "$(id -u)" -eq 0 ] || die 3 "only root can give files back to their owners" "run this as root"
  [ ! -e "$2" ] || { [ -d "$2" ] && [ -z "$(ls -A "$2")" ]; } || die 3 "$2 is there already, and not an empty folder" "name a new folder"
  [ -d "$(dirname "$2")" ] || die 3 "there is no folder $(dirname "$2") to make it in" "make it first"
  look
  demand_chain "$1"
  SOURCE=$(jq -r .source.id "$WORK/newest-manifest") TIME=$(jq -r .setTime "$WORK/newest-manifest")
  # duplicity demands room for more than two volumes of the size that it is told, not of the size that they have.
  LARGEST=$(jq -s '([.[].objects[].bytes] | max) / 1048576 | floor + 1' "$WORK/chain")
  jq -rc '"manifest: " + ({backup, chain, kind, base, guid: .source.guid, createdAt, volumes: ((.objects | length) - 2), bytes: ([.objects[].bytes] | add)} | tojson)' "$WORK/chain" >&2
  get "record of attributes" "state/attributes/$SOURCE/record" "$WORK/record"
  entries=$(sed -n '$s/^end \([0-9]*\) .*/\1/p' "$WORK/record")
  [ "${entries:-0}" -eq $(($(jq .counts.entries "$WORK/newest-manifest") + 1)) ] ||
    die 30 "the record of attributes tells of ${entries:-0} entries, Haven's manifest of $(jq .counts.entries "$WORK/newest-manifest") and their root" "restore another backup (restore-a.sh list)"
  get "data" "source/$SOURCE" "$2"
  names=${HAVEN_NAMES:-$2.problems} code=0
  python3 "$KIT/attributes.py" apply "$WORK/record" "$2" --names "$names" > "$WORK/applied" || code=$?
  [ -s "$names" ] || rm -f "$names"
  [ "$code" -ne 0 ] || {
    demand_contents "$2" "$names"
    say "restored: $(cat "$WORK/applied")"
    say "Done: $2"
    return
  }
  say "restored, but: $(cat "$WORK/applied")"
  [ "$code" -ne 1 ] || die 1 "all files are there, but some attributes could not be set: see $names" "are you root, and does the file system of $2 know owners, ACLs and extended attributes?"
  die "$code" "what was restored is not all that was backed up: see $names and the lines above" "restore another backup (restore-a.sh list)"
}

# A record with hashes (setting hashContents) tells what each file held when it was backed up, also when its snapshot is long gone.
demand_contents() { # FOLDER, file for names
  [ "$(sed -n '1s/.* //p;1q' "$WORK/record")" = sha256 ] || return 0
  # Of its answer only the contents count here: all else was compared when it was applied. Without an answer nothing was compared.
  python3 "$KIT/attributes.py" check "$WORK/record" "$1" --names "$WORK/differing" > "$WORK/checked" 2> "$WORK/says" || :
  others=$(jq -er 'select(.hashed) | .problems.content // 0' "$WORK/checked") || die 1 "the contents of $1 could not be compared with the recorded hashes" "read what it says, then run attributes.py check: $(tail -n 1 "$WORK/says")"
  [ "$others" -eq 0 ] || {
    grep '^content ' "$WORK/differing" > "$2"
    die 30 "$others files do not hold what was backed up: their hashes are not those of the record; see $2" "restore another backup (restore-a.sh list); keep this one for somebody who can look at it"
  }
  say "contents: each file has the hash that was recorded"
}

usage() {
  sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p;}' "$0"
}

case "${1:-} $#" in
  "list 1")
    begin
    list
    ;;
  "restore 3")
    case $2 in *[!0-9a-f]* | '') die 3 "'$2' is not the id of a backup" "restore-a.sh list shows them" ;; esac
    case $3 in -* | '') die 3 "'$3' is not a folder" "write ./$3" ;; esac
    begin
    restore "$2" "$3"
    ;;
  "--help 1" | "-h 1") usage ;;
  *)
    usage >&2
    exit 3
    ;;
esac
