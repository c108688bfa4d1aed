// `audit`: every manifest against the store's listing: presence, size, checksums, trash. Parts are never downloaded.
// Nothing compared is a failure, never a pass: an empty store is either rolled back (when backups are remembered) or no proof of anything.
import type { Context } from '../context.ts';
import { HavenError, reportError } from '../contract/errors.ts';
import type { Audit, Finding, Result } from '../contract/events.ts';
import { examine } from '../manifest/examine.ts';

/** As many as a person reads; the error tells how many there are in all. */
const showFindings = 100;

export async function audit(context: Context): Promise<Result> {
  const { readable, findings, askedById, downloads } = await examine(context);
  const parts = readable.flatMap(({ manifest }) => manifest.parts);
  const facts: Audit = {
    backups: readable.length,
    parts: parts.length,
    storedBytes: parts.reduce((sum, part) => sum + part.stored.bytes, 0),
    calls: context.calls(),
    askedById,
    downloads,
    findings: shown(findings),
  };
  context.log.info({ ...facts, findings: findings.length }, 'audit is done');
  if (findings.length > 0) return { outcome: 'failed', error: damaged(findings), audit: facts };
  if (facts.parts === 0) return { outcome: 'failed', error: nothing(), audit: facts };
  return { outcome: 'ok', audit: facts };
}

function damaged(findings: Finding[]) {
  const first = findings[0]!.message;
  const message = findings.length === 1 ? first : `${findings.length} findings; the first: ${first}`;
  return reportError(new HavenError('damaged', message, { operation: 'audit', hint: keep }), 'audit');
}

const keep = 'delete nothing; look into Drive’s trash; make a new full backup';

function nothing() {
  const message = 'the store holds no backup of this set: nothing was compared';
  const hint = 'make a backup first; if there were some, this is the wrong account, set or OAuth client';
  return reportError(new HavenError('damaged', message, { operation: 'audit', hint }), 'audit');
}

function shown(findings: Finding[]): Finding[] {
  const hidden = findings.length - showFindings;
  if (hidden <= 0) return findings;
  const rest: Finding = { kind: findings[showFindings]!.kind, message: `and ${hidden} more findings` };
  return [...findings.slice(0, showFindings), rest];
}
