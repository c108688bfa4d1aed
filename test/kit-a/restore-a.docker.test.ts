// The kit's program as a stranger and as the drill run it, against a real Swift: with both Debians' duplicity, and with everything that can be wrong.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { parseEvent } from '../conformance/container.ts';
import {
  CAPABILITIES,
  COMPARE,
  DRILL,
  type Ended,
  type Ground,
  type Manifest,
  PASSPHRASE,
  PASSWORD,
  STRANGER,
  startGround,
} from './swift-and-kit.ts';

const FULL = 'aa'.repeat(16);
const NEXT = 'bb'.repeat(16);
const RESTORE = `sh /kit/restore-a.sh restore ${NEXT} /haven/out/new`;

// Made before any test is declared: a root-level hook would run beside the suites.
const ground: Ground = await startGround();
after(() => ground.dispose());
const kit = ground.kit();
const full: Manifest = await ground.write('full', FULL);
const CHANGE = 'cd /haven/source/docs && echo more > plain && ln deep/er/est/leaf another-name';
assert.equal((await ground.run(DRILL, kit, CHANGE)).code, 0);
const next: Manifest = await ground.write('incremental', NEXT, full);

/** Given a set's time, return the time a second later. */
function secondAfter(time: string): string {
  const parts = /^(....)(..)(..)T(..)(..)(..)Z$/.exec(time)!.slice(1).map(Number);
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  const later = new Date(Date.UTC(year, month - 1, day, hour, minute, second + 1));
  return later.toISOString().replaceAll(/[-:]|\.000/g, '');
}

async function fresh(
  image: string,
  with_kit: string,
  script: string,
  options: string[] = [],
): Promise<Ended> {
  return ground.run(image, with_kit, `rm -rf /haven/out/new*; ${script}`, options);
}

function assertRefused(ended: Ended, code: number, sentence: RegExp): void {
  assert.match(ended.said, sentence);
  assert.match(ended.said, /^WHAT TO DO: ./m);
  assert.equal(ended.code, code, ended.said);
}

for (const [debian, image] of Object.entries({ '12': STRANGER, '13': DRILL })) {
  describe(`with the duplicity of Debian ${debian}`, () => {
    test('a full and an incremental come back without a difference', async () => {
      const restored = await fresh(image, kit, `${RESTORE}; code=$?; ls -A /work; exit $code`);
      const compared = await ground.run(DRILL, kit, COMPARE, ['--cap-add', 'DAC_READ_SEARCH']);

      assert.equal(restored.code, 0, restored.said);
      assert.equal(restored.stdout, '', 'temporary files are gone');
      assert.equal(restored.said.match(/^manifest: /gm)?.length, 2);
      assert.match(restored.said, /^data: volume 1 of \d+: good$/m);
      assert.match(compared.stdout, /^[1-9]\d* \{\}$/m, compared.stdout + compared.said);
    });

    test('an older backup comes back as it was', async () => {
      const script = `sh /kit/restore-a.sh restore ${FULL} /haven/out/new && cat /haven/out/new/plain`;

      const restored = await fresh(image, kit, script);

      assert.equal(restored.code, 0, restored.said);
      assert.equal(restored.stdout, 'plain content');
    });

    test('the list has both, newest first', async () => {
      const listed = await ground.run(image, kit, 'sh /kit/restore-a.sh list');

      const lines = listed.stdout.split('\n').map((line) => line.split('\t'));
      assert.equal(listed.code, 0, listed.said);
      assert.deepEqual(
        lines.map(([id, kind, , source]) => [id, kind, source]),
        [
          [NEXT, 'incremental', 'docs'],
          [FULL, 'full', 'docs'],
        ],
      );
    });
  });
}

