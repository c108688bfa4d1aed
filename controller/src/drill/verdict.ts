// The judge. Pure: evidence in, verdict out. A pass needs every check to pass; what is missing is a failed check with a reason.
import { ago, bytes, duration } from '../cli/words.ts';
import type { Backup, Comparison } from '../contract/events.ts';
import { type Check, chainInWords, check, missing, stepDone } from './check.ts';
import type { Evidence } from './evidence.ts';
import { streamChecks } from './stream-checks.ts';
import { treeChecks } from './tree-checks.ts';

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
    ...(evidence.reads === 'streams' ? streamChecks(evidence) : treeChecks(evidence)),
    stepDone(
      'compared',
      evidence.compared,
      (it) => `${it.entries} entries, checked: ${it.checked.join(', ')}`,
    ),
    somethingCompared(evidence),
    nothingDiffers(evidence),
    ...sameAsOther(evidence),
    poolDestroyed(evidence),
    volumesRemoved(evidence),
    ageKnown(evidence),
  ];
  const pass = checks.every((check) => check.pass);
  return { pass, sentence: sentence(evidence, checks, pass), checks, evidence };
}

export function backupKnown({ backup, source }: Pick<Evidence, 'backup' | 'source'>): Check {
  if (!backup.ok) return missing('backup', backup.reason);
  const { id, source: of } = backup.value;
  return check(
    'backup',
    of === source,
    of === source ? `${id} of ${of}` : `${id} is of ${of}, not of ${source}`,
  );
}

function somethingCompared({ backup, compared }: Evidence): Check {
  const name = 'something-compared';
  if (!backup.ok) return missing(name, backup.reason);
  if (!compared.ok) return missing(name, compared.reason);
  const { entries, bytes: compaired, checked } = compared.value;
  const lacking = Object.entries({
    entries,
    ...thingsCompared(backup.value.type, compared.value),
    bytes: compaired,
    'kinds of checks': checked.length,
  });
  const none = lacking.filter(([, count]) => !(count > 0)).map(([what]) => what);
  if (none.length > 0) return check(name, false, `compared no ${none.join(', no ')}`);
  return check(name, true, `${thingsInWords(backup.value.type, compared.value)}, ${bytes(compaired)}`);
}

/** What must have been compared at least once: files of a filesystem, but of a volume the volume itself, whatever lies in it. */
function thingsCompared(type: Backup['type'], { files, byType }: Comparison): Record<string, number> {
  return type === 'volume' ? { volumes: byType.volume ?? 0 } : { files };
}

function thingsInWords(type: Backup['type'], compared: Comparison): string {
  return type === 'volume' ? 'every byte of the volume' : `${compared.files} files`;
}

function nothingDiffers({ compared }: Evidence): Check {
  if (!compared.ok) return missing('no-mismatch', compared.reason);
  const { mismatches } = compared.value;
  return check(
    'no-mismatch',
    mismatches === 0,
    mismatches === 0 ? 'none' : `${mismatches} mismatches: the verdict's page names them`,
  );
}

/** Where both strategies hold the snapshot, that the comparison was not done is no pass either. */
function sameAsOther({ against }: Evidence): Check[] {
  if (against === null || !against.comparable) return [];
  const name = `same-as-${against.strategy}`;
  const { compared } = against;
  if (!compared.ok) return [missing(name, compared.reason)];
  const { files, entries, bytes: count, mismatches } = compared.value;
  if (!(files > 0 && entries > 0 && count > 0)) return [missing(name, 'nothing was compared')];
  const words = `${files} files, ${bytes(count)}`;
  return [check(name, mismatches === 0, mismatches === 0 ? words : `${mismatches} mismatches`)];
}

function poolDestroyed(evidence: Evidence): Check {
  const { reaped, pool } = evidence;
  const name = 'pool-destroyed';
  if (!reaped.ok) return missing(name, reaped.reason);
  // Who makes a pool destroys it when that fails, so only after a success must reap have found it.
  const made = evidence.reads === 'streams' ? evidence.received : evidence.prepared;
  if (made.ok && !reaped.value.includes(pool))
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

export function ageKnown({ backup, endedAt }: Pick<Evidence, 'backup' | 'endedAt'>): Check {
  if (!backup.ok) return missing('data-age', backup.reason);
  const age = Date.parse(endedAt) - Date.parse(backup.value.createdAt);
  if (Number.isNaN(age)) return check('data-age', false, 'unknown');
  if (age < -clockSkewMs) return check('data-age', false, 'the backup is from the future: a clock is wrong');
  return check('data-age', true, duration(Math.max(0, age) / 1000));
}

function withOther({ against }: Evidence): string {
  if (against === null) return '';
  if (against.comparable) return ` The same as what strategy ${against.strategy} restored.`;
  return ` Not compared with strategy ${against.strategy}: ${against.reason}.`;
}

function sentence(evidence: Evidence, checks: Check[], pass: boolean): string {
  const { source, backup, chain, compared, seconds, endedAt } = evidence;
  if (pass && backup.ok && chain.ok && compared.ok) {
    const things = thingsInWords(backup.value.type, compared.value);
    const made = ago(new Date(backup.value.createdAt), new Date(endedAt));
    const links = chain.value.length === 1 ? '' : ` (${chainInWords(chain.value.length)})`;
    return `${source}: proven restorable: backup ${backup.value.id.slice(0, 8)}${links}, made ${made}, restored in ${duration(seconds)}; ${things}, ${bytes(compared.value.bytes)} compared, no difference.${withOther(evidence)}`;
  }
  const reds = checks.filter((it) => !it.pass);
  const more = reds.length > 1 ? ` (and ${reds.length - 1} more)` : '';
  return `${source}: NOT proven restorable: ${reds[0]?.name}: ${reds[0]?.detail}${more}`;
}
