// The commands that turn a piece into a stored part and back (FORMAT.md, "A part"). The passphrase goes over descriptor 3.
// gpg needs a home but no agent: `--no-autostart` forbids one, and a fixed s2k count keeps it from asking one.

import type { StageSpec } from '../process/child.ts';
import type { Compression } from '../settings.ts';

/** What every stage of ours has in common. */
export type ToolBox = Pick<StageSpec, 'env' | 'scrub' | 'killAfterMs'> & {
  gnupgHome: string;
  /** As in secrets.ts. */
  passphrases: string[];
  stallMs: number;
  stop: AbortSignal;
};

/** What opens a message: the passphrase, and each secret key of the certificates in these files. */
export interface Seal {
  passphrase: string;
  certificates: string[];
}

export function encryptSpec(tools: ToolBox, seal: Seal): StageSpec {
  // Hidden: not even a key's id is told to whoever sees the message. From files: no key ring, and nobody to ask whether a key is trusted.
  const to = seal.certificates.flatMap((file) => ['--hidden-recipient-file', file]);
  const keys = to.length === 0 ? [] : ['--no-keyring', '--encrypt', ...to];
  const options = ['--symmetric', ...keys, '--cipher-algo', 'AES256', '--compress-algo', 'none'];
  const s2k = ['--s2k-digest-algo', 'SHA512', '--s2k-count', '8388608'];
  return gpg(tools, 'gpg', [...options, ...s2k], 'pipe', seal.passphrase);
}

/** gpg takes one passphrase at a time. */
export function decryptSpec(tools: ToolBox, stdin: number | 'pipe', passphrase: string): StageSpec {
  return gpg(tools, 'gpg -d', ['--decrypt'], stdin, passphrase);
}

function gpg(
  tools: ToolBox,
  name: string,
  verb: string[],
  stdin: number | 'pipe',
  passphrase: string,
): StageSpec {
  const secret = ['--pinentry-mode', 'loopback', '--passphrase-fd', '3'];
  return {
    ...stage(tools, name, 'gpg', [...alone(tools), ...secret, ...verb], stdin),
    secret: `${passphrase}\n`,
  };
}

/** gpg asks nobody, reads nobody's configuration and starts no agent. */
function alone({ gnupgHome }: ToolBox): string[] {
  return ['--batch', '--no-tty', '--quiet', '--no-options', '--no-autostart', '--homedir', gnupgHome];
}

/** Tells what keys are in the input, a line each. */
export function showKeysSpec(tools: ToolBox): StageSpec {
  const args = [...alone(tools), '--no-keyring', '--with-colons', '--show-keys'];
  return stage(tools, 'gpg --show-keys', 'gpg', args, 'pipe');
}

/** Given the owner's choice, return the compressor, or null when there is none. */
export function compressSpec(tools: ToolBox, compression: Compression): StageSpec | null {
  if (compression.method === 'none') return null;
  const { method, level, threads } = compression;
  const options = ['--compress', '--stdout', `-${level}`];
  if (method === 'xz') return stage(tools, 'xz', 'xz', [...options, `--threads=${threads}`], 'pipe');
  // --check: the content's checksum, which the proof by counts reads. -T1 would be one thread beside that of input and output, and a few MB more.
  const workers = threads === 1 ? '--single-thread' : `--threads=${threads}`;
  return stage(tools, 'zstd', 'zstd', [...options, '--quiet', '--check', workers], 'pipe');
}

export function decompressSpec(tools: ToolBox, { method }: Pick<Compression, 'method'>): StageSpec | null {
  if (method === 'none') return null;
  return stage(tools, `${method} -d`, method, ['--decompress', '--stdout', '--quiet'], 'pipe');
}

function stage(
  tools: ToolBox,
  name: string,
  file: string,
  args: string[],
  stdin: number | 'pipe',
): StageSpec {
  return { name, file, args, env: tools.env, scrub: tools.scrub, killAfterMs: tools.killAfterMs, stdin };
}
