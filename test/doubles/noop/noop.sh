#!/bin/sh
# The test double for every image. It reads /haven/request.json, tells in a note what it was given (uid, capabilities, mounts,
# environment), and then does what a script says (`prune-apply` is the verb `prune` with a plan): the field `script` of the request's settings, or else the environment
# variable NOOP_SCRIPT of an image built on this one. A script is an object, or one object a verb:
#   exitCode · result (merged into the last line) · events (list) · stderr · sleepMs · ignoreSigterm · noResult · twoResults ·
#   garbageLine (to stdout) · afterResult (a line after it) · eatMiB (of memory) · supported (versions, for `version`)
set -u

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
emit() { jq -cn --arg at "$(now)" "$@"; }
script() { printf '%s' "$script" | jq -c "$1"; }

verb=${1:-}
run=
bad_request() {
  emit --arg verb "${verb:-none}" --arg message "$1" \
    '{event:"result",at:$at,contract:"1.0",verb:$verb,outcome:"failed",
      error:{code:"bad-request",operation:"read the request",message:$message,hint:"read images/CONTRACT.md"}}'
  echo "bad request: $1" >&2
  exit 3
}
interrupted() {
  [ -z "${sleeper:-}" ] || kill "$sleeper" 2>/dev/null # it may have ended just now
  emit --arg verb "$verb" --arg run "$run" \
    '{event:"result",at:$at,contract:"1.0",verb:$verb,run:$run,outcome:"interrupted",
      error:{code:"interrupted",operation:$verb,message:"stopped by SIGTERM"}}'
  exit 143
}

all_verbs='["version","backup","list","audit","prune","look","prepare","fetch","parse","seal","receive","restore","verify","verify-volume","copy-out","reap"]'
[ $# -eq 1 ] || bad_request "one verb is wanted, $# were given"
printf '%s' "$all_verbs" | jq -e --arg verb "$verb" 'index($verb) != null' >/dev/null || bad_request "no such verb"

script=${NOOP_SCRIPT:-'{}'}
if [ "$verb" = version ]; then
  script=$(printf '%s' "$script" | jq -c '.version // .')
  emit --argjson verbs "$all_verbs" --argjson supported "$(script '.supported // ["1.0"]')" \
    '{event:"result",at:$at,contract:"1.0",verb:"version",outcome:"ok",
      version:{contract:"1.0",supported:$supported,image:"noop",strategy:null,verbs:$verbs,tools:{jq:"1"}}}'
  exit 0
fi

[ -r /haven/request.json ] || bad_request "there is no request"
fields='{"backup":["sources","kind","settings"],"list":["settings"],"audit":["settings"],"prune":["settings","proven"],"fetch":["strategy","backups"],"look":["strategy"],"parse":["streams"],"prepare":["scratch","pool","sizeBytes"],"seal":["scratch","pool"],
  "receive":["scratch","pool","sizeBytes","type","streams"],"restore":["dataset","type","streams"],"copy-out":["step","path","really"],"verify":["compare"],"verify-volume":["pool","restored","source"],"reap":["scratch","pools"]}'
jq -es --arg verb "$verb" --argjson fields "$fields" \
  'length == 1 and (.[0] | type == "object" and .contract == "1.0" and .verb == $verb
    and (.run | type == "string" and test("^[a-z0-9][a-z0-9-]{0,62}$"))
    and (keys | map(select(. != "plan" or $verb != "prune")) | sort) == (["contract","verb","run"] + $fields[$verb] | sort))' \
  /haven/request.json >/dev/null 2>&1 || bad_request "the request is not one of the contract"
run=$(jq -r .run /haven/request.json)
request=$(jq -c . /haven/request.json)
script=$(jq -cn --argjson request "$request" --argjson built "$script" --arg verb "$verb" \
  '($request.settings.script // $built) | ((if $request.plan then .["prune-apply"] else null end) // .[$verb] // .)')

