// An audit of B's store, recorded whoever asked for it: the last one says whether what was backed up is still there.
import type { App } from '../app.ts';
import type { Trigger } from '../history/history.ts';
import { forgetFolder, look } from './look.ts';
import { type RunSummary, recorded } from './recorded.ts';

/** Takes no lock: it changes nothing, and may run beside a backup. */
export async function runAudit(app: App, trigger: Trigger): Promise<RunSummary> {
  return await recorded(app, { kind: 'audit', trigger }, async (run) => {
    const { outcome, exitCode: exit, error = null, result = null } = await look(app, { verb: 'audit', run });
    // Only what went wrong needs to be looked at later.
    if (outcome === 'ok') await forgetFolder(app, run);
    return { outcome, exit, error, result };
  });
}
