// An audit of a strategy's store, recorded whoever asked for it: the last one says whether what was backed up is still there.
import type { App } from '../app.ts';
import type { Trigger } from '../history/history.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { forgetFolder, look } from './look.ts';
import { type RunSummary, recorded } from './recorded.ts';

/** Takes no lock: it changes nothing, and may run beside a backup. */
export async function runAudit(app: App, strategy: Strategy, trigger: Trigger): Promise<RunSummary> {
  return await recorded(app, { kind: 'audit', strategy, trigger }, async (run, cancellable) => {
    const ended = await look(cancellable, strategy, { verb: 'audit', run });
    const { outcome, exitCode: exit, error = null, result = null } = ended;
    // Only what went wrong needs to be looked at later.
    if (outcome === 'ok') await forgetFolder(app, run);
    return { outcome, exit, error, result };
  });
}