trap interrupted TERM
[ "$(script '.ignoreSigterm')" != true ] || trap '' TERM
emit --arg verb "$verb" --arg run "$run" '{event:"started",at:$at,verb:$verb,run:$run,contract:"1.0"}'

status() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
# Without secrets there is no /run/secrets: an empty list says so.
given=$(jq -cn --arg uid "$(id -u)" --arg gid "$(id -g)" --arg capEff "$(status CapEff)" --arg capBnd "$(status CapBnd)" \
  --arg noNewPrivs "$(status NoNewPrivs)" --arg mounts "$(cut -d' ' -f2,4 /proc/mounts)" --arg environment "$(env)" \
  --arg secrets "$(ls /run/secrets 2>/dev/null)" --arg network "$(ls /sys/class/net)" --arg argv "$*" \
  '$ARGS.named')
emit --arg message "$given" '{event:"note",at:$at,level:"info",code:"given",message:$message}'

script '.events[]?' | while read -r event; do
  emit --argjson event "$event" '{at:$at} + $event'
done
[ "$(script '.stderr')" = null ] || script '.stderr' | jq -r . >&2
[ "$(script '.garbageLine')" = null ] || script '.garbageLine' | jq -r .
eat=$(script '.eatMiB // 0')
[ "$eat" = 0 ] || exec jq -n --argjson bytes "$((eat * 1024 * 1024))" '"x" * $bytes | length'

# In pieces, each of them waited for, so that SIGTERM is heard at once; a container's init ignores a signal without a handler.
milliseconds=$(script '.sleepMs // 0')
if [ "$milliseconds" -gt 0 ]; then
  sleep "$((milliseconds / 1000)).$(printf '%03d' "$((milliseconds % 1000))")" &
  sleeper=$!
  wait "$sleeper"
  sleeper=
fi

# Backups that the script puts into the result of `list` are told as its events.
[ "$verb" != list ] || script '.result.backups[]?' | while read -r backup; do
  emit --argjson backup "$backup" '{event:"backup",at:$at} + $backup'
done