describe('signing in', () => {
  const keystone = { user: 'backup', password: 'keystonepass' };
  const place = { project: 'haven', region: 'GRA' };
  for (const version of [2, 3]) {
    const url = `http://swift:8080/keystone/v${version}${version === 2 ? '.0' : ''}`;
    const store = { format: 'haven-a/1', container: 'haven', auth: { version, url, ...place } };
    test(`by Keystone v${version}`, async () => {
      const restored = await fresh(DRILL, ground.kit({ store, swift: keystone }), RESTORE);

      assert.equal(restored.code, 0, restored.said);
    });
  }

  test('a wrong password is exit 22, and no wait', async () => {
    const swift = { user: 'haven:backup', password: 'another' };

    assertRefused(
      await fresh(DRILL, ground.kit({ swift }), RESTORE),
      22,
      /^ERROR: .*Swift refuses user or password/m,
    );
  });

  test('variables of other accounts in the environment do not lead astray', async () => {
    const strays = [
      'ST_AUTH',
      'OS_AUTH_URL',
      'SWIFT_PREAUTHURL',
      'SWIFT_PREAUTHTOKEN',
      'OS_STORAGE_URL',
      'SWIFT_AUTHURL',
    ];
    const options = [...strays, 'PASSPHRASE', 'ST_KEY'].flatMap((name) => [
      '--env',
      `${name}=http://elsewhere:1/`,
    ]);

    const restored = await fresh(DRILL, kit, RESTORE, options);

    assert.equal(restored.code, 0, restored.said);
  });

  test('neither passphrase nor password is in the arguments of any program', async () => {
    const spy =
      'while sleep 0.05; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "; done > /work/spied & spy=$!';
    const script = `${spy}; ${RESTORE}; code=$?; kill $spy; cat /work/spied; exit $code`;

    const restored = await fresh(DRILL, kit, script);

    assert.equal(restored.code, 0, restored.said);
    assert.match(restored.stdout, /duplicity restore --numeric-owner/);
    assert.match(restored.stdout, /swift --quiet/);
    for (const secret of [PASSPHRASE, PASSWORD])
      assert.ok(!(restored.stdout + restored.said).includes(secret));
  });
});

describe('what is wrong here', () => {
  test('a folder that is not empty is not touched', async () => {
    const script = `mkdir /haven/out/new && echo mine > /haven/out/new/file && ${RESTORE}; code=$?; cat /haven/out/new/*; exit $code`;

    const ended = await fresh(DRILL, kit, script);

    assertRefused(ended, 3, /^ERROR: .*not an empty folder/m);
    assert.equal(ended.stdout, 'mine');
  });

  test('an empty folder is taken, as the drill needs it', async () => {
    const restored = await fresh(DRILL, kit, `mkdir /haven/out/new && ${RESTORE}`);

    assert.equal(restored.code, 0, restored.said);
  });

  for (const without of ['passphrase', 'swift.json', 'attributes.py']) {
    test(`a kit without ${without}`, async () => {
      assertRefused(
        await fresh(DRILL, ground.kit({ without }), RESTORE),
        3,
        new RegExp(`incomplete: ${without}`),
      );
    });
  }

  test('wrong arguments', async () => {
    for (const args of ['', 'sing', 'restore', 'restore XYZ /haven/out/new', `restore ${NEXT} -f`, 'list x'])
      assert.equal((await ground.run(DRILL, kit, `sh /kit/restore-a.sh ${args}`)).code, 3, args);
  });

  test('a full disk for temporary files is exit 23', async () => {
    const ended = await fresh(DRILL, kit, `export TMPDIR=/tmp; ${RESTORE}`, ['--tmpfs', '/tmp:size=400k']);

    assertRefused(ended, 23, /^ERROR: .*full/m);
  });

  test('a full disk for the data is exit 23', async () => {
    const script = `sh /kit/restore-a.sh restore ${NEXT} /small`;

    const ended = await fresh(DRILL, kit, script, ['--tmpfs', '/small:size=2m']);

    assertRefused(ended, 23, /^ERROR: .*full/m);
  });

  test('an ordinary user is told to be root', async () => {
    const ended = await ground.run(DRILL, kit, `${RESTORE} 2>&1`, ['--user', '1000', '--env', 'TMPDIR=/tmp']);

    assert.equal(ended.code, 3, ended.stdout);
    assert.match(ended.stdout, /^ERROR: only root/m);
  });

  test('a setgid bit that the kernel dropped is told', async () => {
    const without = CAPABILITIES.filter((one) => one !== 'FSETID');
    const script = `rm -rf /haven/out/new*; ${RESTORE}; code=$?; cat /haven/out/new.problems; exit $code`;

    const ended = await ground.run(DRILL, kit, script, [], without);

    assertRefused(ended, 1, /^ERROR: all files are there, but some attributes could not be set/m);
    assert.equal(ended.stdout, 'not-set mode setgid');
  });

  test('what could not be given to its owner is not called restored', async () => {
    const script = `mkdir /tmp/bin && printf '#!/bin/sh\\necho 0' > /tmp/bin/id && chmod 755 /tmp/bin/id && PATH=/tmp/bin:$PATH TMPDIR=/tmp ${RESTORE.replace('/haven/out', '/tmp')}`;

    const ended = await ground.run(DRILL, kit, script, [
      '--user',
      '1000',
      '--tmpfs',
      '/tmp:exec,size=64m,mode=1777',
    ]);

    assertRefused(ended, 30, /^ERROR: .*duplicity called it done, but complained/m);
  });
});

