// The recovery kit: what a stranger needs to restore, and all that a drill gets. Holds secrets: 0700, and meant to be kept off the server.
// Each strategy has a half of its own, which needs nothing of the other.
import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { App } from '../app.ts';
import { HavenError } from '../errors.ts';
import { configuredStrategies, sectionOf } from '../strategies/configured.ts';
import { kitFiles, type OwnerKey, type Strategy } from '../strategies/strategy.ts';

/** In a kit that was made with the owner's key: that there is one, wherever it is kept. */
export const ownerKeyNote = 'SECRET-KEY.txt';

const programs = fileURLToPath(new URL('../../kit/', import.meta.url));

/** Given a strategy, return the text of its store.json: where its store is, and nothing secret. */
export function storeText(app: App, strategy: Strategy): string {
  const store = strategy.kit.storeOf(sectionOf(app.config, strategy).settings);
  return `${JSON.stringify(store, null, 2)}\n`;
}

/** Writes the kit beside the old one and then puts it in its place, so that there is never half a kit. */
export async function writeKit(app: App): Promise<string> {
  const { kit } = app.home;
  const next = `${kit}.next`;
  await rm(next, { recursive: true, force: true });
  await mkdir(next, { recursive: true, mode: 0o700 });
  await chmod(next, 0o700);
  await copyProgram('RECOVERY.md', next);
  for (const strategy of configuredStrategies(app.config)) await writeHalf(app, strategy, next);
  const old = `${kit}.old`;
  await rm(old, { recursive: true, force: true });
  if (existsSync(kit)) await rename(kit, old);
  await rename(next, kit);
  await rm(old, { recursive: true, force: true });
  return kit;
}

/** Given an app, return the names of all files in its kit. */
export async function kitContents({ home }: App): Promise<string[]> {
  const entries = await readdir(home.kit, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(home.kit, join(parentPath, name)))
    .sort();
}

/**
 * A drill takes the kit as it is: what was put into a drawer is what must work. Only where a strategy has no half of it is one made, and the other
 * half is not touched.
 */
export async function ensureKit(app: App, strategy: Strategy): Promise<void> {
  const { kit } = app.home;
  if (existsSync(join(kit, strategy.name))) return;
  if (!existsSync(kit)) return void (await writeKit(app));
  const next = `${kit}.next`;
  await rm(next, { recursive: true, force: true });
  await mkdir(next, { mode: 0o700 });
  await writeHalf(app, strategy, next);
  await rename(join(next, strategy.name), join(kit, strategy.name));
  await rm(next, { recursive: true, force: true });
}

async function writeHalf(app: App, strategy: Strategy, kit: string): Promise<void> {
  const half = join(kit, strategy.name);
  await mkdir(half, { mode: 0o700 });
  for (const name of strategy.kit.programs) await copyProgram(name, half);
  await writeFile(join(half, 'store.json'), storeText(app, strategy));
  for (const name of strategy.secretFiles)
    await copySecret(join(app.home.secrets[strategy.name], name), join(half, name));
  if (strategy.kit.ownerKey !== undefined) await copyOwnerKey(app, strategy, strategy.kit.ownerKey, half);
  // The drill's fetch reads it as the strategy's user; nobody else comes past the kit's own 0700.
  for (const name of await readdir(half)) {
    await chown(join(half, name), strategy.uid, strategy.uid);
    await chmod(join(half, name), strategy.kit.programs.includes(name) ? 0o500 : 0o400);
  }
  await chown(half, strategy.uid, strategy.uid);
}

/** From the secrets, or from the kit that there was; a key that its owner took off this host stays away, and the kit goes on saying that there is one. */
async function copyOwnerKey(
  { home }: App,
  { name: strategy }: Strategy,
  { files }: OwnerKey,
  half: string,
): Promise<void> {
  const before = join(home.kit, strategy);
  for (const name of files) {
    const from = [home.secrets[strategy], before].map((folder) => join(folder, name)).find(existsSync);
    if (from !== undefined) await copySecret(from, join(half, name));
  }
  if (!existsSync(join(half, files[0])) && !existsSync(join(before, ownerKeyNote))) return;
  const text = `Backups may be encrypted to a public key. The secret key to it is ${files[0]}, in this folder; where it is protected by a passphrase, that is in ${files[1] ?? ''}.
If they are not here, the owner of the server keeps them elsewhere: put them into this folder before you restore.
`;
  await writeFile(join(half, ownerKeyNote), text);
}

/** Given an app, return which files of the kit are missing or no longer what `haven kit` would write. */
export async function staleKitFiles(app: App): Promise<string[]> {
  const stale: string[] = [];
  for (const strategy of configuredStrategies(app.config)) {
    const { files } = strategy.kit.ownerKey ?? { files: [] };
    const onHost = files.filter((name) => existsSync(join(app.home.secrets[strategy.name], name)));
    for (const name of [...kitFiles(strategy), ...onHost]) {
      const found = await readFile(join(app.home.kit, strategy.name, name), 'utf8').catch(() => null);
      const want = await kitText(app, strategy, name).catch(() => null);
      if (found === null || found !== want) stale.push(`${strategy.name}/${name}`);
    }
  }
  return stale;
}

/** Given the name of a file of a half, return what `haven kit` would write into it now; throws where it is a secret that is missing. */
export async function kitText(app: App, strategy: Strategy, name: string): Promise<string> {
  if (name === 'store.json') return storeText(app, strategy);
  const from = strategy.kit.programs.includes(name) ? programs : app.home.secrets[strategy.name];
  return await readFile(join(from, name), 'utf8');
}

async function copyProgram(name: string, folder: string): Promise<void> {
  await copyFile(join(programs, name), join(folder, name));
}

async function copySecret(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (cause) {
    const message = `the secret ${from} is missing or cannot be read`;
    throw new HavenError(
      { code: 'bad-request', operation: 'write the kit', subject: from, message, hint: '`haven doctor`' },
      { cause },
    );
  }
}
