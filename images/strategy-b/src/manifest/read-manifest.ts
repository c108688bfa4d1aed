// From a manifest file in the store to a manifest that can be believed: checksum, decryption, form, and that it is the one it says it is.
import { createHash } from 'node:crypto';
import { HavenError } from '../contract/errors.ts';
import type { StoredFile } from '../drive/store.ts';
import { decryptSpec, type ToolBox } from '../pipeline/openpgp.ts';
import { isEncrypted } from '../pipeline/openpgp-frame.ts';
import { through } from '../pipeline/through.ts';
import { Manifest } from './manifest.ts';

/** Given a manifest's file and its ciphertext, return it parsed; throws `damaged`, naming the backup, when anything about it is wrong. */
export async function readManifest(file: StoredFile, ciphertext: Buffer, tools: ToolBox): Promise<Manifest> {
  if (!isAsListed(file, ciphertext))
    throw unreadable(file, 'what was downloaded is not what the store lists');
  return parseManifest(file, await decrypt(file, ciphertext, tools));
}

/** Has what was downloaded the md5 that the store lists, if it lists one? */
export function isAsListed({ md5 }: StoredFile, bytes: Buffer): boolean {
  return md5 === undefined || createHash('md5').update(bytes).digest('hex') === md5;
}

/** Given a manifest's plaintext, return it, if it belongs to that file. */
export function parseManifest(file: StoredFile, plain: Buffer): Manifest {
  const parsed = Manifest.safeParse(parseJson(plain));
  if (!parsed.success)
    throw unreadable(file, `it has not the form that this version knows (${fieldsOf(parsed.error)})`);
  if (parsed.data.backup !== file.properties.backup)
    throw unreadable(file, 'it is the manifest of another backup');
  return parsed.data;
}

/** With the first of the passphrases that opens it: one that was changed since still opens what it encrypted. */
async function decrypt(file: StoredFile, ciphertext: Buffer, tools: ToolBox): Promise<Buffer> {
  // gpg -d prints a message that nobody encrypted, and calls that a success.
  if (!isEncrypted(ciphertext)) throw unreadable(file, 'nobody encrypted it: strategy B did not write it');
  let last: unknown;
  for (const passphrase of tools.passphrases) {
    try {
      return await through(decryptSpec(tools, 'pipe', passphrase), ciphertext, tools);
    } catch (error) {
      if (error instanceof HavenError && error.code === 'interrupted') throw error;
      last = error;
    }
  }
  const { length } = tools.passphrases;
  const these = length === 1 ? 'the one passphrase' : `any of the ${length} passphrases`;
  throw unreadable(file, `it cannot be decrypted with ${these} in the secret 'passphrase'`, last);
}

function parseJson(plain: Buffer): unknown {
  try {
    return JSON.parse(plain.toString('utf8'));
  } catch {
    return undefined; // the schema then says that it is no object
  }
}

/** Only the places: a value could be a dataset's name. */
function fieldsOf(error: { issues: { path: PropertyKey[] }[] }): string {
  return error.issues
    .map((issue) => issue.path.join('.') || 'all of it')
    .join(', ')
    .slice(0, 200);
}

function unreadable(file: StoredFile, what: string, cause?: unknown): HavenError {
  return new HavenError(
    'damaged',
    `the manifest of backup ${file.properties.backup ?? '?'} is unreadable: ${what}`,
    {
      operation: 'read manifest',
      subject: file.properties.backup,
      hint: 'do not prune; was the passphrase changed? then write the earlier one, which an earlier recovery kit holds, on a further line of the file; or look for an older copy in Drive’s trash',
      cause,
    },
  );
}
