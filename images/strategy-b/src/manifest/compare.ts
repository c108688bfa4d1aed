// The manifests of a set against the store's own listing. A listing may lag behind, so nothing is called missing before the store was asked for it by id,
// as long as that is not asked too often: beyond a thousand, more is wrong than a lag, and the listing is believed.
import type { Finding } from '../contract/events.ts';
import type { Catalogue } from '../drive/catalogue.ts';
import { StoreError } from '../drive/errors.ts';
import type { Store, StoredFile } from '../drive/store.ts';
import type { Known } from '../state/memory.ts';
import { brokenLink } from './chains.ts';
import type { Manifest, Part } from './manifest.ts';

export interface Comparison {
  manifests: { file: StoredFile; manifest: Manifest }[];
  /** With trashed files. */
  catalogue: Catalogue;
  remembered: Known[];
  store: Store;
}

export async function compareWithStore({
  manifests,
  catalogue,
  remembered,
  store,
}: Comparison): Promise<Finding[]> {
  const listed = new Map([...catalogue.parts, ...catalogue.manifests].map((file) => [file.id, file]));
  let asked = 0;
  const ask = async (id: string) => (asked++ < mostAsked ? await askFor(id, store) : undefined);
  const find = async (id: string) => listed.get(id) ?? (await ask(id));
  const byId = new Map(manifests.map(({ manifest }) => [manifest.backup, manifest]));
  const present = new Set(catalogue.manifests.map(({ properties }) => properties.backup));
  const findings: Finding[] = [];
  for (const { manifest } of manifests) {
    for (const part of manifest.parts)
      findings.push(...comparePart(manifest.backup, part, await find(part.file)));
    findings.push(...brokenChain(manifest, byId));
  }
  findings.push(...extraFiles(manifests, catalogue));
  findings.push(...catalogue.manifests.filter(({ trashed }) => trashed).map(trashedManifest));
  for (const known of remembered) {
    if (present.has(known.backup)) continue;
    if ((await ask(known.file)) === undefined) findings.push(rolledBack(known));
  }
  return findings;
}

export const mostAsked = 1000;

/** Given an id, return its file, or undefined when there is none. */
export async function askFor(id: string, store: Store): Promise<StoredFile | undefined> {
  try {
    return await store.get(id);
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

/** Given a part and its file in the store, return what is wrong. */
export function comparePart(backup: string, part: Part, file: StoredFile | undefined): Finding[] {
  const about = { backup, part: part.n, object: part.file };
  const name = `part ${part.n} of backup ${backup}`;
  if (file === undefined) return [{ kind: 'missing', ...about, message: `${name} is not in the store` }];
  const findings: Finding[] = [];
  if (file.trashed)
    findings.push({
      kind: 'trashed',
      ...about,
      message: `${name} is in the trash, and deleted within 30 days`,
    });
  const wrong = difference(part, file);
  if (wrong !== null) findings.push({ kind: 'altered', ...about, message: `${name}: ${wrong}` });
  return findings;
}

function difference({ stored }: Part, file: StoredFile): string | null {
  if (file.bytes !== stored.bytes) return `its size is ${file.bytes} bytes instead of ${stored.bytes}`;
  if (file.md5 === undefined) return 'the store gives no md5 of it';
  if (file.md5 !== stored.md5) return 'its md5 is not the recorded one';
  if (file.sha256 !== undefined && file.sha256 !== stored.sha256) return 'its sha256 is not the recorded one';
  return null;
}

/** Files that claim to belong to a committed backup and are not in its manifest. Parts of unfinished runs are no finding. */
function extraFiles(manifests: Comparison['manifests'], catalogue: Catalogue): Finding[] {
  const ours = new Set(
    manifests.flatMap(({ file, manifest }) => [file.id, ...manifest.parts.map((part) => part.file)]),
  );
  const committed = new Set(manifests.map(({ manifest }) => manifest.backup));
  const extraParts = catalogue.parts
    .filter(({ id, properties, trashed }) => !trashed && committed.has(properties.backup!) && !ours.has(id))
    .map((file) => extra(file, 'a part that its manifest does not name'));
  const seen = new Set<string>();
  const second = manifests.filter(({ manifest }) => seen.size === seen.add(manifest.backup).size);
  return [...extraParts, ...second.map(({ file }) => extra(file, 'a second manifest'))];
}

function extra(file: StoredFile, what: string): Finding {
  const backup = file.properties.backup!;
  return { kind: 'extra', backup, object: file.id, message: `backup ${backup} has ${what}` };
}

function brokenChain(manifest: Manifest, byId: ReadonlyMap<string, Manifest>): Finding[] {
  const { backup } = manifest;
  const why = brokenLink(manifest, byId);
  if (why === null) return [];
  return [{ kind: 'broken-chain', backup, message: `backup ${backup} cannot be restored: ${why}` }];
}

function trashedManifest(file: StoredFile): Finding {
  const backup = file.properties.backup!;
  return {
    kind: 'trashed',
    backup,
    object: file.id,
    message: `the manifest of backup ${backup} is in the trash`,
  };
}

function rolledBack({ backup, file }: Known): Finding {
  const message = `backup ${backup} was in the store and is not any more: rolled back, emptied, or another account`;
  return { kind: 'rolled-back', backup, object: file, message };
}
