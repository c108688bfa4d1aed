import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Settings } from './settings.ts';

test('all settings have defaults', () => {
  assert.deepEqual(Settings.parse({}), {
    set: 'haven',
    partBytes: 268435456,
    fullEvery: 180 * 24 * 3_600_000,
    chainLength: 200,
    sendFlags: [],
    compression: { method: 'zstd', level: 3, threads: 1 },
    keepWithin: '1y',
    keepChains: 2,
    limit: [{ minute: 0, rate: Number.POSITIVE_INFINITY }],
    limitTimezone: 'UTC',
    dailyUploadBytes: 750e9,
    publicKeys: [],
    api: { rootUrl: 'https://www.googleapis.com/', tokenUrl: 'https://oauth2.googleapis.com/token' },
  });
});

test('xz has a level and a thread unless told otherwise', () => {
  const { compression } = Settings.parse({ compression: { method: 'xz' } });

  assert.deepEqual(compression, { method: 'xz', level: 1, threads: 1 });
});

for (const [name, settings, path] of [
  ['an unknown field', { partBites: 1 }, ''],
  ['parts that are too small', { partBytes: 65535 }, 'partBytes'],
  ['a set with a quote', { set: "a'b" }, 'set'],
  ['a duration without a unit', { fullEvery: '90' }, 'fullEvery'],
  ['a flag that is not for a backup', { sendFlags: ['-R'] }, 'sendFlags'],
  ['an unknown method', { compression: { method: 'zip' } }, 'compression'],
  ['a zstd level that needs --ultra', { compression: { method: 'zstd', level: 20 } }, 'compression.level'],
  ['a level for none', { compression: { method: 'none', level: 1 } }, 'compression'],
  ['no thread at all', { compression: { method: 'xz', threads: 0 } }, 'compression.threads'],
  ['a limit that is no rate', { limit: '08:00,fast' }, 'limit'],
  ['a pause that never ends', { limit: 'pause' }, 'limit'],
  ['a limit that takes a month for a part', { limit: '1k', partBytes: 2 ** 32 }, 'limit'],
  ['a time zone that does not exist', { limitTimezone: 'Europe/Berlln' }, 'limitTimezone'],
  ['a daily allowance that is none', { dailyUploadBytes: 0 }, 'dailyUploadBytes'],
  ['a root that is no URL', { api: { rootUrl: 'drive' } }, 'api.rootUrl'],
  ['a key’s name instead of a certificate', { publicKeys: ['me@example.org'] }, 'publicKeys.0'],
  [
    'a secret key',
    { publicKeys: ['-----BEGIN PGP PRIVATE KEY BLOCK-----\n-----END PGP PRIVATE KEY BLOCK-----'] },
    'publicKeys.0',
  ],
  ['a file’s path instead of a certificate', { api: { caPem: '/etc/ca.pem' } }, 'api.caPem'],
] as const) {
  test(`refuses ${name}`, () => {
    const parsed = Settings.safeParse(settings);

    assert.equal(parsed.success, false);
    assert.ok(parsed.error?.issues.some((issue) => issue.path.join('.').startsWith(path)));
  });
}
