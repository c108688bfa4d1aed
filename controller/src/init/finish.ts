// From written files to the first green drill. Each step that does something is asked for; each failure says what to do, and ends the wizard, which
// may be run again.
import { checkLine } from '../cli/check-line.ts';
import type { Answer } from '../cli/context.ts';
import type { StrategyName } from '../contract/request.ts';
import type { Check } from '../doctor/check.ts';
import { reportOf } from '../errors.ts';
import { type Ask, confirm } from './question.ts';

/** What the wizard lets others do; wired in cli/commands/init.ts. */
export interface Ways {
  /** Whoever needs to be delegated rights: the `zfs allow` as one would type it, and how to run it. */
  missingRights: () => Promise<{ command: string; allow: () => Promise<Check> }[]>;
  /** undefined: it is signed in, or does not sign in. */
  signIn: (() => Promise<string>) | undefined;
  /** Whether somebody is there who could sign in. */
  attended: boolean;
  strategies: StrategyName[];
  testStore: (name: StrategyName) => Promise<Check>;
  examine: () => Promise<Check[]>;
  /** Writes the recovery kit; `next` says how it gets off this server, where that was not done yet. */
  kit: () => Promise<{ text: string; next: string[] }>;
  backup: () => Promise<Answer>;
  drill: () => Promise<Answer>;
}

export interface Finished {
  exit: number;
  checks: Check[];
  /** What is still to do, as one would type it. */
  next: string[];
  backup?: Record<string, unknown>;
  drill?: Record<string, unknown>;
}

export async function finish(ask: Ask, tell: (text: string) => void, ways: Ways): Promise<Finished> {
  const checks: Check[] = [];
  const next: string[] = [];
  const found = (check: Check): void => {
    checks.push(check);
    tell(checkLine(check));
  };
  await delegateRights(ask, tell, ways, found, next);
  const signedIn = await signIn(tell, ways, found, next);
  if (signedIn) {
    await testStores(ask, tell, ways, found, next);
    // Whatever else is amiss: from here on the secrets are worth keeping.
    const kit = await ways.kit();
    tell(`\n${kit.text}`);
    next.push(...kit.next);
  }
  tell('\nIs everything in place? (haven doctor)');
  for (const check of await ways.examine()) {
    if (check.state === 'ok') checks.push(check);
    else found(check);
  }
  const red = checks.filter(({ state }) => state === 'failed').length;
  if (red > 0) {
    tell(
      `${red} of ${checks.length} checks failed: do what stands below each, then run \`haven init\` again.`,
    );
    return { exit: 1, checks, next: [...next, 'haven init'] };
  }
  tell(`All ${checks.length} checks passed${warnings(checks)}`);
  if (!signedIn) return { exit: 0, checks, next: [...next, 'haven backup', 'haven drill'] };
  return await prove(ask, tell, ways, { exit: 0, checks, next });
}

function warnings(checks: Check[]): string {
  return checks.some(({ state }) => state === 'warn') ? ', but heed the warnings above.' : '.';
}

async function delegateRights(
  ask: Ask,
  tell: (text: string) => void,
  ways: Ways,
  found: (check: Check) => void,
  next: string[],
): Promise<void> {
  const missing = await ways.missingRights();
  if (missing.length === 0) return;
  tell('\nStrategy B reads by `zfs send` as an ordinary user (uid 1000), who must be allowed to:');
  for (const { command } of missing) tell(`  ${command}`);
  if (await ask(confirm('delegate', 'Run this now?', true))) {
    for (const { allow } of missing) found(await allow());
  } else next.push(...missing.map(({ command }) => command));
}

async function signIn(
  tell: (text: string) => void,
  ways: Ways,
  found: (check: Check) => void,
  next: string[],
): Promise<boolean> {
  if (ways.signIn === undefined) return true;
  if (!ways.attended) {
    next.push('haven auth google');
    return false;
  }
  tell('\nSign in to Google:');
  const name = 'sign-in to Google';
  try {
    found({ name, state: 'ok', detail: await ways.signIn() });
    return true;
  } catch (thrown) {
    const { code, message, hint = '`haven auth google`' } = reportOf(thrown, 'sign in');
    if (code === 'interrupted') throw thrown;
    found({ name, state: 'failed', detail: message, remedy: hint });
    return false;
  }
}

async function testStores(
  ask: Ask,
  tell: (text: string) => void,
  ways: Ways,
  found: (check: Check) => void,
  next: string[],
): Promise<void> {
  const words = 'Try each store: put, get, list and delete a few small objects?';
  tell('');
  if (!(await ask(confirm('test', words, true)))) return void next.push('haven doctor');
  for (const name of ways.strategies) found(await ways.testStore(name));
}

async function prove(
  ask: Ask,
  tell: (text: string) => void,
  ways: Ways,
  finished: Finished,
): Promise<Finished> {
  const { next } = finished;
  const first = 'Make the first backup now? Ctrl-C stops it cleanly; the next one goes on where it was';
  if (!(await ask(confirm('backup', first, true))))
    return { ...finished, next: [...next, 'haven backup', 'haven drill'] };
  const backup = await ways.backup();
  tell(backup.text);
  if (backup.exit !== 0)
    return { ...finished, exit: backup.exit, backup: backup.data, next: [...next, 'haven backup'] };
  const words = 'Prove it by a drill now: restore it, and compare every byte?';
  if (!(await ask(confirm('drill', words, true))))
    return { ...finished, backup: backup.data, next: [...next, 'haven drill'] };
  const drill = await ways.drill();
  tell(drill.text);
  return {
    ...finished,
    exit: drill.exit,
    backup: backup.data,
    drill: drill.data,
    next: drill.exit === 0 ? next : [...next, 'haven drill'],
  };
}
