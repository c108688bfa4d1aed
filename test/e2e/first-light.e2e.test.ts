// `make demo`, and what must hold around it: real ZFS, real Docker, everything through the command line that an owner uses.
// The tests are steps of one story and run in order: a backup in software emulation costs minutes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { attempt, bringTree, drive, haven, havenJson, home, run, shell } from './ground.ts';
import type { BackupRun, DrillRun, Listing, StoredFile } from './shapes.ts';

const dataset = 'haven-demo/family photos';

/** Of the ten thousand of `make demo`: each costs tenths of a second of an emulated processor over the whole story. */
const smallFiles = 500;

/** All that Haven could leave behind on a machine, a line each. */
const traces = () =>
  shell(`zpool list -H -o name
    docker ps -a --format 'container {{.Names}}' | grep -v haven-lab || true
    docker volume ls -q | sed 's/^/volume /'
    docker network ls --format 'network {{.Name}}'
    ls -d /var/lib/haven-demo 2>/dev/null || true`);

describe('first light', { timeout: 45 * 60_000 }, () => {
  let untouched = '';
  let screen = '';
  let seen = new Map<string, Seen[]>();

  before(async () => {
    await bringTree();
    await run(['test/demo/clean']);
    untouched = await traces();
  });

  after(async () => {
    if (process.env.KEEP === undefined) await run(['test/demo/clean']);
  });

  test('the demo ends with a screen of its numbers and exit status 0', async () => {
    const demo = await privilegesDuring(['env', `HAVEN_DEMO_FILES=${smallFiles}`, 'test/demo/demo']);

    ({ seen } = demo);
    screen = demo.stdout;
    assert.equal(demo.exit, 0, screen);
    console.log(screen.slice(screen.lastIndexOf('\n\n')));
    for (const line of [/family photos/, /parts\s+[5-9]\b/, /mismatches\s+0\b/, /pool\s+destroyed/]) {
      assert.match(screen, line);
    }
  });

  test('each container had the privileges of the contract, and no more', () => {
    const network = 'haven-demo_stores';
    const none = 'none';
    const zfs = '/dev/zfs';
    const sees = (user: string, caps: string, devices: string, reaches: string) => {
      return { user, caps, devices, network: reaches };
    };

    assert.deepEqual(seen.get('strategy-a backup'), [sees('0:0', 'DAC_READ_SEARCH', '', network)]);
    assert.deepEqual(seen.get('strategy-b backup'), [sees('1000:1000', '', zfs, network)]);
    assert.deepEqual(seen.get('drill fetch'), [
      sees('0:0', 'CHOWN,DAC_OVERRIDE,FOWNER,FSETID,MKNOD,SETFCAP', '', network),
      sees('1000:1000', '', '', network),
    ]);
    for (const verb of ['prepare', 'seal', 'receive', 'reap'])
      assert.deepEqual(seen.get(`drill ${verb}`), [sees('0:0', 'SYS_ADMIN', zfs, none)], verb);
    assert.deepEqual(seen.get('drill verify'), [sees('0:0', 'DAC_READ_SEARCH', '', none)]);
  });

  test('the verdict holds its evidence: every entry compared, none different, scrub clean', async () => {
    const names = (await run(['ls', `${home}/verdicts`])).split('\n');
    const verdict = JSON.parse(await run(['cat', `${home}/verdicts/${names.at(-1)}`])) as DrillRun['result'];

    assert.equal(verdict?.pass, true);
    const [source] = verdict.sources;
    assert.ok(source?.evidence.compared.ok);
    assert.ok((source.evidence.compared.value?.entries ?? 0) > smallFiles);
    assert.ok((source.evidence.compared.value?.bytes ?? 0) > 20_000_000);
    assert.equal(source.evidence.compared.value?.mismatches, 0);
    assert.equal(source.evidence.received.value?.scrub.errors, 0);
    assert.ok(source.checks.length >= 10 && source.checks.every((check) => check.pass));
  });

  test('the list shows the committed backup, in several parts', async () => {
    const listing = await havenJson<Listing>('list', 'b');

    assert.equal(listing.backups.length, 1);
    assert.equal(listing.incomplete.length, 0);
    assert.ok((listing.backups[0]?.parts ?? 0) >= 5);
  });

  test('neither contents nor names nor a passphrase ever reached a store', async () => {
    const canaries = [
      dataset,
      'photos',
      'haven-20',
      'all work and no play',
      'exactly one part',
      'an island',
      'third name',
    ];
    const search = `state=$(docker volume inspect -f '{{.Mountpoint}}' "haven-demo_$1")
      printf '%s' "$2" >"$state/control"; grep -rlaF -- "$2" "$state" >/dev/null; rm "$state/control"
      ! grep -rlaF -- "$2" "$state"`;

    const { files } = await drive<{ files: StoredFile[] }>('GET', 'files');
    assert.ok(files.length > 5, 'something was stored that could have given a name away');
    const stored = await shell(
      `find "$(docker volume inspect -f '{{.Mountpoint}}' haven-demo_swift-state)" -name '*.data' -size +0`,
    );
    assert.ok(stored.trim().split('\n').length >= 4, 'Swift holds volumes, signatures, and two manifests');
    for (const strategy of ['a', 'b']) {
      const passphrase = (await run(['cat', `${home}/secrets/${strategy}/passphrase`])).trim();
      for (const volume of ['drive-state', 'swift-state']) await shell(search, volume, passphrase);
    }
    for (const canary of canaries) {
      await shell(search, 'drive-state', canary);
      // The owner's public id of the dataset is the name of strategy A's folder.
      if (canary !== 'photos') await shell(search, 'swift-state', canary);
    }
  });

  test('logs and events name no dataset, snapshot or secret', async () => {
    const [passphraseA = '', passphraseB = ''] = (
      await run(['cat', `${home}/secrets/a/passphrase`, `${home}/secrets/b/passphrase`])
    ).split('\n');
    // `! grep` would not end a script under -e unless it came last: each search says so itself, and has something to search.
    const search = `cd "$1"; test -n "$(find . -name events.jsonl -size +0)"
      names=(-e 'family photos' -e "$2" -e "$3" -e demo-refresh-token -e demo-secret -e havenpass)
      if grep -rlaF "\${names[@]}" --include='*.jsonl' --include='*.txt' --include='*.log' .; then exit 1; fi
      logs=$(docker logs haven-demo-controller-1 2>&1); test -n "$logs"
      if grep -F "\${names[@]}" <<<"$logs"; then exit 1; fi`;

    await shell(search, home, passphraseA, passphraseB);
  });

  test('a stranger with the kit alone restores the dataset in a bare Debian, and it is the same', async () => {
    const [newest] = (await havenJson<Listing>('list', 'b')).backups;
    assert.ok(newest);
    const stranger = `docker run --rm --network haven-demo_stores --device /dev/zfs --cap-add SYS_ADMIN --security-opt apparmor=unconfined \
        -v "$1/kit/b:/kit:ro" haven/stranger sh /kit/restore-b.sh restore "$2" haven-demo/restored
      zfs set mountpoint="$1/restored" haven-demo/restored; zfs mount haven-demo/restored || mountpoint -q "$1/restored"
      docker run --rm --network none --user 0 -v "$1/restored:/haven/restored:ro" -v "$3/.zfs/snapshot/$4:/haven/source:ro" \
        --tmpfs /haven/out --entrypoint sh haven/drill -euc 'for folder in sizes names links permissions times many; do diff -r --no-dereference /haven/restored/$folder /haven/source/$folder; done'
      zfs destroy -r haven-demo/restored`;
    const snapshot = (
      await shell(
        `zfs list -Hpt snapshot -o name,guid -r "$1" | awk -F'\\t' -v guid="$2" '$2 == guid { sub(/.*@/, "", $1); print $1 }'`,
        dataset,
        newest.guid,
      )
    ).trim();
    const mountpoint = (await run(['zfs', 'get', '-Ho', 'value', 'mountpoint', dataset])).trim();
    // The automount of .zfs/snapshot happens on the host's own access.
    await run(['ls', `${mountpoint}/.zfs/snapshot/${snapshot}/sizes`]);

    await shell(stranger, home, newest.id, mountpoint, snapshot);
  });

  test('one flipped byte in one stored part turns the audit and the drill red, and both name the part', async () => {
    const files = (await drive<{ files: StoredFile[] }>('GET', 'files')).files;
    const [newest] = (await havenJson<Listing>('list', 'b')).backups;
    const victim = files.find((file) => file.name === `h1-${newest?.id}-000003`);
    assert.ok(victim);

    await drive('POST', `files/${victim.id}/corrupt`, { how: 'flip', offset: 1000 });

    const audit = await haven('--json', 'audit', 'b');
    assert.equal(audit.exitCode, 30, audit.stdout + audit.stderr);
    assert.match(audit.stdout, /altered/);
    const drill = await haven('--json', 'drill', 'b');
    assert.equal(drill.exitCode, 30, drill.stdout + drill.stderr);
    const summary = JSON.parse(drill.stdout) as DrillRun;
    assert.match(summary.error?.message ?? '', /part 4 of/);
    console.log(summary.error?.message);
    const status = await haven('status');
    assert.match(status.stdout, /not|failed|red/i);
    assert.equal((await run(['zpool', 'list', '-H', '-o', 'name'])).includes('haven-drill'), false);
  });

  test('a zfs send that is killed in mid-stream is a failed run: no backup, and its snapshot stays held for the next run to go on with', async () => {
    const before = await havenJson<Listing>('list', 'b');
    const kill = `for attempt in $(seq 600); do
        pid=$(docker top haven-demo-strategy-b -eo pid,args 2>/dev/null | awk '/zfs send/ && !/awk/ { print $1; exit }') || true
        if [ -n "$pid" ]; then sleep 3; kill -9 "$pid" && exit 0; fi
        sleep 0.2
      done; exit 1`;

    const [backup] = await Promise.all([haven('--json', 'backup', 'b'), shell(kill)]);

    assert.equal(backup.exitCode, 20, backup.stdout + backup.stderr);
    const now = await havenJson<Listing>('list', 'b');
    assert.deepEqual(now.backups, before.backups);
    const holds = await shell(
      `zfs list -Ht snapshot -o name -r "$1" | xargs -d '\\n' zfs holds -H | cut -f2`,
      dataset,
    );
    const ofB = holds.split('\n').filter((tag) => tag.startsWith('haven:b:'));
    assert.ok(ofB.includes(`haven:b:${before.backups[0]?.id}`), holds);
    assert.equal(ofB.length, 2, 'that of the newest backup, and that of the one in flight');
  });

  test('Ctrl-C stops the container cleanly and is recorded as interrupted', async () => {
    const interrupt = `docker compose -p haven-demo exec -T controller sh -c '
      runs() { ls -d ${home}/runs/*-backup-*; }
      before=$(runs | wc -l)
      haven --json backup b & pid=$!
      for attempt in $(seq 600); do
        [ "$(runs | wc -l)" -gt "$before" ] && grep -qs event.:.part "$(runs | tail -n 1)/events.jsonl" && break
        sleep 0.2
      done
      kill -INT $pid; wait $pid; exit $?'`;

    const stopped = await attempt(['bash', '-c', interrupt]);

    assert.equal(stopped.exitCode, 143, stopped.stdout + stopped.stderr);
    assert.equal((JSON.parse(stopped.stdout) as BackupRun).outcome, 'interrupted');
    assert.equal(await shell('docker ps -q --filter name=haven-demo-strategy-b'), '');
  });

  test('after the damage a new backup makes the drill green again', async () => {
    const backup = await haven('--json', 'backup', 'b');
    const drill = await haven('--json', 'drill', 'b');

    assert.equal((JSON.parse(backup.stdout) as BackupRun).outcome, 'ok', backup.stderr);
    assert.equal((JSON.parse(drill.stdout) as DrillRun).result?.pass, true, drill.stderr);
  });

  test('clean-demo leaves nothing behind', async () => {
    await run(['test/demo/clean']);

    assert.equal(await traces(), untouched);
  });
});

