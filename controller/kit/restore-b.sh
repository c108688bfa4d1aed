#!/bin/sh
# restore-b.sh: gets your data back out of Google Drive (Haven, strategy B). Plain shell; needs nothing of Haven but the files beside it:
#     store.json   passphrase   google-oauth.json
#     secret-key.asc   and, if that is protected by a passphrase, secret-key-passphrase   (both only where backups are encrypted to a public key)
# On a Debian:   apt-get install curl jq gnupg xz-utils zstd ca-certificates zfsutils-linux   (zstd: only where a backup was compressed by it)
#
#   restore-b.sh list                        which backups there are, newest first: id, kind, created, what it is, bytes
#   restore-b.sh restore BACKUP POOL/NAME    gets that backup, and those it builds upon, into a NEW dataset POOL/NAME (not mounted)
#   restore-b.sh stream  BACKUP > FILE       only writes the backup's plain `zfs send` stream
#
# It deletes nothing, neither in Google Drive nor here. No byte of a part is used before its hash agreed with the manifest.
# Temporary files go to $TMPDIR (default /tmp); about three times the size of one part must fit there. Where twice as much fits, the next part is fetched meanwhile.
# HAVEN_SOP=gosop    decrypt with that program (any that speaks "SOP") instead of gpg.
# HAVEN_ATTEMPTS=8   how often a request without progress is tried (waits 1, 2, 4 … 64 s in between) before giving up.
# Ends with 0 done · 3 something is missing here · 11 network, try later · 22 Google refuses the sign-in · 23 disk full · 30 the backup is damaged
set -eu
umask 077
export LC_ALL=C
KIT=$(cd "$(dirname "$0")" && pwd)
TAB=$(printf '\t')
ATTEMPTS=${HAVEN_ATTEMPTS:-8}

say() { printf '%s\n' "$*" >&2; }

die() { # CODE, what happened, what to do
  say "ERROR: $2"
  say "WHAT TO DO: $3"
  stop_jobs
  exit "$1"
}

# What runs beside the shell while a stream is made: the fetch of the next part, and the passing on of the last one.
stop_jobs() {
  for job in ${AHEAD:-} ${PASSING:-}; do
    kill $(cat "/proc/$job/task/$job/children" 2> /dev/null) "$job" 2> /dev/null || :
    wait "$job" 2> /dev/null || :
  done
  AHEAD='' PASSING=''
}

begin() {
  for tool in curl jq sha256sum "${HAVEN_SOP:-gpg}" xz; do
    command -v "$tool" > /dev/null || die 3 "the program '$tool' is not installed" "apt-get install curl jq gnupg xz-utils ca-certificates"
  done
  for file in store.json passphrase google-oauth.json; do
    [ -r "$KIT/$file" ] || die 3 "the kit is incomplete: $file is not beside restore-b.sh, or you may not read it" "copy the whole folder of the recovery kit, and run this as its owner"
  done
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/haven-restore.XXXXXX") || die 23 "cannot make a folder in ${TMPDIR:-/tmp}" "set TMPDIR to a folder with room"
  trap cleanup EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # A file each, newest first: the first line encrypts today, further lines are earlier ones.
  (cd "$WORK" && awk 'NR == 1 && $0 == "" { exit } $0 != "" { file = sprintf("passphrase.%04d", ++n); printf "%s", $0 > file; close(file) }') < "$KIT/passphrase"
  [ -s "$WORK/passphrase.0001" ] || die 3 "the kit's file 'passphrase' is empty" "its first line must be the passphrase of the printed sheet"
  jq -e '.format == "haven-b/1" and ([.set, .rootUrl, .tokenUrl] | all(type == "string"))' "$KIT/store.json" > /dev/null 2>&1 ||
    die 3 "the kit's store.json is not one that this program knows (haven-b/1)" "use the restore-b.sh that lies beside it"
  SET=$(jq -r .set "$KIT/store.json")
  ROOT=$(jq -r '.rootUrl | rtrimstr("/")' "$KIT/store.json")
  TOKEN_URL=$(jq -r .tokenUrl "$KIT/store.json")
  # Secrets go to curl in files: other users of this machine can read any program's arguments.
  for name in client_id client_secret refresh_token; do
    jq -je --arg name "$name" '.[$name] | strings | select(. != "")' "$KIT/google-oauth.json" > "$WORK/$name" 2> /dev/null ||
      die 3 "the kit's google-oauth.json has no $name" "it must be the file of the recovery kit, unchanged"
  done
  printf 'silent\nshow-error\nconnect-timeout = 30\nspeed-limit = 1\nspeed-time = 120\n' > "$WORK/curlrc"
  if jq -e '.caPem | strings | select(. != "")' "$KIT/store.json" > "$WORK/ca.json"; then
    jq -r . "$WORK/ca.json" > "$WORK/ca.pem"
    printf 'cacert = "%s"\n' "$WORK/ca.pem" >> "$WORK/curlrc"
  fi
}

