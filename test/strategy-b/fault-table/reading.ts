// What an audit may meet.
import { atAudit, cured, fault, type Row, unseen } from './row.ts';

export const reading: Row[] = [
  fault('list-lag', 'a list that lacks what is young', {}, { ...atAudit, ...unseen }),
  fault('rate-limit-403', 'a manifest that is read', { match: 'download' }, { ...atAudit, ...cured }),
  fault('incomplete-list', 'a list', {}, { ...atAudit, ...cured }),
  {
    ...fault('page-token-rejected-400', 'the second page', {}, { ...atAudit, ...cured }),
    settings: { maxPageSize: 2 },
  },
  fault(
    'bit-flip-on-wire',
    'a manifest that is read',
    { match: 'download', offset: 9 },
    { ...atAudit, ...unseen },
  ),
  fault(
    'reset-inside-body',
    'a manifest that is read',
    { match: 'download', afterBytes: 100 },
    { ...atAudit, ...cured },
  ),
  fault('stall', 'a manifest that is read', { match: 'download', afterBytes: 100 }, { ...atAudit, ...cured }),
  fault('wrong-md5-metadata', 'a list', { match: 'list' }, { ...atAudit, exit: 30 }),
  { about: 'flip', where: 'a part', ...atAudit, exit: 30, corrupt: { of: 'part', how: 'flip' } },
  {
    about: 'flip',
    where: 'a part, and Drive goes on claiming the old md5',
    ...atAudit,
    exit: 0,
    corrupt: { of: 'part', how: 'flip', honest: false },
  },
  {
    about: 'truncate',
    where: 'a part',
    ...atAudit,
    exit: 30,
    corrupt: { of: 'part', how: 'truncate', size: 1000 },
  },
  {
    about: 'swap',
    where: 'a part and the manifest',
    ...atAudit,
    exit: 30,
    corrupt: { of: 'part', how: 'swap' },
  },
  { about: 'trash', where: 'a part', ...atAudit, exit: 30, corrupt: { of: 'part', how: 'trash' } },
  { about: 'delete', where: 'a part', ...atAudit, exit: 30, corrupt: { of: 'part', how: 'delete' } },
  {
    about: 'delete',
    where: 'the manifest',
    ...atAudit,
    exit: 30,
    corrupt: { of: 'manifest', how: 'delete' },
  },
  {
    about: 'flag-abusive',
    where: 'the manifest',
    ...atAudit,
    exit: 1,
    corrupt: { of: 'manifest', how: 'flag-abusive' },
  },
];
