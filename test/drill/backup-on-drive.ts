// A backup as images/strategy-b/FORMAT.md describes it, made from that document alone with real gpg, xz and zstd, and put into the emulator.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { CLIENT, type StartedEmulator } from '../servers/drive/tests/started-emulator.ts';
import type { OpenPgpKey } from '../strategy-b/openpgp-key.ts';

export const PASSPHRASE = 'correct horse battery staple';

export type Compression = 'xz' | 'zstd' | 'none';

export interface Part {
  n: number;
  file: string;
  name: string;
  compression: Compression;
  stream: { offset: number; bytes: number; sha256: string };
  stored: { bytes: number; md5: string; sha256: string };
  recipients?: string[];
}

export interface Manifest {
  format: string;
  backup: string;
  kind: 'full' | 'incremental';
  base: string | null;
  baseGuid: string | null;
  chain: string;
  source: Record<string, string>;
  stream: { bytes: number; sha256: string };
  parts: Part[];
  [field: string]: unknown;
}

export interface BackupOnDrive {
  id: string;
  stream: Buffer;
  manifest: Manifest;
  manifestFile: string;
}

export interface Wanted {
  backup?: string;
  stream?: Buffer;
  partBytes?: number;
  /** One for all parts, or one a part: a resumed backup may have both. */
  compression?: Compression | Compression[];
  committedAt?: string;
  guid?: string;
  type?: 'filesystem' | 'volume';
  /** The backup that it builds upon; without one it is a full. */
  on?: Pick<BackupOnDrive, 'manifest'>;
  /** Keys that its parts are encrypted to, instead of to the passphrase. */
  keys?: OpenPgpKey[];
  /** The manifest too is encrypted to them alone, as anybody who knows the certificates could. */
  forged?: boolean;
  /** Changes the manifest before it is encrypted. */
  manifest?: (manifest: Manifest) => unknown;
}

/** Given what the backup is to hold, leave it in the emulator, the manifest last. */
export async function putBackup(drive: StartedEmulator, wanted: Wanted = {}): Promise<BackupOnDrive> {
  const id = wanted.backup ?? randomBytes(16).toString('hex');
  const stream = wanted.stream ?? randomBytes(2_600_000);
  const partBytes = wanted.partBytes ?? 1 << 20;
  const compressions = [wanted.compression ?? 'xz'].flat();
  const base = wanted.on?.manifest;
  const token = await accessToken(drive);
  const gpg = makeGpg();
  try {
    const parts: Part[] = [];
    for (let offset = 0; offset < stream.length; offset += partBytes) {
      const plain = stream.subarray(offset, offset + partBytes);
      const n = parts.length;
      const compression = compressions[n % compressions.length]!;
      const stored = await gpg.encrypt(await compress(compression, plain), wanted.keys);
      const name = `h1-${id}-${String(n).padStart(6, '0')}`;
      const appProperties = { haven: 'haven', kind: 'part', backup: id, part: String(n) };
      const file = await upload(drive, token, { name, appProperties }, stored);
      parts.push({
        n,
        file,
        name,
        compression,
        stream: { offset, bytes: plain.length, sha256: hash('sha256', plain) },
        stored: { bytes: stored.length, md5: hash('md5', stored), sha256: hash('sha256', stored) },
        ...(wanted.keys && { recipients: wanted.keys.map(({ fingerprint }) => fingerprint) }),
      });
    }
    const at = wanted.committedAt ?? '2026-11-23T20:00:00.000Z';
    const manifest: Manifest = {
      format: 'haven-b/1',
      backup: id,
      chain: base?.chain ?? id,
      kind: base === undefined ? 'full' : 'incremental',
      base: base?.backup ?? null,
      baseGuid: base?.source.guid ?? null,
      source: {
        id: 'home',
        dataset: 'tank/my data',
        snapshot: 'haven-1',
        guid: wanted.guid ?? '12345678901234567890',
        type: wanted.type ?? 'filesystem',
        createdAt: at,
      },
      sendFlags: [],
      createdAt: at,
      committedAt: at,
      writer: {},
      stream: { bytes: stream.length, sha256: hash('sha256', stream) },
      parts,
    };
    const text = JSON.stringify(wanted.manifest?.(manifest) ?? manifest);
    const appProperties = { haven: 'haven', kind: 'manifest', backup: id };
    const stored = await gpg.encrypt(Buffer.from(text), wanted.forged ? wanted.keys : undefined);
    const manifestFile = await upload(drive, token, { name: `h1-${id}-manifest`, appProperties }, stored);
    return { id, stream, manifest, manifestFile };
  } finally {
    await gpg.dispose();
  }
}

