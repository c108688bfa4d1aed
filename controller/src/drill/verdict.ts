// The judge. Pure: evidence in, verdict out. A pass needs every check to pass; what is missing is a failed check with a reason.
import { ago, bytes, duration } from '../cli/words.ts';
import type { Evidence, Step } from './evidence.ts';

export interface Check {
  name: string;
  pass: boolean;
  detail: string;
}

export interface Verdict {
  pass: boolean;
  sentence: string;
  checks: Check[];
  evidence: Evidence;
}

const clockSkewMs = 24 * 3600 * 1000;

export function judge(evidence: Evidence): Verdict {
  const checks = [
    backupKnown(evidence),
    stepDone(
      'fetched',
      evidence.fetched,
      (fetched) => `${fetched.parts} parts, every hash as in the manifest`,
    ),
    fetchedWhatWasAsked(evidence),
    stepDone('received', evidence.received, () => 'into a throwaway pool'),
    receivedIntoOwnPool(evidence),
    sameStream(evidence),
    sameGuid(evidence),
    scrubbed(evidence),
    stepDone(
      'compared',
      evidence.compared,
      (it) => `${it.entries} entries, checked: ${it.checked.join(', ')}`,
    ),
    somethingCompared(evidence),
    nothingDiffers(evidence),
    poolDestroyed(evidence),
    volumesRemoved(evidence),
    ageKnown(evidence),
  ];
  const pass = checks.every((check) => check.pass);
  return { pass, sentence: sentence(evidence, checks, pass), checks, evidence };
}

function check(name: string, pass: boolean, detail: string): Check {
  return { name, pass, detail };
}

function missing(name: string, reason: string): Check {
  return check(name, false, reason);
}

function stepDone<T>(name: string, step: Step<T>, detail: (value: T) => string): Check {
  return step.ok ? check(name, true, detail(step.value)) : missing(name, step.reason);
}

function backupKnown({ backup, source }: Evidence): Check {
  if (!backup.ok) return missing('backup', backup.reason);
  const { id, source: of } = backup.value;
  return check(
    'backup',
    of === source,
    of === source ? `${id} of ${of}` : `${id} is of ${of}, not of ${source}`,
  );
}

function fetchedWhatWasAsked({ backup, fetched }: Evidence): Check {
  const name = 'right-backup';
  if (!backup.ok) return missing(name, backup.reason);
  if (!fetched.ok) return missing(name, fetched.reason);
  const wrong = (['id', 'parts', 'storedBytes', 'type'] as const).filter((field) => {
    return backup.value[field] !== fetched.value[field === 'id' ? 'backup' : field];
  });
  if (wrong.length > 0)
    return check(name, false, `what was fetched has another ${wrong.join(', ')} than the manifest`);
  return check(name, true, `${fetched.value.parts} parts, ${bytes(fetched.value.storedBytes)}`);
}

function receivedIntoOwnPool({ pool, received }: Evidence): Check {
  if (!received.ok) return missing('own-pool', received.reason);
  const own = received.value.pool === pool;
  return check('own-pool', own, own ? pool : 'received into another pool than the one it was given');
}

/** Three parties counted and hashed the stream: who sent it, who fetched it, who received it. */
function sameStream({ backup, fetched, received }: Evidence): Check {
  const name = 'same-stream';
  for (const step of [backup, fetched, received]) if (!step.ok) return missing(name, step.reason);
  if (!backup.ok || !fetched.ok || !received.ok) return missing(name, 'a hash is missing');
  const all = [backup.value, fetched.value, received.value];
  if (new Set(all.map((it) => it.streamBytes)).size > 1) {
    return check(
      name,
      false,
      `bytes differ: sent, fetched, received ${all.map((it) => it.streamBytes).join(', ')}`,
    );
  }
  if (new Set(all.map((it) => it.streamSha256)).size > 1) {
    return check(name, false, 'the SHA-256 of the stream sent, fetched and received are not the same');
  }
  return check(
    name,
    true,
    `${bytes(backup.value.streamBytes)}, sha256 ${backup.value.streamSha256.slice(0, 16)}…`,
  );
}

