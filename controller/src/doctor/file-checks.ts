import { existsSync, statfsSync, statSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { ago, bytes } from '../cli/words.ts';
import { kitNag, lookAtExport } from '../kit/exported.ts';
import { staleKitFiles } from '../kit/write-kit.ts';
import { scratchOf } from '../runs/drill-steps.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type Check, failed, guarded, ok, warn } from './check.ts';

const zfsMagic = 0x2fc12fc1;
const littleSpace = 2 * 2 ** 30;

/** A secret must be there, belong to the user of its strategy, and be readable by nobody else. */
export function checkSecret(app: App, strategy: Strategy, file: string, fix: boolean): Promise<Check> {
  const { uid } = strategy;
  const name = `secret ${strategy.name}/${file}`;
  const path = join(app.home.secrets[strategy.name], file);
  return guarded(name, `look at ${path}`, async () => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined)
      return failed(name, `there is no ${path}`, `write it, then \`haven doctor --fix\``);
    if (stat.size === 0) return failed(name, `${path} is empty`, 'write the secret into it');
    const wrong: string[] = [];
    if (stat.uid !== uid) wrong.push(`belongs to uid ${stat.uid}, not ${uid}`);
    if ((stat.mode & 0o777) !== 0o400) wrong.push(`has mode ${(stat.mode & 0o777).toString(8)}, not 400`);
    if (wrong.length === 0) return ok(name, 'owner and mode are right');
    if (!fix) return failed(name, wrong.join(', '), '`haven doctor --fix`');
    await chmod(path, 0o400);
    await chown(path, uid, uid);
    return ok(name, `fixed: it ${wrong.join(', ')}`);
  });
}

export function checkScratch(app: App): Promise<Check> {
  const scratch = scratchOf(app);
  return guarded('scratch', `make the folder ${scratch}, or set drill.scratch`, async () => {
    const { bavail, bsize, type } = statfsSync(scratch);
    const free = bavail * bsize;
    if (type === zfsMagic) {
      const remedy = 'set drill.scratch to a folder on another filesystem: a pool inside of a pool may hang';
      return warn('scratch', `${scratch} lies on ZFS; ${bytes(free)} free`, remedy);
    }
    if (free < littleSpace)
      return warn(
        'scratch',
        `only ${bytes(free)} free in ${scratch}`,
        'a drill needs room for one whole dataset',
      );
    return ok('scratch', `${bytes(free)} free in ${scratch}`);
  });
}

export function checkKit(app: App): Promise<Check> {
  return guarded('recovery kit', '`haven kit`', async () => {
    if (!existsSync(app.home.kit))
      return warn('recovery kit', 'there is none', '`haven kit`, and take a copy off this server');
    const stale = await staleKitFiles(app);
    if (stale.length === 0) return ok('recovery kit', 'as it should be');
    return warn(
      'recovery kit',
      `not what it would be today: ${stale.join(', ')}`,
      '`haven kit`, and renew the copy off this server',
    );
  });
}

/** What lies in the drawer is another thing than the kit that the drills use. */
export function checkExport(app: App): Promise<Check> {
  const remedy = '`haven kit export` to a disk that can be carried away';
  return guarded('kit off this server', remedy, async () => {
    const exported = await lookAtExport(app);
    const nag = kitNag(exported, app.now());
    if (nag !== null) return warn('kit off this server', nag, remedy);
    return ok(
      'kit off this server',
      `exported ${ago(new Date(exported.at!), app.now())}, as ${exported.form}`,
    );
  });
}
