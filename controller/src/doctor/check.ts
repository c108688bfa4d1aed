import { HavenError, reportOf } from '../errors.ts';

export interface Check {
  name: string;
  state: 'ok' | 'warn' | 'failed';
  detail: string;
  /** What the owner can do; for everything that is not ok. */
  remedy?: string;
}

export function ok(name: string, detail: string): Check {
  return { name, state: 'ok', detail };
}

export function warn(name: string, detail: string, remedy: string): Check {
  return { name, state: 'warn', detail, remedy };
}

export function failed(name: string, detail: string, remedy: string): Check {
  return { name, state: 'failed', detail, remedy };
}

/** Given a check that may throw, return what it found; a throw is a failed check with the error's own remedy, or the one given. */
export async function guarded(name: string, remedy: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (thrown) {
    const report = reportOf(thrown, name);
    const own = thrown instanceof HavenError ? report.hint : undefined;
    return failed(name, report.message, own ?? remedy);
  }
}
