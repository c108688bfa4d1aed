// Does an exported kit really open the stores? Asked by the drill's own image, which gets that half of the kit and nothing else, as in every drill.
import { existsSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { ago } from '../cli/words.ts';
import { type Check, failed, ok, warn } from '../doctor/check.ts';
import { exitCodes, reportOf } from '../errors.ts';
import { drillVerb } from '../runs/drill-steps.ts';
import { handshake } from '../runs/handshake.ts';
import { drillSpec } from '../runs/images.ts';
import { configuredStrategies } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';

/** Given a run's folder with the kit in it, return for each half what came of it, and the exit status that a failure deserves. */
export async function openStores(
  app: App,
  run: string,
  folder: string,
): Promise<{ check: Check; exit: number }[]> {
  await handshake(app, drillSpec(app, { verb: 'version', run, mounts: [] }), ['look']);
  const all = [];
  for (const strategy of configuredStrategies(app.config))
    if (existsSync(join(folder, 'kit', strategy.name))) all.push(await openStore(app, strategy, run, folder));
  return all;
}

async function openStore(app: App, strategy: Strategy, run: string, folder: string) {
  const name = `store of ${strategy.name}`;
  const work = join(folder, `work-${strategy.name}`);
  try {
    await mkdir(work, { mode: 0o700 });
    await chown(work, strategy.uid, strategy.uid);
    const ended = await drillVerb(app, {
      ...{ run, folder, strategy, tag: `look-${strategy.name}`, signal: app.signal },
      request: { contract: '1.0', verb: 'look', run, strategy: strategy.name },
      mounts: [
        { kind: 'folder', from: join(folder, 'kit', strategy.name), to: '/haven/kit' },
        { kind: 'folder', from: work, to: '/haven/work', writable: true },
      ],
    });
    const looked = ended.result?.looked;
    if (ended.outcome === 'ok' && looked !== undefined)
      return { check: found(name, looked, app.now()), exit: 0 };
    const { message = `ended as ${ended.outcome}`, hint = '`haven doctor`' } = ended.error ?? {};
    return { check: failed(name, `this kit does not open it: ${message}`, hint), exit: ended.exitCode };
  } catch (thrown) {
    const { code, message, hint = '`haven doctor`' } = reportOf(thrown, name);
    return { check: failed(name, `could not be tried: ${message}`, hint), exit: exitCodes[code] };
  }
}

function found(name: string, looked: { backups: number; newestAt: string | null }, now: Date): Check {
  const { backups, newestAt } = looked;
  if (newestAt === null)
    return warn(name, 'this kit opens it, but there is no backup in it', '`haven backup`');
  const newest = ago(new Date(newestAt), now);
  return ok(name, `opened with this kit alone: ${backups} backups, the newest of ${newest}`);
}