cleanup() {
  stop_jobs
  for home in "$WORK/gnupg" "$WORK/gnupg-key"; do
    [ ! -d "$home" ] || gpgconf --homedir "$home" --kill all > /dev/null 2>&1 || :
  done
  rm -rf "$WORK"
}

# ---- Google -------------------------------------------------------------------------------------------------------------

# One request; STATUS is the answer's (000: none). Succeeds when it was answered well and completely.
try() { # OUTPUT, arguments of curl
  output=$1
  shift
  curl_exit=0
  STATUS=$(curl -q --config "$WORK/curlrc" --output "$output" --write-out '%{http_code}' "$@" < /dev/null 2> "$WORK/says") || curl_exit=$?
  [ "$curl_exit" -ne 23 ] || die 23 "the disk of ${TMPDIR:-/tmp} is full" "set TMPDIR to a folder with more room"
  [ "$curl_exit" -eq 0 ] && case $STATUS in 200 | 206) return 0 ;; *) return 1 ;; esac
}

pause_or_give_up() { # WHAT, failures so far
  [ "$2" -lt "$ATTEMPTS" ] || die 11 "$1: no luck after $2 attempts (answer $STATUS; $(tail -n 1 "$WORK/says"))" "check the network of this machine, then run this again"
  seconds=$((1 << ($2 - 1)))
  sleep $((seconds < 64 ? seconds : 64))
}

sign_in() { # leaves a new access token in $WORK/authorization; it lasts an hour
  sign_in_failures=0
  until try "$WORK/token" --data grant_type=refresh_token --data-urlencode "client_id@$WORK/client_id" \
    --data-urlencode "client_secret@$WORK/client_secret" --data-urlencode "refresh_token@$WORK/refresh_token" "$TOKEN_URL"; do
    case $STATUS in
      400 | 401)
        reason=$(jq -r '.error | strings' "$WORK/token" 2> /dev/null || :)
        die 22 "Google refuses the kit's sign-in (${reason:-$STATUS})" "take the newest kit; or sign in again with 'haven auth google'; or download the files in a browser (RECOVERY.md)"
        ;;
    esac
    sign_in_failures=$((sign_in_failures + 1))
    pause_or_give_up "signing in to Google" "$sign_in_failures"
  done
  jq -je '.access_token | strings | "Authorization: Bearer " + .' "$WORK/token" > "$WORK/authorization" ||
    die 11 "signing in to Google: the answer holds no access token" "run this again later"
  date +%s > "$WORK/signed-in-at"
}

# Asks Google until it answers. Ends in 1 when the answer is "there is no such file".
ask() { # WHAT, OUTPUT, arguments of curl
  what=$1 answer=$2
  shift 2
  failures=0 denied=0
  while :; do
    [ $(($(date +%s) - $(cat "$WORK/signed-in-at" 2> /dev/null || echo 0))) -lt 2700 ] || sign_in
    had=$(size_of "$answer")
    ! try "$answer" --header "@$WORK/authorization" "$@" || return 0
    case $STATUS in
      404) return 1 ;;
      416) return 0 ;; # asked to go on after the last byte: it is all here, and will be checked
      401)
        denied=$((denied + 1))
        [ "$denied" -lt 3 ] || die 22 "$what: Google refuses the access token that it gave" "sign in again with 'haven auth google'"
        rm -f "$WORK/signed-in-at"
        continue
        ;;
    esac
    [ "$curl_exit" -ne 33 ] || rm -f "$answer" # the server cannot go on in the middle: from the start
    [ "$(size_of "$answer")" -le "$had" ] || failures=0
    failures=$((failures + 1))
    pause_or_give_up "$what" "$failures"
  done
}

