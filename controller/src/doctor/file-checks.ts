import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { App } from '../app.ts';
import { ago, bytes } from '../cli/words.ts';
import { kitNag, lookAtExport } from '../kit/exported.ts';
import { staleKitFiles } from '../kit/write-kit.ts';
import { roomFor, scratchOf } from '../runs/drill-steps.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type Check, failed, guarded, ok, warn } from './check.ts';

const zfsMagic = 0x2fc12fc1;
const littleSpace = 2 * 2 ** 30;
/** About 100 bits, of letters and digits alone. */
const shortest = 20;

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

/** Names of datasets and of files lie in the home too, but only the folder of the secrets must be closed to all others. */
export function checkSecretsFolder(app: App, strategies: Strategy[], fix: boolean): Promise<Check> {
  const name = 'secrets';
  return guarded(name, 'make it: `haven init`', async () => {
    const folder = dirname(app.home.secrets.a);
    const mode = statSync(folder).mode & 0o777;
    const passphrases = strategies.map((strategy) => passphrasesOf(app, strategy));
    const all = passphrases.flat();
    if (new Set(all).size < all.length)
      return failed(
        name,
        'the strategies have a passphrase in common',
        'give one of them another before its first backup: whoever finds it out must not get both',
      );
    const weak = strategies.filter((_, at) => (passphrases[at]?.[0]?.length ?? shortest) < shortest);
    if (weak.length > 0)
      return warn(
        name,
        `the passphrase of strategy ${weak.map((strategy) => strategy.name).join(', ')} is short`,
        `at least ${shortest} random letters and digits, before its first backup; \`haven init\` makes one`,
      );
    if ((mode & 0o077) === 0) return ok(name, `${folder} is closed to others`);
    if (!fix) return failed(name, `${folder} has mode ${mode.toString(8)}, not 700`, '`haven doctor --fix`');
    await chmod(folder, 0o700);
    return ok(name, `fixed: ${folder} had mode ${mode.toString(8)}`);
  });
}

/** The first is the one in use; those of earlier times open earlier backups. */
function passphrasesOf(app: App, { name }: Strategy): string[] {
  try {
    const text = readFileSync(join(app.home.secrets[name], 'passphrase'), 'utf8');
    const lines = text.split('\n').map((line) => line.trim());
    return [...new Set(lines.filter((line) => line !== ''))];
  } catch {
    // That it is missing is told by the check of the secret itself.
    return [];
  }
}

/** `largest`: bytes of the largest dataset, which a full drill restores whole. */
export function checkScratch(app: App, largest: number): Promise<Check> {
  const scratch = scratchOf(app);
  return guarded('scratch', `make the folder ${scratch}, or set drill.scratch`, async () => {
    const { bavail, bsize, type } = statfsSync(scratch);
    const free = bavail * bsize;
    if (type === zfsMagic) {
      const remedy = 'set drill.scratch to a folder on another filesystem: a pool inside of a pool may hang';
      return warn('scratch', `${scratch} lies on ZFS; ${bytes(free)} free`, remedy);
    }
    const needed = Math.max(littleSpace, roomFor(largest));
    const detail = `${bytes(free)} free in ${scratch}; the largest dataset needs ${bytes(roomFor(largest))}`;
    if (free >= needed) return ok('scratch', detail);
    const remedy = 'a drill of it will fail: free space, or set drill.scratch to a folder on a larger disk';
    return warn('scratch', detail, remedy);
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
