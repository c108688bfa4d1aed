// OpenPGP keys for tests, made by real gpg in a home of their own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface OpenPgpKey {
  fingerprint: string;
  /** Armored. */
  certificate: string;
  secret: string;
}

export interface KeyWanted {
  algorithm?: 'future-default' | 'rsa2048';
  /** Protects the secret key; without, it is not protected. */
  passphrase?: string;
  /** Made, and valid for a year, in 2020. */
  expired?: boolean;
  /** It can sign and nothing else. */
  signOnly?: boolean;
}

/** Given which keys are wanted, return them, and the secrets of those that are not protected in one armored block. */
export function makeKeys(...wanted: KeyWanted[]): { keys: OpenPgpKey[]; secrets: string } {
  const home = mkdtempSync(join(tmpdir(), 'haven-key-'));
  const gpg = (passphrase: string, ...args: string[]) =>
    execFileSync(
      'gpg',
      [
        ...['--homedir', home, '--batch', '--quiet', '--no-tty', '--pinentry-mode', 'loopback'],
        ...['--passphrase', passphrase, ...args],
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
  try {
    const keys = wanted.map((each, index): OpenPgpKey => {
      const { algorithm = 'future-default', passphrase = '', expired = false, signOnly = false } = each;
      const name = `canary-key-${index}@example.org`;
      const when = expired ? ['--faked-system-time', '20200101T000000'] : [];
      const until = expired ? '1y' : 'never';
      const kind = signOnly ? ['ed25519', 'sign'] : [algorithm, 'default'];
      gpg(passphrase, ...when, '--quick-generate-key', name, ...kind, until);
      const shown = gpg('', '--with-colons', '--list-keys', name);
      const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(shown)![1]!;
      if (algorithm === 'rsa2048')
        gpg(passphrase, '--quick-add-key', fingerprint, 'rsa2048', 'encrypt', until);
      const certificate = gpg('', '--armor', '--export', name);
      return { fingerprint, certificate, secret: gpg(passphrase, '--armor', '--export-secret-keys', name) };
    });
    const open = keys.filter((_, index) => wanted[index]!.passphrase === undefined);
    const names = open.map(({ fingerprint }) => fingerprint);
    const secrets = open.length === 0 ? '' : gpg('', '--armor', '--export-secret-keys', ...names);
    return { keys, secrets };
  } finally {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  }
}
