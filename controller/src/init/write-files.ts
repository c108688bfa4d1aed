// What the wizard writes, and in which order: secrets first, haven.yaml last. Whoever finds that file finds all that it needs.
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StrategyName } from '../contract/request.ts';
import { HavenError } from '../errors.ts';
import { writeWhole } from '../files/write-whole.ts';
import type { Home } from '../home.ts';
import { strategyNamed } from '../strategies/configured.ts';
import type { Choices } from './draft-config.ts';
import { makePassphrase } from './passphrase.ts';
import type { Present } from './present.ts';

export interface Writing {
  path: string;
  text: string;
  mode: number;
  uid: number;
}

/** Given what was chosen and what is there, return the files that change. A passphrase that is there stays: backups were made with it. */
export function planFiles(
  home: Home,
  { a, b }: Choices,
  present: Present,
  draft: string,
  random: (bytes: number) => Buffer,
): Writing[] {
  const files: Writing[] = [];
  const add = (strategy: StrategyName, file: string, text: string): void => {
    const { uid } = strategyNamed(strategy);
    files.push({ path: join(home.secrets[strategy], file), text, mode: 0o400, uid });
  };
  const passphrase = (strategy: StrategyName): void => {
    if (!present.passphrases[strategy]) add(strategy, 'passphrase', `${makePassphrase(random)}\n`);
  };
  if (a !== undefined) {
    passphrase('a');
    const { user, password } = a.login;
    if (user !== present.swift.user || password !== present.swift.password)
      add('a', 'swift.json', `${JSON.stringify({ user, password })}\n`);
  }
  if (b !== undefined) {
    passphrase('b');
    const { client_id, client_secret } = b.client;
    const same = client_id === present.google.client_id && client_secret === present.google.client_secret;
    // A sign-in is one client's: with another one it is void, and to be made anew.
    if (!same) add('b', 'google-oauth.json', `${JSON.stringify({ client_id, client_secret }, null, 2)}\n`);
  }
  // It names datasets, which is nobody's business but the owner's.
  if (draft !== present.text) files.push({ path: home.config, text: draft, mode: 0o600, uid: 0 });
  return files;
}

export function writeFiles(home: Home, files: Writing[]): void {
  try {
    mkdirSync(join(home.root, 'secrets'), { recursive: true });
    for (const folder of [join(home.root, 'secrets'), home.secrets.a, home.secrets.b]) {
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o700);
    }
    for (const { path, text, mode, uid } of files) writeWhole(path, text, { mode, uid });
  } catch (cause) {
    const { code, path = home.root } = cause as NodeJS.ErrnoException;
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    throw new HavenError(
      {
        code: full ? 'local-full' : 'failed',
        operation: 'write the configuration',
        subject: path,
        message: `${path} could not be written (${code})`,
        hint: full
          ? 'free space there, then run `haven init` again'
          : 'run it as root; is the folder writable?',
      },
      { cause },
    );
  }
}
