// All that can be asked of an exported kit.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { type Check, failed } from '../doctor/check.ts';
import { exitCodes } from '../errors.ts';
import { makeRunFolder } from '../runs/run-folder.ts';
import { newRunId } from '../runs/run-id.ts';
import { checkKitFiles } from './check-files.ts';
import { openStores } from './open-stores.ts';
import { openKit, type ToOpen } from './opened-kit.ts';

export interface KitChecked {
  checks: Check[];
  /** 0 when the kit will do. */
  exit: number;
}

/** Given an export, return what was found; no copy of it stays. `offline`: the stores are not asked. */
export async function checkExportedKit(
  app: App,
  kit: ToOpen,
  { offline }: { offline: boolean },
): Promise<KitChecked> {
  const run = newRunId(app.now(), 'kit', 'check', app.randomHex(3));
  const folder = makeRunFolder(app.home, run);
  const into = join(folder, 'kit');
  try {
    if (!(await openKit(app, kit, into))) {
      const detail = 'the passphrase does not open it: it is another one, or the file is damaged';
      const remedy = 'try again; if it is the right one, `haven kit export` anew';
      return { checks: [failed('passphrase', detail, remedy)], exit: exitCodes.damaged };
    }
    const files = await checkKitFiles(app, into, kit.named);
    const stores = offline ? [] : await openStores(app, run, folder);
    const bad = files.some(({ state }) => state === 'failed');
    return {
      checks: [...files, ...stores.map(({ check }) => check)],
      exit: bad ? exitCodes.damaged : (stores.find(({ exit }) => exit !== 0)?.exit ?? 0),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
