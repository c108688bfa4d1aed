// Makes a damaged copy out of a whole one. What stays as it was is a hard link: a copy of many gigabytes is damaged in no time, and the whole one is never written to.
import {
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type CopiedObject, listOfObjects } from './copy.ts';

export type Change =
  | { do: 'flip'; file: string; at: number }
  | { do: 'cut'; file: string; to: number }
  /** Flipped where the store does not see it: it goes on listing what it had. */
  | { do: 'rot'; file: string; at: number }
  | { do: 'drop'; file: string }
  /** Its content becomes that of another. */
  | { do: 'put'; file: string; from: string }
  /** The same content a second time, under another name or id. */
  | { do: 'double'; file: string; as: Pick<CopiedObject, 'name' | 'id'> };

/** Given a copy and changes, write the changed copy into a folder, which is emptied first; returns what is in it. */
export function damageCopy(
  whole: string,
  objects: readonly CopiedObject[],
  changes: readonly Change[],
  into: string,
): CopiedObject[] {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true, mode: 0o755 });
  const damaged: CopiedObject[] = [];
  for (const object of objects) {
    const ours = changes.filter(({ file }) => file === object.file);
    if (ours.some((change) => change.do === 'drop')) continue;
    place(whole, object.file, ours, into);
    damaged.push(ours.some((change) => change.do === 'rot') ? rotten(whole, object, into) : object);
  }
  for (const change of changes) {
    if (change.do !== 'double') continue;
    const object = objects.find(({ file }) => file === change.file)!;
    const file = String(900_000 + damaged.length);
    linkSync(join(whole, object.file), join(into, file));
    damaged.push({ ...object, ...change.as, file });
  }
  writeFileSync(join(into, listOfObjects), JSON.stringify({ objects: damaged }), { mode: 0o644 });
  return damaged;
}

function place(whole: string, file: string, changes: Change[], into: string): void {
  const to = join(into, file);
  const put = changes.find((change) => change.do === 'put');
  const from = join(whole, put?.from ?? file);
  const altered = changes.some(
    (change) => change.do === 'flip' || change.do === 'cut' || change.do === 'rot',
  );
  if (!altered) {
    linkSync(from, to);
    return;
  }
  copyFileSync(from, to);
  for (const change of changes) {
    if (change.do === 'flip' || change.do === 'rot') flip(to, change.at);
    if (change.do === 'cut') truncateSync(to, change.to);
  }
}

/** The store is given what it listed beside what it gives. */
function rotten(whole: string, object: CopiedObject, into: string): CopiedObject {
  const listedAs = String(800_000 + Number(object.file));
  linkSync(join(whole, object.file), join(into, listedAs));
  return { ...object, listedAs };
}

function flip(path: string, at: number): void {
  const file = openSync(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    if (readSync(file, byte, 0, 1, at) !== 1) throw new Error(`${path} has no byte ${at}`);
    byte.writeUInt8(byte.readUInt8() ^ 0x10);
    writeSync(file, byte, 0, 1, at);
  } finally {
    closeSync(file);
  }
}
