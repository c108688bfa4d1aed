// The recovery kit: what a stranger needs to restore, and all that a drill gets. Holds secrets: 0700, and meant to be kept off the server.
import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { App } from '../app.ts';
import type { Config } from '../config/schema.ts';
import { HavenError } from '../errors.ts';

const sources = fileURLToPath(new URL('../../kit/', import.meta.url));
const ownerOfB = 1000;

export const kitFilesOfB = ['restore-b.sh', 'store.json', 'passphrase', 'google-oauth.json'] as const;

// What the kit must know of B's settings; everything else in them, and whether they are right, is the image's own business.
const StoreSettings = z.looseObject({
  set: z.string().default('haven'),
  api: z
    .looseObject({
      rootUrl: z.string().default('https://www.googleapis.com/'),
      tokenUrl: z.string().default('https://oauth2.googleapis.com/token'),
      caPem: z.string().optional(),
    })
    .prefault({}),
});

/** Given the configuration, return store.json: where the store is, and nothing secret. */
export function storeOf(config: Config): Record<string, unknown> {
  const { set, api } = StoreSettings.parse(config.strategies.b.settings);
  return { format: 'haven-b/1', set, rootUrl: api.rootUrl, tokenUrl: api.tokenUrl, caPem: api.caPem ?? null };
}

/** Writes the kit beside the old one and then puts it in its place, so that there is never half a kit. */
export async function writeKit(app: App): Promise<string> {
  const { kit, secretsOfB } = app.home;
  const next = `${kit}.next`;
  const b = join(next, 'b');
  await rm(next, { recursive: true, force: true });
  await mkdir(b, { recursive: true, mode: 0o700 });
  await chmod(next, 0o700);
  await copySource('RECOVERY.md', join(next, 'RECOVERY.md'));
  await copySource('restore-b.sh', join(b, 'restore-b.sh'));
  await writeFile(join(b, 'store.json'), `${JSON.stringify(storeOf(app.config), null, 2)}\n`);
  for (const name of ['passphrase', 'google-oauth.json'])
    await copySecret(join(secretsOfB, name), join(b, name));
  // The drill's fetch reads it as uid 1000; nobody else comes past the kit's own 0700.
  for (const name of kitFilesOfB) {
    await chown(join(b, name), ownerOfB, ownerOfB);
    await chmod(join(b, name), name === 'restore-b.sh' ? 0o500 : 0o400);
  }
  await chown(b, ownerOfB, ownerOfB);
  const old = `${kit}.old`;
  await rm(old, { recursive: true, force: true });
  if (existsSync(kit)) await rename(kit, old);
  await rename(next, kit);
  await rm(old, { recursive: true, force: true });
  return kit;
}

/** A drill takes the kit as it is: what was put into a drawer is what must work. Only where there is none is one made. */
export async function ensureKit(app: App): Promise<void> {
  if (!existsSync(join(app.home.kit, 'b', 'restore-b.sh'))) await writeKit(app);
}

/** Given an app, return which files of the kit are missing or no longer what `haven kit` would write. */
export async function staleKitFiles(app: App): Promise<string[]> {
  const b = join(app.home.kit, 'b');
  const wanted: Record<string, () => Promise<string>> = {
    'restore-b.sh': () => readFile(join(sources, 'restore-b.sh'), 'utf8'),
    'store.json': async () => `${JSON.stringify(storeOf(app.config), null, 2)}\n`,
    passphrase: () => readFile(join(app.home.secretsOfB, 'passphrase'), 'utf8'),
    'google-oauth.json': () => readFile(join(app.home.secretsOfB, 'google-oauth.json'), 'utf8'),
  };
  const stale: string[] = [];
  for (const [name, text] of Object.entries(wanted)) {
    const found = await readFile(join(b, name), 'utf8').catch(() => null);
    const want = await text().catch(() => null);
    if (found === null || found !== want) stale.push(name);
  }
  return stale;
}

async function copySource(name: string, to: string): Promise<void> {
  await copyFile(join(sources, name), to);
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
