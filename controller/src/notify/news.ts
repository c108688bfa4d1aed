// What is told, in words. Pure. No message of an error goes out, for it was written for the owner's own log: news is made of codes, ids and times alone.
import type { Outcome } from '../contract/interpret.ts';
import type { ErrorCode } from '../errors.ts';
import type { Kind } from '../history/history.ts';
import type { Occasion } from './targets.ts';

/** A run that has ended. Times in ISO 8601. */
export interface EndedRun {
  run: string;
  kind: Kind;
  strategy: string;
  outcome: Outcome;
  exit: number;
  code: ErrorCode | null;
  started: string;
  ended: string;
}

export interface News {
  occasion: Occasion | 'test';
  job: string;
  title: string;
  text: string;
  run: EndedRun | null;
}

export type Health = 'good' | 'bad';

export function jobName({ kind, strategy }: { kind: Kind; strategy: string }): string {
  return `${kind}-${strategy}`;
}

/** Given how a run ended, say what it makes of its job; null: nothing, for it was stopped on purpose or never began. */
export function healthAfter(outcome: Outcome): Health | null {
  if (outcome === 'ok') return 'good';
  return outcome === 'interrupted' ? null : 'bad';
}

/** Given a run and how its job was before, return the news of it; null when there is none. */
export function newsOf(name: string, run: EndedRun, before: Health | null): News | null {
  const after = healthAfter(run.outcome);
  if (after === null) return null;
  const job = jobName(run);
  const what = `${run.kind} ${run.strategy}`;
  const how = `Run ${run.run}, ${run.started} to ${run.ended}, exit status ${run.exit}.`;
  if (after === 'good') {
    const again = before === 'bad';
    const title = again ? `${name}: ${what} works again` : `${name}: ${what} is done`;
    return { occasion: again ? 'recovery' : 'success', job, title, text: how, run };
  }
  if (before === 'bad') return null;
  const title = `${name}: ${what} ${run.outcome === 'partial' ? 'is incomplete' : 'FAILED'}`;
  const text = `${meanings[run.code ?? 'failed']}. ${how} \`haven logs ${run.run}\` shows what happened.`;
  return { occasion: 'failure', job, title, text, run };
}

/** Given a job that should have run, return the news of its silence; null when its failure has been told already. */
export function newsOfSilence(name: string, job: string, since: string, before: Health | null): News | null {
  if (before === 'bad') return null;
  const [kind, strategy] = job.split('-');
  const title = `${name}: ${kind} ${strategy} is OVERDUE`;
  const text = `It should have begun at ${since} and has not. \`haven status\` and \`haven doctor\` show more.`;
  return { occasion: 'failure', job, title, text, run: null };
}

/** Given a job whose newest good run is too old, return the news of it; `newest`: null when there never was one. */
export function newsOfAge(name: string, job: string, newest: string | null): News {
  const [kind, strategy] = job.split('-');
  const title = `${name}: ${kind} ${strategy} is OVERDUE: two good runs or more are missing`;
  const what = newest === null ? 'There is no good one yet' : `The newest good one is of ${newest}`;
  return { occasion: 'failure', job, title, text: `${what}. \`haven status\` shows more.`, run: null };
}

export function testNews(name: string): News {
  const text = 'This is what news from Haven looks like. Nothing has happened.';
  return { occasion: 'test', job: 'test', title: `${name}: a test`, text, run: null };
}

const meanings: Record<ErrorCode, string> = {
  'bad-request': 'The configuration or a secret is wrong',
  partial: 'Some datasets are done, some are not',
  'try-later': 'The network or the store was not available; it is tried again',
  busy: 'Another run of it was under way',
  'source-unreadable': 'A snapshot could not be read',
  'store-full': 'The store is full',
  'credentials-revoked': 'The store refuses the credentials: sign in again',
  'local-full': 'A disk of this host is full',
  damaged: 'Stored data is missing, altered or different: keep everything',
  interrupted: 'It was stopped',
  failed: 'It failed',
};