find_manifests() { # [BACKUP]: lines "backup id, Drive's file id" in $WORK/found, newest first
  query="appProperties has { key='haven' and value='$(printf %s "$SET" | sed "s/[\\\\']/\\\\&/g")' } and appProperties has { key='kind' and value='manifest' } and trashed = false"
  [ $# -eq 0 ] || query="$query and appProperties has { key='backup' and value='$1' }"
  : > "$WORK/files"
  page=
  while :; do
    ask "listing the backups" "$WORK/page" --get --data-urlencode "q=$query" --data pageSize=1000 ${page:+--data-urlencode "pageToken=$page"} \
      --data-urlencode "fields=nextPageToken,incompleteSearch,files(id,createdTime,appProperties)" "$ROOT/drive/v3/files" ||
      die 3 "there is no Google Drive at the address in store.json" "use the kit's own store.json"
    jq -e '.incompleteSearch != true and (.files | type == "array")' "$WORK/page" > /dev/null || die 11 "listing the backups: Google's answer is incomplete" "run this again later"
    jq -c '.files[]' "$WORK/page" >> "$WORK/files"
    page=$(jq -r '.nextPageToken // empty' "$WORK/page")
    [ -n "$page" ] || break
  done
  jq -rs 'sort_by(.createdTime) | reverse | .[] | [.appProperties.backup, .id] | select(all(type == "string" and test("^[A-Za-z0-9_-]+$"))) | @tsv' "$WORK/files" > "$WORK/found"
}

# ---- the format haven-b/1 (FORMAT.md) --------------------------------------------------------------------------------------

size_of() { if [ -f "$1" ]; then wc -c < "$1"; else echo 0; fi; }
hash_of() { sha256sum < "$1" | cut -d ' ' -f 1; }
free_kib() { df -Pk "$WORK" | { read -r _ && read -r _ _ _ free _ && echo "$free"; }; }

decrypt() { # FILE, OUTPUT: with the first passphrase that opens it, beginning with the one that opened the file before
  opens=$(cat "$WORK/opens" 2> /dev/null || :)
  for passphrase in ${opens:+"$opens"} "$WORK"/passphrase.*; do
    ! decrypt_with "$passphrase" "$1" "$2" || {
      printf %s "$passphrase" > "$WORK/opens"
      return 0
    }
  done
  return 1
}

decrypt_with() { # file of a PASSPHRASE, FILE, OUTPUT
  if [ -n "${HAVEN_SOP:-}" ]; then
    rm -f "$3"
    "$HAVEN_SOP" decrypt --with-password="$1" < "$2" > "$3" 2> "$WORK/says"
    return
  fi
  gpg_decrypt gnupg "$1" "$2" "$3"
}

gpg_decrypt() { # HOME in $WORK, file of a PASSPHRASE, FILE, OUTPUT
  rm -f "$4" "$WORK/status"
  mkdir -p "$WORK/$1"
  # gpg -d also prints a message that nobody encrypted and calls that a success: ask what it really did.
  gpg --homedir "$WORK/$1" --batch --no-tty --pinentry-mode loopback --passphrase-file "$2" \
    --status-file "$WORK/status" --output "$4" --decrypt "$3" < /dev/null 2> "$WORK/says" &&
    grep -q '^\[GNUPG:\] DECRYPTION_OKAY' "$WORK/status"
}

# The secret key opens parts only. A manifest never: to a public key anybody could have written one.
check_secret_key() { # fingerprints that the parts are encrypted to: that the kit's secret key is one of them, as far as the decrypting program can tell
  what="this backup is encrypted to the public key $1"
  [ -e "$KIT/secret-key.asc" ] || die 3 "$what, and the kit has no secret-key.asc" "put the secret key, armored, beside restore-b.sh; its owner may keep it apart from the kit (SECRET-KEY.txt)"
  for file in secret-key.asc secret-key-passphrase; do
    [ ! -e "$KIT/$file" ] || [ -r "$KIT/$file" ] || die 3 "you may not read the kit's $file" "run this as its owner"
  done
  : > "$WORK/key-passphrase"
  [ ! -e "$KIT/secret-key-passphrase" ] || head -n 1 "$KIT/secret-key-passphrase" | tr -d '\n' > "$WORK/key-passphrase"
  [ -z "${HAVEN_SOP:-}" ] || return 0
  mkdir -p "$WORK/gnupg-key"
  gpg --homedir "$WORK/gnupg-key" --batch --no-tty --quiet --import "$KIT/secret-key.asc" < /dev/null 2> "$WORK/says" || die 3 "gpg cannot read the kit's secret-key.asc: $(tail -n 1 "$WORK/says")" "it must be an armored OpenPGP secret key"
  gpg --homedir "$WORK/gnupg-key" --batch --no-tty --with-colons --list-secret-keys 2> /dev/null | awk -F: '$1 == "fpr" { print $10 }' > "$WORK/own-keys"
  for key in $1; do ! grep -qxF "$key" "$WORK/own-keys" || return 0; done
  die 3 "$what, and the kit's secret-key.asc is another key: $(head -n 1 "$WORK/own-keys")" "put the right secret key beside restore-b.sh; several fit into that file: gpg --armor --export-secret-keys A B"
}

decrypt_with_key() { # FILE, OUTPUT, fingerprints
  key_code=0
  if [ -n "${HAVEN_SOP:-}" ]; then
    unlock=
    [ ! -s "$WORK/key-passphrase" ] || unlock=--with-key-password=$WORK/key-passphrase
    rm -f "$2"
    "$HAVEN_SOP" decrypt ${unlock:+"$unlock"} "$KIT/secret-key.asc" < "$1" > "$2" 2> "$WORK/says" || key_code=$?
    [ "$key_code" -ne 67 ] || locked=yes
  else
    gpg_decrypt gnupg-key "$WORK/key-passphrase" "$1" "$2" || key_code=$?
    # It found the key in check_secret_key, so what is missing is what unlocks it.
    [ "$key_code" -eq 0 ] || ! grep -q '^\[GNUPG:\] NO_SECKEY' "$WORK/status" || locked=yes
  fi
  [ "$key_code" -ne 0 ] || return 0
  [ "$(full_or 30)" -ne 23 ] || return 1
  [ "${locked:-no}" = no ] || die 3 "the kit's secret-key.asc is protected by a passphrase, and secret-key-passphrase $([ -s "$WORK/key-passphrase" ] && echo 'holds another one' || echo 'is missing or empty')" "write that passphrase into the file secret-key-passphrase beside it"
  die 3 "$part is encrypted to the public key $3 and cannot be decrypted with the kit's secret-key.asc ($(tail -n 1 "$WORK/says"))" "is it the secret key of that fingerprint? if it is, restore another backup"
}

open_manifest() { # BACKUP, Drive's file id: checked, in $WORK/manifest, and its parts in $WORK/parts
  rm -f "$WORK/manifest.gpg"
  ask "downloading the manifest" "$WORK/manifest.gpg" --fail "$ROOT/drive/v3/files/$2?alt=media" ||
    die 30 "the manifest of backup $1 has vanished from Google Drive" "look into Drive's trash; else restore another backup (restore-b.sh list)"
  decrypt "$WORK/manifest.gpg" "$WORK/manifest" ||
    die 30 "the manifest of backup $1 cannot be decrypted: it was altered, or it was encrypted with a passphrase that is none of the $(ls "$WORK" | grep -c '^passphrase\.') in the kit's file 'passphrase'" "take the newest kit; or write the passphrase of another printed sheet on a line of its own at the end of that file; if it is there, restore another backup"
  wrong=$(jq -r --arg backup "$1" '
    def count: type == "number" and . >= 0 and floor == .;
    def hash: type == "string" and test("^[0-9a-f]{64}$");
    if .format != "haven-b/1" then "its format is \(.format); this program knows haven-b/1"
    elif .backup != $backup then "it is the manifest of another backup"
    elif ([.base, .baseGuid] | map(. == null)) != [.kind == "full", .kind == "full"] then "its kind and base contradict each other"
    elif (.parts | type) != "array" or .parts == [] then "it lists no parts"
    elif (.stream.bytes | count | not) or (.stream.sha256 | hash | not) then "it does not describe its stream"
    else ([.parts | to_entries[] | .key as $i | .value | select((
        .n == $i and (.file | type == "string" and test("^[A-Za-z0-9_-]+$")) and (.compression | IN("xz", "zstd", "none"))
        and (.stream | (.offset | count) and (.bytes | count and . > 0) and (.sha256 | hash))
        and (.stored | (.bytes | count and . > 0) and (.sha256 | hash))
        and (.recipients | . == null or (type == "array" and . != [] and all(type == "string" and test("^[0-9A-F]{40,64}$"))))) | not) | $i] | first) as $bad
    | (reduce .parts[] as $p ({at: 0}; if .gap == null and $p.stream.offset != .at then .gap = $p.n else .at += $p.stream.bytes end)) as $sum
    | if $bad != null then "its entry \($bad + 1) is not that of part \($bad + 1)"
      elif $sum.gap != null then "there is a gap or an overlap before part \($sum.gap + 1)"
      elif $sum.at != .stream.bytes then "its parts make \($sum.at) bytes, its stream has \(.stream.bytes)"
      else "" end
    end' "$WORK/manifest" 2> "$WORK/says") || wrong="it is not the JSON that FORMAT.md describes"
  [ -z "$wrong" ] || die 30 "the manifest of backup $1 is not valid: $wrong" "restore another backup (restore-b.sh list), and keep this one for somebody who can look at it"
  ! jq -e 'any(.parts[]; .compression == "zstd")' "$WORK/manifest" > /dev/null || command -v zstd > /dev/null ||
    [ "${LISTING:-no}" = yes ] || die 3 "backup $1 is compressed by 'zstd', which is not installed" "apt-get install zstd"
  jq -r '.parts[] | [.file, .compression, .stream.bytes, .stream.sha256, .stored.bytes, .stored.sha256, (.recipients // ["-"] | join(" "))] | @tsv' "$WORK/manifest" > "$WORK/parts"
}

find_backup() { # BACKUP: its manifest, as open_manifest leaves it
  find_manifests "$1"
  IFS=$TAB read -r found file < "$WORK/found" ||
    die 30 "there is no backup $1 in the set '$SET' of this Google account" "restore-b.sh list shows those that are there; look into Drive's trash; was it another account?"
  [ "$(wc -l < "$WORK/found")" -eq 1 ] || say "note: there are several manifests of backup $found; this takes the newest"
  open_manifest "$1" "$file"
}

part_of() { # N: what the manifest says of it
  part="part $1 of $last"
  sed -n "$1p" "$WORK/parts" > "$WORK/part.$1"
  IFS=$TAB read -r file compression bytes sha256 stored_bytes stored_sha256 recipients < "$WORK/part.$1"
}

# Downloads one part, checks it as stored, decrypts: $WORK/packed.N. It may run beside all that follows, for the part before.
fetch_part() { # N
  part_of "$1"
  stored=$WORK/stored.$1 packed=$WORK/packed.$1
  needed=$((stored_bytes + (stored_bytes > bytes ? stored_bytes : bytes) + 1048576))
  [ "$(free_kib)" -ge $((needed / 1024)) ] || die 23 "$part: needs $needed bytes in ${TMPDIR:-/tmp}, where $(free_kib) KiB are free" "free space, or set TMPDIR to a folder with more room"
  for again in no yes; do # a difference may come from the way here: download once more before calling it damage
    rm -f "$stored"
    ask "$part: downloading" "$stored" --fail --continue-at - "$ROOT/drive/v3/files/$file?alt=media" ||
      die 30 "$part is missing: Google Drive has no such file any more" "look into Drive's trash; else restore another backup"
    wrong=
    [ "$(size_of "$stored")" -eq "$stored_bytes" ] || wrong="it has $(size_of "$stored") bytes but the manifest says $stored_bytes"
    [ -n "$wrong" ] || {
      found=$(hash_of "$stored")
      [ "$found" = "$stored_sha256" ] || wrong="its stored sha256 is $found but the manifest says $stored_sha256"
    }
    [ -n "$wrong" ] || break
    [ "$again" = no ] || die 30 "$part is damaged: $wrong" "restore another backup; keep this one for somebody who can look at it"
    say "$part: $wrong; downloading it once more"
  done
  if [ "$recipients" = - ]; then
    decrypt "$stored" "$packed"
  else
    decrypt_with_key "$stored" "$packed" "$recipients"
  fi || die "$(full_or 30)" "$part cannot be decrypted, though it is what was stored" "is its passphrase in the kit's file 'passphrase' (several may be, a line each)? is the disk full? else restore another backup"
  rm -f "$stored"
}

fetch_ahead() { # N: beside the shell, where there is room for it and for the one before; what it says is told when its turn comes
  part_of "$1"
  [ "$(free_kib)" -ge $(((2 * stored_bytes + 2 * bytes) / 1024 + 2048)) ] || return 0
  (
    AHEAD='' PASSING=''
    fetch_part "$1"
  ) 3>&- > /dev/null 2> "$WORK/ahead" &
  AHEAD=$!
}

# Leaves $WORK/packed.N, however it came here.
demand_part() { # N
  if [ -z "$AHEAD" ]; then
    settle
    fetch_part "$1" 3>&-
    return
  fi
  code=0
  wait "$AHEAD" || code=$?
  AHEAD=''
  [ "$code" -eq 0 ] || settle # what came before is good
  cat "$WORK/ahead" >&2
  [ "$code" -eq 0 ] || exit "$code"
}

# Decompresses a part, checks it as plain: $WORK/plain.N
open_part() { # N
  part_of "$1"
  packed=$WORK/packed.$1 plain=$WORK/plain.$1
  case $compression in
    none) mv -f "$packed" "$plain" ;;
    zstd) zstd --decompress --stdout --quiet < "$packed" > "$plain" 2> "$WORK/unpacking" || die "$(full_or 30)" "$part cannot be decompressed, though it is what was stored" "is the disk full? else restore another backup" ;;
    xz) xz --decompress --format=xz --stdout < "$packed" > "$plain" 2> "$WORK/unpacking" || die "$(full_or 30)" "$part cannot be decompressed, though it is what was stored" "is the disk full? else restore another backup" ;;
  esac
  rm -f "$packed"
  [ "$(size_of "$plain")" -eq "$bytes" ] || die 30 "$part: its plain piece has $(size_of "$plain") bytes but the manifest says $bytes" "restore another backup"
  [ "$(hash_of "$plain")" = "$sha256" ] || die 30 "$part: the sha256 of its plain piece is not the manifest's" "restore another backup"
}

