// The judge. Pure: evidence in, verdict out. A pass needs every check to pass; what is missing is a failed check with a reason.
import { ago, bytes, duration } from '../cli/words.ts';
import type { Backup, Comparison } from '../contract/events.ts';
import { whyNoChain } from './chain.ts';
import type { Evidence, Step } from './evidence.ts';
import { sameAtEachStep } from './same-at-each-step.ts';

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
    chainWhole(evidence),
    stepDone(
      'fetched',
      evidence.fetched,
      (fetched) => `${total(fetched.backups, 'parts')} parts, every hash as in the manifest`,
    ),
    fetchedWhatWasAsked(evidence),
    stepDone('received', evidence.received, () => 'into a throwaway pool'),
    receivedIntoOwnPool(evidence),
    sameAtEachStep(evidence, 'same-stream'),
    sameAtEachStep(evidence, 'same-snapshot'),
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

/** The chain as the store's list has it ends in this backup, and fetch found the same links in the manifests themselves. */
function chainWhole({ backup, chain, fetched }: Evidence): Check {
  const name = 'chain';
  if (!backup.ok) return missing(name, backup.reason);
  if (!chain.ok) return missing(name, chain.reason);
  const reason = whyNoChain(chain.value);
  if (reason !== undefined) return missing(name, reason);
  if (chain.value.at(-1)?.id !== backup.value.id)
    return missing(name, 'the chain does not end in the backup that is drilled');
  if (!fetched.ok) return missing(name, fetched.reason);
  for (const [index, link] of fetched.value.backups.entries()) {
    const before = fetched.value.backups[index - 1];
    const expected = [chain.value[0]!.id, before?.backup ?? null, before?.guid ?? null];
    if ([link.chain, link.base, link.baseGuid].some((field, at) => field !== expected[at]))
      return missing(name, `by its manifest, backup ${link.backup} does not continue the one before it`);
  }
  return check(name, true, chainInWords(chain.value.length));
}

function fetchedWhatWasAsked({ chain, fetched }: Evidence): Check {
  const name = 'right-backup';
  if (!chain.ok) return missing(name, chain.reason);
  if (!fetched.ok) return missing(name, fetched.reason);
  const { backups } = fetched.value;
  if (backups.length !== chain.value.length)
    return missing(name, `${backups.length} backups were fetched, the chain has ${chain.value.length}`);
  for (const [index, listed] of chain.value.entries()) {
    const wrong = (['id', 'kind', 'parts', 'storedBytes', 'type'] as const).filter((field) => {
      return listed[field] !== backups[index]![field === 'id' ? 'backup' : field];
    });
    if (wrong.length > 0)
      return missing(
        name,
        `what was fetched of ${listed.id} has another ${wrong.join(', ')} than the manifest`,
      );
  }
  return check(name, true, `${total(backups, 'parts')} parts, ${bytes(total(backups, 'storedBytes'))}`);
}

function total<Field extends string>(all: Record<Field, number>[], field: Field): number {
  return all.reduce((sum, one) => sum + one[field], 0);
}

function chainInWords(length: number): string {
  if (length === 1) return 'a full';
  return `a full and ${length - 1} incremental${length === 2 ? '' : 's'}`;
}

function receivedIntoOwnPool({ pool, received }: Evidence): Check {
  if (!received.ok) return missing('own-pool', received.reason);
  const own = received.value.pool === pool;
  return check('own-pool', own, own ? pool : 'received into another pool than the one it was given');
}

function scrubbed({ received }: Evidence): Check {
  if (!received.ok) return missing('scrub', received.reason);
  const { errors, state } = received.value.scrub;
  return check('scrub', errors === 0, errors === 0 ? `${state}, no errors` : `${errors} errors (${state})`);
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
  const { source, backup, chain, compared, seconds, endedAt } = evidence;
  if (pass && backup.ok && chain.ok && compared.ok) {
    const things = thingsInWords(backup.value.type, compared.value);
    const made = ago(new Date(backup.value.createdAt), new Date(endedAt));
    const links = chain.value.length === 1 ? '' : ` (${chainInWords(chain.value.length)})`;
    return `${source}: proven restorable: backup ${backup.value.id.slice(0, 8)}${links}, made ${made}, restored in ${duration(seconds)}; ${things}, ${bytes(compared.value.bytes)} compared, no difference.`;
  }
  const reds = checks.filter((it) => !it.pass);
  const more = reds.length > 1 ? ` (and ${reds.length - 1} more)` : '';
  return `${source}: NOT proven restorable: ${reds[0]?.name}: ${reds[0]?.detail}${more}`;
}