function sameGuid({ backup, fetched, received, sourceGuid }: Evidence): Check {
  const name = 'same-snapshot';
  for (const step of [backup, fetched, received, sourceGuid]) if (!step.ok) return missing(name, step.reason);
  if (!backup.ok || !fetched.ok || !received.ok || !sourceGuid.ok) return missing(name, 'a GUID is missing');
  const guids = [backup.value.guid, fetched.value.guid, received.value.guid, sourceGuid.value];
  const same = new Set(guids).size === 1;
  return check(
    name,
    same,
    same ? `GUID ${guids[0]}` : `GUIDs differ: manifest, fetched, restored, source ${guids.join(', ')}`,
  );
}

function scrubbed({ received }: Evidence): Check {
  if (!received.ok) return missing('scrub', received.reason);
  const { errors, state } = received.value.scrub;
  return check('scrub', errors === 0, errors === 0 ? `${state}, no errors` : `${errors} errors (${state})`);
}

function somethingCompared({ compared }: Evidence): Check {
  const name = 'something-compared';
  if (!compared.ok) return missing(name, compared.reason);
  const { entries, files, bytes: compaired, checked } = compared.value;
  const lacking = Object.entries({ entries, files, bytes: compaired, 'kinds of checks': checked.length });
  const none = lacking.filter(([, count]) => !(count > 0)).map(([what]) => what);
  if (none.length > 0) return check(name, false, `compared no ${none.join(', no ')}`);
  return check(name, true, `${files} files, ${bytes(compaired)}`);
}

function nothingDiffers({ compared }: Evidence): Check {
  if (!compared.ok) return missing('no-mismatch', compared.reason);
  const { mismatches } = compared.value;
  return check(
    'no-mismatch',
    mismatches === 0,
    mismatches === 0 ? 'none' : `${mismatches} mismatches: out/comparison.json names them`,
  );
}

function poolDestroyed({ reaped, received, pool }: Evidence): Check {
  const name = 'pool-destroyed';
  if (!reaped.ok) return missing(name, reaped.reason);
  // receive destroys its own pool when it fails, so only after a success must reap have found it.
  if (received.ok && !reaped.value.includes(pool))
    return check(name, false, 'reap did not destroy the throwaway pool');
  return check(name, true, reaped.value.length === 0 ? 'none was left' : reaped.value.join(', '));
}

function volumesRemoved({ volumesLeft }: Evidence): Check {
  if (!volumesLeft.ok) return missing('volumes-removed', volumesLeft.reason);
  const left = volumesLeft.value;
  return check(
    'volumes-removed',
    left.length === 0,
    left.length === 0 ? 'all' : `left behind: ${left.join(', ')}`,
  );
}

function ageKnown({ backup, endedAt }: Evidence): Check {
  if (!backup.ok) return missing('data-age', backup.reason);
  const age = Date.parse(endedAt) - Date.parse(backup.value.createdAt);
  if (Number.isNaN(age)) return check('data-age', false, 'unknown');
  if (age < -clockSkewMs) return check('data-age', false, 'the backup is from the future: a clock is wrong');
  return check('data-age', true, duration(Math.max(0, age) / 1000));
}

function sentence(evidence: Evidence, checks: Check[], pass: boolean): string {
  const { source, backup, compared, seconds, endedAt } = evidence;
  if (pass && backup.ok && compared.ok) {
    const { files, bytes: count } = compared.value;
    const made = ago(new Date(backup.value.createdAt), new Date(endedAt));
    return `${source}: proven restorable: backup ${backup.value.id.slice(0, 8)}, made ${made}, restored in ${duration(seconds)}; ${files} files, ${bytes(count)} compared, no difference.`;
  }
  const reds = checks.filter((it) => !it.pass);
  const more = reds.length > 1 ? ` (and ${reds.length - 1} more)` : '';
  return `${source}: NOT proven restorable: ${reds[0]?.name}: ${reds[0]?.detail}${more}`;
}
