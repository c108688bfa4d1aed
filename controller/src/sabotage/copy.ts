// A copy of a few backups as they lie in their store: a folder of objects, and objects.json, which says what each is. Made by a strategy's verb `copy`
// (images/CONTRACT.md 2.4), damaged here, and put into a scratch store.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { HavenError } from '../errors.ts';

const CopiedObject = z.object({
  /** Its file's name in the folder. */
  file: z.string().regex(/^[0-9]{6}$/),
  backup: z.string().regex(/^[0-9a-f]{8,64}$/),
  /** `manifest`: the one that makes it a backup. `data`: a part. `index`, `signatures`: what a strategy keeps beside its data. */
  role: z.enum(['manifest', 'data', 'index', 'signatures']),
  /** Of data: which, from 0. */
  part: z.int().min(0).optional(),
  bytes: z.int().min(1),
  /** How the store knows it: a name, and in stores that have such things an id and properties. */
  name: z.string().min(1),
  id: z.string().optional(),
  properties: z.record(z.string(), z.string()).optional(),
  createdAt: z.iso.datetime().optional(),
  /** Never of a copy, but of a damaged one: the file whose checksums the store lists, whatever it gives. */
  listedAs: z.string().optional(),
});
export type CopiedObject = z.infer<typeof CopiedObject>;

const Copy = z.object({ objects: z.array(CopiedObject).min(1) });

export const listOfObjects = 'objects.json';

/** Given the folder that `copy` filled, return what is in it; throws failed when that is not what the contract says. */
export function readCopy(folder: string): CopiedObject[] {
  const path = join(folder, listOfObjects);
  let text: unknown;
  try {
    text = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new HavenError(
      { code: 'failed', operation: 'read the copy', message: `${path} is no JSON` },
      { cause },
    );
  }
  const parsed = Copy.safeParse(text);
  if (parsed.success) return parsed.data.objects;
  const wrong = parsed.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`);
  throw new HavenError({
    code: 'failed',
    operation: 'read the copy',
    message: `the copy is not as the contract says: ${wrong.slice(0, 5).join('; ')}`,
    hint: 'build the images again: `docker compose build`',
  });
}