pass_on() { # N
  cat "$WORK/plain.$1" || die 1 "the stream's reader stopped in part $1 of $last" "see what it said"
  rm -f "$WORK/plain.$1"
  say "part $1 of $last: good"
}

settle() { # until the part before is passed on
  [ -n "$PASSING" ] || return 0
  passed=0
  wait "$PASSING" || passed=$?
  PASSING=''
  [ "$passed" -eq 0 ] || {
    stop_jobs
    exit "$passed"
  }
}

full_or() { if [ "$(free_kib)" -lt 1024 ]; then echo 23; else echo "$1"; fi; }

stream() { # BACKUP: the plain stream on stdout; its last part only when the whole of it has the manifest's hash
  find_backup "$1"
  say "manifest: $(jq -c '{backup, chain, kind, base, baseGuid, guid: .source.guid, type: .source.type, createdAt: .source.createdAt, parts: (.parts | length),
    storedBytes: ([.parts[].stored.bytes] | add), streamBytes: .stream.bytes, streamSha256: .stream.sha256}' "$WORK/manifest")"
  whole=$(jq -r .stream.sha256 "$WORK/manifest")
  last=$(jq -r '.parts | length' "$WORK/manifest")
  cut -f 7 "$WORK/parts" | sort -u > "$WORK/seals"
  while read -r recipients; do
    [ "$recipients" = - ] || check_secret_key "$recipients"
  done < "$WORK/seals"
  rm -f "$WORK/whole"
  mkfifo "$WORK/whole"
  sha256sum < "$WORK/whole" > "$WORK/whole.sha256" &
  hasher=$!
  exec 3> "$WORK/whole"
  AHEAD='' PASSING='' n=0
  while [ "$n" -lt "$last" ]; do
    n=$((n + 1))
    demand_part "$n"
    [ "$n" -eq "$last" ] || fetch_ahead $((n + 1))
    open_part "$n"
    settle
    cat "$WORK/plain.$n" >&3
    [ "$n" -lt "$last" ] || break
    (
      AHEAD='' PASSING=''
      pass_on "$n"
    ) 3>&- &
    PASSING=$!
  done
  exec 3>&-
  wait "$hasher"
  [ "$(cut -d ' ' -f 1 "$WORK/whole.sha256")" = "$whole" ] || die 30 "every part is right, but the whole stream's sha256 is not the manifest's" "restore another backup"
  pass_on "$n"
}

