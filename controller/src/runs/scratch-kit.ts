// The half of the recovery kit that opens a scratch store: the owner's own, with another address and another sign-in in it. And the secrets of the strategy's image, the same way.
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Mount } from '../docker/container-options.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';

const wrongPassphrase = 'not the passphrase that these backups were made with\n';

/** Given a strategy, a folder and the scratch store's authority, write its half of a kit into the folder. */
export function writeScratchKit(
  app: App,
  strategy: Strategy,
  folder: string,
  caPem: string | null,
  wrongKey: boolean,
): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kit = join(app.home.kit, strategy.name);
  for (const name of readdirSync(kit)) copyFileSync(join(kit, name), join(folder, name));
  const { settings } = sectionOf(app.config, strategy);
  const store = strategy.kit.storeOf(strategy.scratch.settings(settings, caPem));
  replace(folder, 'store.json', JSON.stringify(store));
  for (const [name, text] of Object.entries(strategy.scratch.secrets)) replace(folder, name, text);
  if (wrongKey) replace(folder, 'passphrase', wrongPassphrase);
  for (const name of ['', ...readdirSync(folder)]) {
    chownSync(join(folder, name), strategy.uid, strategy.uid);
    if (name !== '') chmodSync(join(folder, name), strategy.kit.programs.includes(name) ? 0o500 : 0o400);
  }
}

/** What the strategy's image is given to audit the scratch store: its secrets, out of that kit. */
export function scratchSecrets({ secretFiles }: Strategy, kit: string): Mount[] {
  return secretFiles.map((file) => ({ kind: 'file', from: join(kit, file), to: `/run/secrets/${file}` }));
}

function replace(folder: string, name: string, text: string): void {
  rmSync(join(folder, name), { force: true });
  writeFileSync(join(folder, name), text, { mode: 0o400 });
}
