// Ways in which Google may differ, and bad lines.
import { atAudit, cured, type Row, resent, unseen } from './row.ts';

/** Not single faults but ways in which Google may differ, or a line may be bad. */
const setting = (
  where: string,
  settings: Record<string, unknown>,
  more: Omit<Row, 'about' | 'where' | 'settings'>,
): Row => ({
  ...{ about: Object.keys(settings)[0]!, where, settings },
  ...more,
});
const longWait = { name: 'rate-limit-403', match: 'upload-chunk', nth: 2, times: 20 };
const lostEnd = [
  { name: 'answer-lost', match: 'upload-final' },
  { name: 'session-gone-404', match: 'upload-status' },
];

export const manners: Row[] = [
  setting('off', { xRangeMd5: 'off' }, unseen),
  setting('always wrong', { xRangeMd5: 'wrong' }, resent),
  setting(
    'a session that ends after 30 min, during a long sleep',
    { sessionLifetimeMs: 1_800_000 },
    { exit: 0, said: ['retry', 'throttled', 'resent'], faults: [longWait] },
  ),
  setting(
    'counted from the last use, and ended',
    { sessionExpiry: 'idle', sessionLifetimeMs: 1_800_000 },
    { exit: 0, said: ['retry', 'throttled', 'resent'], faults: [longWait] },
  ),
  setting(
    '410 for an ended session',
    { deadSessionStatus: 410, sessionLifetimeMs: 1_800_000 },
    { exit: 0, said: ['retry', 'throttled', 'resent'], faults: [longWait] },
  ),
  setting(
    'at the start, when the answer to a last byte was lost',
    { idConflictAt: 'start' },
    { exit: 0, said: ['retry', 'resent'], faults: lostEnd },
  ),
  setting(
    'at the finish, when the answer to a last byte was lost',
    { idConflictAt: 'finish' },
    { exit: 0, said: ['retry', 'resent'], faults: lostEnd },
  ),
  setting(
    'called duplicate',
    { idConflictReason: 'duplicate' },
    { exit: 0, said: ['retry', 'resent'], faults: lostEnd },
  ),
  setting('an md5 only', { shaChecksums: false }, unseen),
  setting('lists lag an hour, all of them', { listLagMs: 3_600_000 }, unseen),
  setting('one file a page', { maxPageSize: 1 }, { ...atAudit, ...unseen }),
  setting(
    // Longer than the row may take on the slowest machine, shorter than one of its leaps.
    'tokens live for ten minutes, the store is to be left alone for twenty',
    { accessTokenSeconds: 600 },
    {
      exit: 0,
      said: ['retry'],
      faults: [{ name: 'too-many-429', match: 'upload-chunk', nth: 2, times: 2, retryAfter: 1200 }],
    },
  ),
  setting('room for the first part only', { storageLimitBytes: 452_000 }, { exit: 21 }),
  setting(
    'used up after the first part',
    { dailyUploadLimitBytes: 300_000 },
    { exit: 0, said: ['retry', 'throttled'] },
  ),
  {
    about: 'dailyUploadLimitBytes',
    where: 'counted by strategy B itself: 300 kB a day',
    own: { dailyUploadBytes: 300_000 },
    exit: 0,
    said: ['daily-limit', 'retry'],
  },
  setting('each second chunk is answered 503', { failEveryNthChunk: 2 }, cured),
  setting('the connection breaks each 300 kB', { resetEveryBytes: 300_000 }, cured),
  setting('400 kB/s', { uploadBytesPerSecond: 400_000 }, unseen),
];
