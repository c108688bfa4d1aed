// Sessions that end, and connections that break.
import { cured, fault, forever, type Row, resent, unseen } from './row.ts';

export const sessions: Row[] = [
  fault('session-gone-404', 'a part’s second chunk', { nth: 2 }, resent),
  fault('session-gone-404', '410, the first chunk', { status: 410 }, resent),
  fault(
    'session-gone-404',
    'every session, for ever',
    { times: forever },
    { exit: 11, said: ['resent', 'retry'] },
  ),
  fault('reset-before-body', 'the first chunk', {}, cured),
  fault('reset-before-body', 'the start of an upload', { match: 'upload-start' }, cured),
  fault('reset-before-body', 'the manifest', { match: 'upload-final', nth: 3 }, cured),
  fault('reset-inside-body', 'a part’s second chunk', { nth: 2, afterBytes: 30_000 }, cured),
  fault('answer-lost', 'the first chunk', {}, cured),
  fault('answer-lost', 'a part’s last chunk', { match: 'upload-final' }, cured),
  fault('answer-lost', 'the manifest', { match: 'upload-final', nth: 3 }, cured),
  fault('answer-lost', 'the start of an upload', { match: 'upload-start' }, cured),
  fault('answer-lost', 'the folder', { match: 'create' }, cured),
  fault('short-persist', 'a part’s second chunk', { nth: 2 }, cured),
  fault('fruitless-308', 'two chunks', { times: 2 }, cured),
  fault('fruitless-308', 'every chunk, for ever', { times: forever }, { exit: 11, said: ['retry'] }),
  fault('308-without-range', 'the first chunk', { match: 'upload-chunk' }, unseen),
  fault('stall', 'a part’s second chunk', { nth: 2 }, cured),
  fault('stall', 'a list', { match: 'list' }, cured),
  fault('stall', 'the token', { match: 'token' }, cured),
  fault('slow', 'the first chunk, at 200 kB/s', { bytesPerSecond: 200_000 }, unseen),
];
