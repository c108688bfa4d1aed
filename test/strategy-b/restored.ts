// What a stranger gets back: the recovery kit's own program, fed with nothing but the kit.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { google } from './drive.ts';
import { type Bench, passphrase } from './harness.ts';

/** Given a backup's id and, beside the passphrases, more files of the kit, return its plain stream; throws with what the program said. */
export async function streamOf(
  bench: Bench,
  backup: string,
  secret = passphrase,
  more: Record<string, string> = {},
): Promise<Buffer> {
  const kit = mkdtempSync(join(tmpdir(), 'haven-kit-'));
  try {
    copyFileSync(join(import.meta.dirname, '../../controller/kit/restore-b.sh'), join(kit, 'restore-b.sh'));
    const url = bench.drive.url;
    const store = { format: 'haven-b/1', set: 'haven', rootUrl: `${url}/`, tokenUrl: `${url}/token` };
    writeFileSync(join(kit, 'store.json'), JSON.stringify(store));
    writeFileSync(join(kit, 'passphrase'), `${secret}\n`);
    writeFileSync(join(kit, 'google-oauth.json'), JSON.stringify(google));
    for (const [name, text] of Object.entries(more)) writeFileSync(join(kit, name), text);
    const out = join(kit, 'stream');
    execFileSync('sh', ['-c', `sh "$1" stream "$2" > "$3"`, 'sh', join(kit, 'restore-b.sh'), backup, out], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return readFileSync(out);
  } finally {
    rmSync(kit, { recursive: true, force: true });
  }
}
