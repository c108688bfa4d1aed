// A folder of the owner's: a backup is restored into a throwaway pool exactly as for a drill, and what is wanted of it is copied out and compared again.
// Nothing in the folder is ever removed.
import { posix } from 'node:path';
import type { App } from '../app.ts';
import type { CopiedOut } from '../contract/events.ts';
import type { Interpretation } from '../contract/interpret.ts';
import type { Mount } from '../docker/container-options.ts';
import type { RestoreSteps } from '../drill/evidence.ts';
import { HavenError } from '../errors.ts';
import type { Made } from '../restore/proof.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type InPool, removeVolumes, restoreBy, tried } from './drill-one.ts';
import {
  demandSpace,
  drillVerb,
  makeOutFolder,
  reap,
  restoreVerbsFor,
  scratchOf,
  streamBytes,
} from './drill-steps.ts';
import { restoredSnapshot } from './drill-verify.ts';
import type { Place, Restoring } from './restore-place.ts';

export interface IntoFolder {
  into: string;
  /** Below the dataset; empty for all of it. */
  path: string;
  /** Whether the owner insisted, by naming the folder twice, on one that holds something. */
  really: boolean;
}

/** Given what was typed, return the folder; throws bad-request. */
export function readFolder(into: string, path: string, really: string | undefined): IntoFolder {
  const refuse = (message: string, hint: string): never => {
    throw new HavenError({ code: 'bad-request', operation: 'read the command line', message, hint });
  };
  const folder = into.length > 1 ? into.replace(/\/$/, '') : into;
  if (!folder.startsWith('/') || folder === '/' || posix.normalize(folder) !== folder)
    refuse(`${into} is no folder to restore into`, 'name it in full, such as --into /mnt/usb/restored');
  if (really !== undefined && really !== into)
    refuse(
      '--really must repeat the folder of --into, letter by letter',
      `--into '${into}' --really '${into}'`,
    );
  if (folder.includes(':'))
    refuse(`${into} holds a colon, by which Docker would cut it in two`, 'name a folder without one');
  const within = path.replace(/^\/+|\/+$/g, '');
  if (within.split('/').includes('..'))
    refuse(
      `${path} leads out of the backup`,
      'write it as it is below the dataset, such as Documents/letter.txt',
    );
  return { into: folder, path: within, really: really !== undefined };
}

export function intoFolder(app: App, strategy: Strategy, { into, path, really }: IntoFolder): Place {
  const pool = `haven-drill-${app.randomHex(8)}`;
  const copiedVolume = `${app.config.name}-restore-copied-${app.randomHex(4)}`;
  const copyOut = (
    { run, folder }: { run: string; folder: string },
    step: 'look' | 'copy',
    mounts: Mount[],
  ): Promise<Interpretation> =>
    drillVerb(app, {
      run,
      folder,
      tag: step,
      request: { contract: '1.0', verb: 'copy-out', run, step, path, really },
      mounts: [{ kind: 'owners-folder', from: into, to: '/haven/into', writable: true }, ...mounts],
      signal: app.signal,
    });
  return {
    words: path === '' ? into : posix.join(into, posix.basename(path)),
    verbs: restoreVerbsFor(strategy, 'folder'),
    demand: async (run, folder, chain) => {
      // Docker mounts the folder: this process may be in a container that does not see it.
      if (chain === undefined) return void copiedOf(await copyOut({ run, folder }, 'look', []));
      demandSpace(scratchOf(app), streamBytes(chain));
      if (chain.at(-1)!.type === 'volume')
        throw new HavenError({
          code: 'bad-request',
          operation: 'look at the backup',
          message: 'it is of a volume, which has no files',
          hint: 'restore it into a dataset: --to POOL/NEW-DATASET',
        });
    },
    make: async (restoring) => {
      const inPool: InPool = { ...restoring, backup: restoring.chain.at(-1)!, pool };
      const { steps, exit } = await restoreBy[strategy.reads](app, inPool);
      return { made: madeOf(steps), exit };
    },
    restored: (restoring) => snapshotOf(pool, restoring),
    finish: async (restoring) => {
      const out = makeOutFolder(restoring.folder, 'copied');
      const device = snapshotOf(pool, restoring);
      return copiedOf(
        await copyOut(restoring, 'copy', [
          app.mountZfs({ name: copiedVolume, device, to: '/haven/restored' }),
          { kind: 'folder', from: out, to: '/haven/out', writable: true },
        ]),
      );
    },
    undo: async () => ({}),
    tidy: async ({ run, folder }) => {
      await tried(() => removeVolumes(app, [copiedVolume]));
      const reaped = await tried(() => reap(app, { run, folder, pools: [pool] }));
      if (!reaped.ok) app.log.warn({ runId: run }, reaped.reason);
    },
  };
}

function snapshotOf(pool: string, restoring: Restoring): string {
  return `${pool}/restored@${restoredSnapshot(restoring)}`;
}

function copiedOf(ended: Interpretation): CopiedOut {
  const copied = ended.result?.copiedOut;
  if (ended.outcome === 'ok' && copied !== undefined) return copied;
  throw new HavenError(
    ended.error ?? { code: 'failed', operation: 'copy out', message: 'it gave no result' },
  );
}

function madeOf(steps: RestoreSteps): Made {
  if (steps.reads === 'streams') return steps;
  const { reads, fetched, sealed } = steps;
  return { reads, fetched, sealed: sealed.ok ? { ok: true, value: 'drill-000' } : sealed };
}
