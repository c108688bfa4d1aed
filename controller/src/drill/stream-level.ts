// The judge of a drill of level `stream`: everything was downloaded and read, nothing was restored into a pool, and nothing was compared with its source. Pure. Its evidence has no
// `compared`: whoever looks for a proof of a restore in it finds none.
import { ago, bytes, duration } from '../cli/words.ts';
import type { Fetched, FetchedTree, Parsed } from '../contract/events.ts';
import { type Check, chainInWords, check, missing, stepDone, total } from './check.ts';
import type { CommonEvidence, Step } from './evidence.ts';
import { sameAtEachStep } from './same-at-each-step.ts';
import { fetchedChecks } from './stream-checks.ts';
import { fetchedTreeChecks } from './tree-checks.ts';
import { ageKnown, backupKnown } from './verdict.ts';

type StreamsRead = { reads: 'streams'; fetched: Step<Fetched>; parsed: Step<Parsed> };
type TreeRead = { reads: 'trees'; fetched: Step<FetchedTree> };
export type ReadSteps = StreamsRead | TreeRead;

interface Common
  extends Pick<
    CommonEvidence,
    'source' | 'startedAt' | 'endedAt' | 'seconds' | 'backup' | 'chain' | 'tools' | 'notKept'
  > {
  level: 'stream';
  /** What should be gone and is not: the pipe's volume, the folder of a tree. */
  left: Step<string[]>;
}

export type ReadEvidence = ReadSteps & Common;

export interface ReadVerdict {
  pass: boolean;
  sentence: string;
  checks: Check[];
  evidence: ReadEvidence;
}

export function judgeRead(evidence: ReadEvidence): ReadVerdict {
  const checks = [
    backupKnown(evidence),
    ...(evidence.reads === 'streams' ? streamsRead(evidence) : fetchedTreeChecks(evidence)),
    nothingLeft(evidence),
    ageKnown(evidence),
  ];
  const pass = checks.every((one) => one.pass);
  return { pass, sentence: sentence(evidence, checks, pass), checks, evidence };
}

function streamsRead(evidence: Common & StreamsRead): Check[] {
  const { parsed } = evidence;
  const seen = { ...evidence, received: parsed, sourceGuid: null };
  return [
    ...fetchedChecks(evidence),
    stepDone(
      'parsed',
      parsed,
      ({ streams }) => `${total(streams, 'records')} records of whole zfs send streams, every checksum right`,
    ),
    sameAtEachStep(seen, 'same-stream'),
    sameAtEachStep(seen, 'same-snapshot'),
    sameBase(evidence),
  ];
}

/** Without a pool nobody else refuses an increment that starts from another snapshot than its manifest says. */
function sameBase({ fetched, parsed }: StreamsRead): Check {
  const name = 'same-base';
  if (!fetched.ok) return missing(name, fetched.reason);
  if (!parsed.ok) return missing(name, parsed.reason);
  const said = fetched.value.backups.map(({ baseGuid }) => baseGuid);
  const found = parsed.value.streams.map(({ baseGuid }) => baseGuid);
  const wrong = said.findIndex((guid, at) => guid !== found[at]);
  if (wrong < 0) return check(name, true, 'each stream starts where the one before it ends');
  return missing(
    name,
    `stream ${wrong + 1} of the chain starts from ${found[wrong] ?? 'nothing'}, its manifest says ${said[wrong] ?? 'nothing'}`,
  );
}

function nothingLeft({ left }: Common): Check {
  const name = 'nothing-left';
  if (!left.ok) return missing(name, left.reason);
  return check(name, left.value.length === 0, left.value.join(', ') || 'all is removed');
}

function sentence(evidence: ReadEvidence, checks: Check[], pass: boolean): string {
  const { source, backup, chain, seconds, endedAt } = evidence;
  if (pass && backup.ok && chain.ok) {
    const made = ago(new Date(backup.value.createdAt), new Date(endedAt));
    const links = chain.value.length === 1 ? '' : ` (${chainInWords(chain.value.length)})`;
    const stored = bytes(total(chain.value, 'storedBytes'));
    return `${source}: readable: backup ${backup.value.id.slice(0, 8)}${links}, made ${made}: all ${stored} downloaded and read in ${duration(seconds)}, every hash right. Not restored into a pool, not compared.`;
  }
  const reds = checks.filter((one) => !one.pass);
  const more = reds.length > 1 ? ` (and ${reds.length - 1} more)` : '';
  return `${source}: NOT readable: ${reds[0]?.name}: ${reds[0]?.detail}${more}`;
}
