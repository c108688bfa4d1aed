// A golden backup of strategy B: read from its folder, and put into an emulated Drive with the names, ids and properties that it had.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessToken, upload } from '../../drill/backup-on-drive.ts';
import type { StartedEmulator } from '../../servers/drive/tests/started-emulator.ts';

export interface GoldenObject {
  id: string;
  name: string;
  appProperties: Record<string, string>;
  sha256: string;
}

export interface Expected {
  backup: string;
  kind: 'full' | 'incremental';
  guid: string;
  streamBytes: number;
  streamSha256: string;
}

export interface Golden {
  folder: string;
  objects: GoldenObject[];
  expected: Expected[];
  content(object: GoldenObject): Buffer;
}

export function readGolden(version: 'v1'): Golden {
  const folder = join(import.meta.dirname, version);
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  return {
    folder,
    objects: read('objects.json') as GoldenObject[],
    expected: read('expected.json') as Expected[],
    content: ({ name }) => readFileSync(join(folder, 'objects', name)),
  };
}

/** Given objects, put them into a Drive that has none of their ids. */
export async function plant(drive: StartedEmulator, golden: Golden, objects: GoldenObject[]): Promise<void> {
  await drive.admin('POST ids', { ids: objects.map(({ id }) => id) });
  const token = await accessToken(drive);
  for (const object of objects) {
    const { id, name, appProperties } = object;
    await upload(drive, token, { id, name, appProperties }, golden.content(object));
  }
}