exit_code=$(script '.exitCode // 0')
[ "$(script '.noResult')" != true ] || exit "$exit_code"
answer() {
  emit --argjson request "$request" --argjson exit "$exit_code" --argjson told "$(script '.result // {}')" '
    {"0":"ok","3":"bad-request","10":"partial","11":"try-later","20":"source-unreadable","21":"store-full",
     "22":"credentials-revoked","23":"local-full","30":"damaged","143":"interrupted"}[$exit | tostring] // "failed"
    | . as $code
    | {"ok":"ok","partial":"partial","interrupted":"interrupted"}[$code] // "failed"
    | . as $outcome
    | {bytes: 1000, sha: ("ab" * 32), guid: "12345678901234567890"} as $stream
    # The snapshots of a chain, the newest first: that is the one that the fake zfs makes.
    | [$stream.guid, "11", "12", "13"] as $guids
    | {event:"result",at:$at,contract:"1.0",verb:$request.verb,run:$request.run,outcome:$outcome}
    + if $exit == 0 then {} else {error:{code:$code,operation:$request.verb,message:"as the script says",hint:"change the script"}} end
    + if $request.verb == "backup" then
        { backups: (if $exit == 0 then [$request.sources[] | {id:("00000000000000000000000000000000" + .guid)[-32:],
            chain:("00000000000000000000000000000000" + .guid)[-32:],kind:"full",base:null,source:.id,guid:.guid,createdAt:$at,
            committedAt:$at,parts:1,streamBytes:$stream.bytes,streamSha256:$stream.sha,storedBytes:500,type:"filesystem"}] else [] end),
          sources: [$request.sources[] | {id, outcome:(if $exit == 0 then "ok" else "failed" end)}] }
      elif $request.verb == "list" then {count:($told.backups // [] | length),incomplete:[],incompleteCount:0}
      elif $request.verb == "audit" then {audit:{backups:0,parts:0,storedBytes:0,calls:0,askedById:0,downloads:0,findings:[]}}
      elif $exit != 0 then {}
      elif $request.verb == "prune" then {plan:{digest:("0d" * 32),goes:0,stays:0,files:0,storedBytes:0}}
          + (if $request.plan then {pruned:{files:0,failed:0,storedBytes:0}} else {} end)
      elif $request.verb == "look" then {looked:{backups:1,newestAt:$at,tools:{},seconds:1}}
      elif $request.verb == "prepare" then {prepared:{pool:$request.pool,dataset:($request.pool + "/restored"),tools:{},seconds:1}}
      elif $request.verb == "seal" then {sealed:{pool:$request.pool,dataset:($request.pool + "/restored"),snapshot:"drill-000",guid:"99",
          scrub:{state:"finished",errors:0},tools:{},seconds:1}}
      # Of strategy A the last of the chain is asked for; the double knows of no chain but a full alone.
      elif $request.verb == "fetch" and $request.strategy == "a" then {fetched:{tools:{},seconds:1,backups:[$request.backups[] |
          {id:.,chain:.,kind:"full",base:null,guid:$stream.guid,volumes:1,bytes:500,createdAt:$at}]}}
      elif $request.verb == "fetch" then {fetched:{tools:{},seconds:1,backups:[$request.backups as $chain | range($chain | length) | {backup:$chain[.],chain:$chain[0],
          kind:(if . == 0 then "full" else "incremental" end),base:(if . == 0 then null else $chain[. - 1] end),
          baseGuid:(if . == 0 then null else $guids[($chain | length) - .] end),guid:$guids[($chain | length) - 1 - .],parts:1,storedBytes:500,
          streamBytes:$stream.bytes,streamSha256:$stream.sha,createdAt:$at,type:"filesystem",seconds:1}]}}
      elif $request.verb == "parse" then {parsed:{guid:$stream.guid,tools:{},seconds:1,
          streams:[range($request.streams) | {guid:$guids[$request.streams - 1 - .],baseGuid:(if . == 0 then null else $guids[$request.streams - .] end),
            records:2,streamBytes:$stream.bytes,streamSha256:$stream.sha}]}}
      elif $request.verb == "receive" then {received:{pool:$request.pool,dataset:"restored",snapshot:"drill",guid:$stream.guid,
          streams:[range($request.streams) | {snapshot:"drill",guid:$guids[$request.streams - 1 - .],streamBytes:$stream.bytes,streamSha256:$stream.sha}],
          scrub:{state:"finished",errors:0},tools:{},seconds:1}}
      elif $request.verb == "restore" then {restored:{snapshot:"haven-restored-000",guid:$stream.guid,
          streams:[range($request.streams) | {snapshot:"haven-restored-000",guid:$guids[$request.streams - 1 - .],streamBytes:$stream.bytes,streamSha256:$stream.sha}],
          tools:{},seconds:1}}
      elif $request.verb == "copy-out" and $request.step == "look" then {copiedOut:{entries:0,freeBytes:1000000000000,seconds:1}}
      elif $request.verb == "copy-out" then {copiedOut:{entries:3,files:2,bytes:100,differences:{},seconds:1}}
      elif $request.verb == "verify" then {comparison:{entries:3,files:2,bytes:100,mismatches:0,byType:{file:2,directory:1},
          checked:["content"],tools:{},seconds:1}}
      elif $request.verb == "verify-volume" then {comparison:{entries:1,files:0,bytes:100,mismatches:0,byType:{volume:1},
          checked:["every-byte"],tools:{},seconds:1}}
      else {reaped: (if $request.pools == "all" then [] else $request.pools end)} end
    + if $request.verb == "list" then ($told | del(.backups)) else $told end'
}
answer
[ "$(script '.twoResults')" != true ] || answer
[ "$(script '.afterResult')" = null ] || script '.afterResult' | jq -r .
exit "$exit_code"
