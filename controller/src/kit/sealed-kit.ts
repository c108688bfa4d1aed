// The kit as one encrypted file, which any machine with gpg and tar opens: `gpg -d FILE | tar -x`. The plain archive is small, and only ever in memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { HavenError } from '../errors.ts';

/** Made to be slow to guess: what a person can remember is short. 65011712 is the most that OpenPGP can say. */
const slow = [
  ...['--cipher-algo', 'AES256', '--s2k-digest-algo', 'SHA512', '--s2k-mode', '3'],
  ...['--s2k-count', '65011712'],
];

/** Given a folder and a passphrase, return it as an encrypted tar archive with everything in a folder haven-kit. */
export async function sealKit(folder: string, passphrase: string): Promise<Buffer<ArrayBuffer>> {
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go='];
  const names = ['--sort=name', '--transform=s,^\\.,haven-kit,'];
  const tar = await run('tar', ['--create', '--directory', folder, ...owner, ...names, '.']);
  const { stdout, problem } = await gpg(['--symmetric', ...slow], tar.stdout, passphrase);
  if (problem !== null) throw failure(`gpg could not encrypt the kit: ${problem}`, 'is gpg installed whole?');
  return stdout;
}

/** Given what sealKit made, unpack it into an empty folder. Says whether the passphrase opened it. */
export async function openSealedKit(
  bytes: Buffer<ArrayBuffer>,
  passphrase: string,
  into: string,
): Promise<boolean> {
  const { stdout, status, problem } = await gpg(['--decrypt'], bytes, passphrase);
  // gpg -d also prints a message that nobody encrypted and calls that a success: ask what it really did.
  if (problem !== null || !/^\[GNUPG:\] DECRYPTION_OKAY$/m.test(status)) return false;
  await run('tar', ['--extract', '--directory', into, '--no-same-owner', '--strip-components=1'], stdout);
  return true;
}

interface Gpg {
  stdout: Buffer<ArrayBuffer>;
  status: string;
  problem: string | null;
}

/** The passphrase goes through a pipe: arguments and environment can be read by others. */
async function gpg(args: string[], input: Buffer<ArrayBuffer>, passphrase: string): Promise<Gpg> {
  const home = await mkdtemp(join(tmpdir(), 'haven-gpg-'));
  const quiet = ['--no-options', '--homedir', home, '--batch', '--no-tty', '--pinentry-mode', 'loopback'];
  try {
    const ended = await run('gpg', [...quiet, '--passphrase-fd', '3', '--status-fd', '4', ...args], input, [
      [Buffer.from(`${passphrase}\n`)],
      'pipe',
    ]);
    const last = ended.stderr.trim().split('\n').at(-1) ?? '';
    return { ...ended, problem: ended.exitCode === 0 ? null : last };
  } finally {
    await run('gpgconf', ['--homedir', home, '--kill', 'all']).catch(() => {});
    await rm(home, { recursive: true, force: true });
  }
}

async function run(program: string, args: string[], input = Buffer.alloc(0), more: unknown[] = []) {
  const ended = await execa(program, args, {
    stdio: [[input], 'pipe', 'pipe', ...(more as [])],
    encoding: 'buffer',
    stripFinalNewline: false,
    env: { LC_ALL: 'C' },
    reject: false,
  });
  if (ended.code === 'ENOENT')
    throw failure(
      `the program ${program} is not installed`,
      `apt-get install ${program === 'tar' ? 'tar' : 'gpg gpg-agent'}`,
    );
  if (ended.exitCode === undefined || (ended.exitCode !== 0 && program !== 'gpg'))
    throw failure(`${program} failed: ${text(ended.stderr).trim()}`, 'see what it says');
  return {
    exitCode: ended.exitCode,
    stdout: Buffer.from(ended.stdout),
    stderr: text(ended.stderr),
    status: text((ended.stdio as unknown[])[4]),
  };
}

function text(bytes: unknown): string {
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('utf8') : '';
}

function failure(message: string, hint: string): HavenError {
  return new HavenError({ code: 'failed', operation: 'seal the kit', message, hint });
}