describe('what is wrong with the network', () => {
  /** After the manifests, among what duplicity gets. */
  const DEAD_LINE = { name: 'stall', class: 'object', method: 'GET', nth: 8, seconds: 60 };

  test('a Swift that answers 503 is asked again, then given up with exit 11', async () => {
    await ground.plan({ name: 'server-error-503', class: 'container', times: 1 });
    const again = await ground.run(DRILL, kit, 'sh /kit/restore-a.sh list');
    await ground.plan({ name: 'server-error-503', class: 'container', times: 2 });
    const gaveUp = await ground.run(DRILL, kit, 'sh /kit/restore-a.sh list');

    assert.equal(again.code, 0, again.said);
    assertRefused(gaveUp, 11, /^ERROR: listing the container: no luck after 2 attempts/m);
  });

  test('no Swift at all is exit 11', async () => {
    const store = {
      format: 'haven-a/1',
      container: 'haven',
      auth: { version: 1, url: 'http://127.0.0.1:1/auth' },
    };

    assertRefused(await fresh(DRILL, ground.kit({ store }), RESTORE), 11, /^ERROR: listing/m);
  });

  test('a line that goes dead ends in exit 11, not in a hang', async () => {
    await ground.plan(DEAD_LINE);

    const ended = await fresh(DRILL, kit, RESTORE, ['--env', 'HAVEN_STALL=6']);

    assertRefused(ended, 11, /^ERROR: .*duplicity stood still for 6 seconds/m);
  });

  test('after a while without an answer, a download is begun again', async () => {
    await ground.plan(DEAD_LINE);

    const restored = await fresh(DRILL, kit, RESTORE, ['--env', 'HAVEN_TIMEOUT=5']);

    assert.equal(restored.code, 0, restored.said);
  });
});

