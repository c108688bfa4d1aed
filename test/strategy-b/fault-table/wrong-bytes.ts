// Wrong bytes, and what happens behind our back.
import { fault, forever, type Row, resent, unseen } from './row.ts';

export const wrongBytes: Row[] = [
  fault('wrong-md5-header', 'the first chunk', {}, resent),
  fault('bit-flip-on-wire', 'the first chunk', { offset: 70 }, resent),
  fault(
    'bit-flip-on-wire',
    'a part’s last chunk',
    { match: 'upload-final', offset: 70 },
    { exit: 0, said: ['resent'] },
  ),
  fault(
    'bit-flip-on-wire',
    'the manifest',
    { match: 'upload-final', nth: 3, offset: 70 },
    { exit: 0, said: ['resent'] },
  ),
  fault(
    'bit-flip-on-wire',
    'every chunk, for ever',
    { times: forever, offset: 70 },
    { exit: 1, said: ['resent', 'retry'] },
  ),
  fault('bit-flip-at-rest', 'before the part’s end', { offset: 5 }, { exit: 0, said: ['resent'] }),
  fault('bit-flip-at-rest', 'after the part’s end', { match: 'upload-final' }, { ...unseen, audit: 30 }),
  fault('truncate-at-rest', 'after the part’s end', {}, { ...unseen, audit: 30 }),
  fault('wrong-md5-metadata', 'a part’s end', {}, { exit: 0, said: ['resent'] }),
  fault(
    'wrong-md5-metadata',
    'every end, for ever',
    { match: 'upload-session', times: forever },
    { exit: 1, said: ['resent'] },
  ),
  fault('missing-md5-metadata', 'a part’s end', {}, unseen),
  fault('trashed-behind', 'a part', {}, { ...unseen, audit: 30 }),
  fault('trashed-behind', 'the manifest', { nth: 3 }, { ...unseen, audit: 30 }),
  fault('deleted-behind', 'a part', {}, { ...unseen, audit: 30 }),
  fault('deleted-behind', 'the manifest', { nth: 3 }, { ...unseen, audit: 30 }),
  fault('duplicate-file', 'a part', {}, { ...unseen, audit: 30 }),
  fault('duplicate-file', 'the manifest', { nth: 3 }, { ...unseen, audit: 30 }),
];
