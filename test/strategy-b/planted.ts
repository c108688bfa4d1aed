// Backups put into the emulated Drive by hand, of any age and in any chain: FORMAT.md followed by other code than strategy B's.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { google } from './drive.ts';
import { type Bench, passphrase } from './harness.ts';

export interface Planting {
  /** Two hexadecimal digits, of which the id is made. */
  name: string;
  /** Those of the backup it builds upon; without: a full. */
  on?: string;
  /** GUID of the snapshot that it starts from; without: the right one. */
  baseGuid?: string;
  /** Those of the chain's full. */
  chain?: string;
  daysOld: number;
  source?: string;
  parts?: number;
  withoutManifest?: boolean;
  /** That its manifest is encrypted with; without: the bench's own. */
  secret?: string;
  /** Its manifest is an OpenPGP message that nobody encrypted, as anybody can write one. */
  forged?: boolean;
}

export function idOf(name: string): string {
  return name.repeat(16);
}

export async function plant(bench: Bench, planting: Planting): Promise<string> {
  const {
    name,
    on,
    baseGuid = on === undefined ? null : guidOf(on),
    chain = name,
    daysOld,
    source = 'home',
    parts: count = 2,
  } = planting;
  const backup = idOf(name);
  const createdAt = new Date(Date.now() - daysOld * 86_400_000).toISOString();
  const parts = [];
  for (let n = 0; n < count; n += 1) {
    const bytes = randomBytes(100);
    const partName = `h1-${backup}-${String(n).padStart(6, '0')}`;
    const properties = { haven: 'haven', kind: 'part', backup, part: String(n) };
    const file = await put(bench, partName, properties, bytes, createdAt);
    const stored = { bytes: 100, md5: hash('md5', bytes), sha256: hash('sha256', bytes) };
    const stream = { offset: n * 10, bytes: 10, sha256: hash('sha256', '') };
    parts.push({ n, file, name: partName, compression: 'xz', stream, stored });
  }
  if (planting.withoutManifest) return backup;
  const manifest = {
    ...{ format: 'haven-b/1', backup, chain: idOf(chain), kind: on === undefined ? 'full' : 'incremental' },
    ...{ base: on === undefined ? null : idOf(on), baseGuid },
    source: {
      ...{ id: source, dataset: 'canary-pool/canary data', snapshot: `canary-snapshot-${name}` },
      ...{ guid: guidOf(name), type: 'filesystem', createdAt },
    },
    ...{ sendFlags: [], createdAt, committedAt: createdAt, writer: {} },
    stream: { bytes: count * 10, sha256: hash('sha256', '') },
    parts,
  };
  const properties = { haven: 'haven', kind: 'manifest', backup };
  await put(
    bench,
    `h1-${backup}-manifest`,
    properties,
    message(JSON.stringify(manifest), planting),
    createdAt,
  );
  return backup;
}

function guidOf(name: string): string {
  return String(Number.parseInt(name, 16) + 1);
}

function hash(algorithm: string, bytes: Buffer | string): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

function message(text: string, { secret = passphrase, forged }: Planting): Buffer {
  const home = mkdtempSync(join(tmpdir(), 'haven-b-plant-'));
  try {
    const args = ['--homedir', home, '--batch', '--quiet', '--no-autostart', '--pinentry-mode', 'loopback'];
    const seal = ['--s2k-count', '65536', '--passphrase', secret, '--symmetric'];
    const how = ['--compress-algo', 'none', ...(forged ? ['--store'] : seal)];
    return execFileSync('gpg', [...args, ...how], { input: text });
  } finally {
    rmSync(home, { recursive: true });
  }
}

async function put(
  { drive }: Bench,
  name: string,
  appProperties: Record<string, string>,
  bytes: Buffer,
  createdTime: string,
): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', ...google });
  const login = await fetch(`${drive.url}/token`, { method: 'POST', body: form });
  const { access_token: token } = (await login.json()) as { access_token: string };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const start = await fetch(`${drive.url}/upload/drive/v3/files?uploadType=resumable&fields=id`, {
    ...{ method: 'POST', headers, body: JSON.stringify({ name, appProperties, createdTime }) },
  });
  const session = start.headers.get('location')!;
  const stored = await fetch(session, { method: 'PUT', body: new Uint8Array(bytes) });
  return ((await stored.json()) as { id: string }).id;
}