/** The half of the recovery kit that opens this emulator, over TLS with its private authority. */
export async function makeKit(
  drive: { url: string; ports: { https: number } },
  change: Record<string, unknown> = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-kit-'));
  const url = `https://localhost:${drive.ports.https}/`;
  const caPem = await (await fetch(`${drive.url}/_emulator/ca.pem`)).text();
  const store = {
    format: 'haven-b/1',
    set: 'haven',
    rootUrl: url,
    tokenUrl: `${url}token`,
    caPem,
    ...change,
  };
  const oauth = {
    client_id: CLIENT.id,
    client_secret: CLIENT.secret,
    refresh_token: CLIENT.refreshToken,
  };
  const program = new URL('../../controller/kit/restore-b.sh', import.meta.url);
  writeFileSync(join(folder, 'store.json'), JSON.stringify(store));
  writeFileSync(join(folder, 'google-oauth.json'), JSON.stringify(oauth));
  writeFileSync(join(folder, 'passphrase'), `${PASSPHRASE}\n`);
  writeFileSync(join(folder, 'restore-b.sh'), readFileSync(program), { mode: 0o755 });
  return folder;
}

export function hash(algorithm: 'md5' | 'sha256', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

// stripFinalNewline: execa takes a last byte of 0x0a away, from bytes too: one ciphertext in 256 ends in it.
async function compress(method: Compression, bytes: Uint8Array): Promise<Uint8Array> {
  if (method === 'none') return bytes;
  const run = await execa(method, ['-1', '--stdout'], {
    input: bytes,
    encoding: 'buffer',
    stripFinalNewline: false,
  });
  return run.stdout;
}

interface Gpg {
  /** To these keys, or else to the passphrase. */
  encrypt(bytes: Uint8Array, keys?: OpenPgpKey[]): Promise<Buffer>;
  dispose(): Promise<void>;
}

function makeGpg(): Gpg {
  const home = mkdtempSync(join(tmpdir(), 'haven-gpg-'));
  mkdirSync(join(home, 'home'), { mode: 0o700 });
  writeFileSync(join(home, 'passphrase'), PASSPHRASE);
  const common = ['--homedir', join(home, 'home'), '--batch', '--pinentry-mode', 'loopback'];
  const secret = ['--passphrase-file', join(home, 'passphrase')];
  const how = ['--cipher-algo', 'AES256', '--compress-algo', 'none', '--s2k-count', '65536'];
  return {
    async encrypt(bytes, keys) {
      const to = (keys ?? []).flatMap(({ certificate, fingerprint }) => {
        const file = join(home, fingerprint);
        writeFileSync(file, certificate);
        return ['--hidden-recipient-file', file];
      });
      const verb = keys === undefined ? ['--symmetric'] : ['--encrypt', ...to];
      const run = await execa('gpg', [...common, ...secret, ...how, ...verb], {
        input: bytes,
        encoding: 'buffer',
        stripFinalNewline: false,
      });
      return Buffer.from(run.stdout);
    },
    async dispose() {
      await execa('gpgconf', ['--homedir', join(home, 'home'), '--kill', 'all']);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export async function accessToken(drive: StartedEmulator): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: CLIENT.id,
    client_secret: CLIENT.secret,
    refresh_token: CLIENT.refreshToken,
  });
  const answer = await fetch(`${drive.url}/token`, { method: 'POST', body });
  return ((await answer.json()) as { access_token: string }).access_token;
}

export async function upload(
  drive: StartedEmulator,
  token: string,
  metadata: Record<string, unknown>,
  bytes: Uint8Array,
): Promise<string> {
  const boundary = randomBytes(16).toString('hex');
  const head = `--${boundary}\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(metadata)}\r\n`;
  const media = `--${boundary}\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const answer = await fetch(`${drive.url}/upload/drive/v3/files?uploadType=multipart&fields=id`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': `multipart/related; boundary=${boundary}`,
    },
    body: Buffer.concat([Buffer.from(head + media), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  });
  if (!answer.ok) throw new Error(`the emulator refused the upload: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { id: string }).id;
}