interface Seen {
  user: string;
  caps: string;
  devices: string;
  network: string;
}

/**
 * Runs a command while Docker reports each container of Haven that starts; returns what Docker says each may do, by part and verb: every
 * different answer once. What all must have in common is demanded here.
 */
async function privilegesDuring(
  argv: string[],
): Promise<{ exit: number; stdout: string; seen: Map<string, Seen[]> }> {
  const format = `{{index .Config.Labels "haven.part"}} {{index .Config.Labels "haven.verb"}}|{{.Config.User}}|{{.HostConfig.CapAdd}}|{{range .HostConfig.Devices}}{{.PathOnHost}}{{end}}|{{.HostConfig.NetworkMode}}|{{.HostConfig.CapDrop}}|{{.HostConfig.ReadonlyRootfs}}|{{.HostConfig.SecurityOpt}}|{{.HostConfig.Privileged}}|{{.HostConfig.PidsLimit}}|{{.HostConfig.Memory}}`;
  const watch = `docker events --filter event=create --filter label=haven.verb --format '{{.ID}}' >/tmp/created & watcher=$!
    (tail -f --pid $watcher -n +1 /tmp/created | while read -r id; do docker inspect --format "$1" "$id"; done) >/tmp/inspected & reader=$!
    sleep 1; shift; code=0; "$@" >/tmp/done 2>&1 || code=$?; sleep 1; kill $watcher; wait $reader || true; echo $code; cat /tmp/inspected`;
  const [code, ...lines] = (await shell(watch, format, ...argv)).trim().split('\n');
  const seen = new Map<string, Seen[]>();
  for (const line of lines) {
    const [what = '', user = '', caps = '', devices = '', network = '', ...common] = line.split('|');
    const [dropped, readonly, security, privileged, pids, memory] = common;
    // The version is asked of every image, and of none is anything wanted for it.
    if (what.endsWith(' version')) continue;
    assert.equal(dropped, '[ALL]', line);
    assert.equal(readonly, 'true', line);
    assert.equal(privileged, 'false', line);
    assert.match(security ?? '', /no-new-privileges/, line);
    assert.ok(Number(pids) > 0 && Number(memory) > 0, line);
    const granted = caps
      .replaceAll(/\[|\]|CAP_/g, '')
      .split(' ')
      .toSorted()
      .join(',');
    const one = { user, caps: granted, devices, network };
    const others = seen.get(what) ?? [];
    if (!others.some((other) => isDeepStrictEqual(other, one)))
      seen.set(
        what,
        [...others, one].toSorted((a, b) => a.user.localeCompare(b.user)),
      );
  }
  return { exit: Number(code), stdout: await run(['cat', '/tmp/done']), seen };
}