list() {
  LISTING=yes
  find_manifests
  : > "$WORK/lines"
  bad=0
  while IFS=$TAB read -r id file <&4; do
    if (open_manifest "$id" "$file"); then
      jq -r '[.backup, .kind, .source.createdAt, .source.id, .stream.bytes] | map(tostring) | @tsv' "$WORK/manifest" >> "$WORK/lines"
    else
      code=$?
      [ "$code" -eq 30 ] || exit "$code"
      bad=$((bad + 1))
    fi
  done 4< "$WORK/found"
  sort -t "$TAB" -k 3,3r "$WORK/lines"
  [ "$bad" -eq 0 ] || die 30 "$bad of the manifests cannot be used (see above)" "the backups listed are not affected"
  [ -s "$WORK/lines" ] || say "There is no backup in the set '$SET' of this Google account."
}

restore() { # BACKUP, POOL/NAME: the chain from its full on
  command -v zfs > /dev/null || die 3 "the program 'zfs' is not installed" "apt-get install zfsutils-linux"
  ! zfs list -H -o name "$2" > /dev/null 2>&1 || die 3 "the dataset $2 exists already" "name a new one"
  chain=''
  next=$1 guid=''
  while [ -n "$next" ]; do
    case " $chain" in *" $next "*) die 30 "the chain of backup $1 runs in a circle" "restore another backup" ;; esac
    find_backup "$next"
    [ -z "$guid" ] || [ "$guid" = "$(jq -r .source.guid "$WORK/manifest")" ] ||
      die 30 "the chain of backup $1 is broken: backup $next is not of the snapshot that the next one starts from" "restore another backup (restore-b.sh list)"
    chain="$next $chain"
    next=$(jq -r '.base // empty' "$WORK/manifest")
    guid=$(jq -r '.baseGuid // empty' "$WORK/manifest")
  done
  for id in $chain; do
    say "receiving backup $id into $2"
    received=0
    {
      set +e
      (
        # What runs beside this shell does not hear a Ctrl-C.
        trap stop_jobs EXIT
        trap 'exit 130' INT
        trap 'exit 143' HUP TERM
        set -e
        stream "$id"
      )
      echo $? > "$WORK/streamed"
    } | zfs receive -u "$2" || received=$?
    streamed=$(cat "$WORK/streamed")
    # When the stream breaks off, zfs complains as well; the reason is the stream's.
    [ "$streamed" -eq 0 ] || [ "$streamed" -gt 128 ] || die "$streamed" "backup $id was not restored (the reason is above)" "to begin anew: zfs destroy -r $2"
    [ "$received" -eq 0 ] || die 1 "zfs did not accept backup $id (its reason is above)" "is there room in the pool? to begin anew: zfs destroy -r $2"
  done
  say "Done. To see the files:   zfs set mountpoint=/mnt/restored $2 && zfs mount $2"
}

usage() {
  sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p;}' "$0"
}

backup_id() {
  case $1 in *[!0-9a-f]* | '') die 3 "'$1' is not the id of a backup" "restore-b.sh list shows them" ;; esac
}

case "${1:-} $#" in
  "list 1")
    begin
    list
    ;;
  "stream 2")
    backup_id "$2"
    begin
    stream "$2"
    ;;
  "restore 3")
    backup_id "$2"
    case $3 in -* | /* | */ | *@*) false ;; */*) ;; *) false ;; esac || die 3 "'$3' is not the name of a dataset to make, like tank/restored" "restore-b.sh --help"
    begin
    restore "$2" "$3"
    ;;
  "--help 1" | "-h 1") usage ;;
  *)
    usage >&2
    exit 3
    ;;
esac