describe('what is wrong in the store', () => {
  const volume = () => `docs/${next.objects.find(({ name }) => name.includes('.vol1.'))!.name}`;
  const fullVolume = () => `docs/${full.objects.find(({ name }) => name.includes('.vol2.'))!.name}`;

  /** Does something to the store while one object is kept aside, and puts that back. */
  async function damaged(object: string, damage: string, sentence: RegExp): Promise<void> {
    await ground.swift('copy', '--destination', '/aside/kept', 'haven', object);
    await ground.run(
      DRILL,
      kit,
      `cd /work && ST_AUTH=http://swift:8080/auth/v1.0 ST_USER=haven:backup ST_KEY=${PASSWORD} sh -c '${damage}'`,
    );
    const ended = await fresh(DRILL, kit, `${RESTORE}; code=$?; ls /haven/out; exit $code`);
    await ground.swift('copy', '--destination', `/haven/${object}`, 'aside', 'kept');
    assertRefused(ended, 30, sentence);
    assert.equal(ended.stdout, '', 'nothing was restored of it');
  }

  test('a volume of the full that is gone', () =>
    damaged(fullVolume(), `swift delete haven ${fullVolume()}`, /^ERROR: .*vol2.* is not in Swift/m));

  test('a volume of other bytes', () =>
    damaged(
      volume(),
      `swift download --output v haven ${volume()} && printf x | dd of=v bs=1 seek=40 conv=notrunc && swift upload --object-name ${volume()} haven v`,
      /^ERROR: .*has the MD5/m,
    ));

  test('the manifest of the full that is gone', () => {
    const name = `docs/haven-manifest.${full.setTime}.json.gpg`;
    return damaged(
      name,
      `swift delete haven ${name}`,
      /^ERROR: the chain of backup .* is broken: .* is not in Swift/m,
    );
  });

  test('a manifest that was altered', () => {
    const name = `docs/haven-manifest.${next.setTime}.json.gpg`;
    const alter = `swift download --output m haven ${name} && printf x | dd of=m bs=1 seek=90 conv=notrunc && swift upload --object-name ${name} haven m`;
    return damaged(name, alter, /^note: docs\/haven-manifest.* cannot be decrypted/m);
  });

  test('manifests that changed places', () => {
    const [one, other] = [full, next].map(({ setTime }) => `docs/haven-manifest.${setTime}.json.gpg`);
    return damaged(
      one!,
      `swift copy --destination /haven/${one} haven ${other}`,
      /is not valid: it belongs to another place/m,
    );
  });

  test('a set that no backup knows, which duplicity would restore instead', async () => {
    const name = `docs/duplicity-inc.${full.setTime}.to.${secondAfter(full.setTime)}.manifest.gpg`;
    await ground.swift('copy', '--destination', `/haven/${name}`, 'haven', volume());

    const ended = await fresh(DRILL, kit, RESTORE);

    await ground.swift('delete', 'haven', name);
    assertRefused(ended, 30, /^ERROR: among the sets of backup .* one that belongs to no backup/m);
  });

  test('another passphrase', async () => {
    const ended = await fresh(DRILL, ground.kit({ passphrase: 'not it' }), RESTORE);

    assertRefused(ended, 30, /^ERROR: backup .* was not found, and 2 of the manifests cannot be used/m);
  });

  test('another container, and a backup that is not there', async () => {
    const auth = { version: 1, url: 'http://swift:8080/auth/v1.0' };
    const store = { format: 'haven-a/1', container: 'typo', auth };

    const elsewhere = await fresh(DRILL, ground.kit({ store }), RESTORE);
    const unknown = await ground.run(DRILL, kit, 'sh /kit/restore-a.sh restore cccccccc /haven/out/new');

    assertRefused(elsewhere, 30, /^ERROR: there is no container 'typo'/m);
    assertRefused(unknown, 30, /^ERROR: there is no backup cccccccc/m);
    assert.ok(!(await ground.swift('list')).includes('typo'), 'no container was made by asking');
  });
});

describe('the drill’s fetch', () => {
  const results = ({ stdout }: Ended) => stdout.split('\n').filter(Boolean).map(parseEvent);

  test('restores with the kit’s program and tells of the chain, but of no name', async () => {
    const fetched = await ground.fetch(kit, NEXT);

    const result = results(fetched).at(-1) as { fetched: { backups: { id: string }[]; restored: object } };
    assert.equal(fetched.code, 0, fetched.stdout + fetched.said);
    assert.deepEqual(
      result.fetched.backups.map(({ id }) => id),
      [FULL, NEXT],
    );
    assert.partialDeepStrictEqual(result.fetched.restored, { files: 17, problems: {} });
    const said = fetched.stdout + fetched.said;
    for (const hidden of [PASSPHRASE, PASSWORD, 'tank/test', 'another-name', 'dangling', 'late'])
      assert.ok(!said.includes(hidden), hidden);
  });

  test('a backup that is not there is damage', async () => {
    const fetched = await ground.fetch(kit, 'cc'.repeat(16));

    const { error } = results(fetched).at(-1) as { error: { code: string; message: string; hint: string } };
    assert.equal(fetched.code, 30, fetched.said);
    assert.match(error.message, /^there is no backup cccc/);
    assert.match(error.hint, /list shows/);
  });

  test('SIGTERM in the middle ends it as interrupted', async () => {
    await ground.plan({ name: 'stall', class: 'object', method: 'GET', nth: 8, seconds: 60 });

    const began = Date.now();
    const fetched = await ground.fetch(kit, NEXT, { stopWhen: /"progress"/ });

    assert.equal(fetched.code, 143, fetched.stdout + fetched.said);
    assert.equal(results(fetched).at(-1)!.outcome, 'interrupted');
    assert.ok(Date.now() - began < 60_000);
  });
});
