// All manifests of a set, read and compared with the store: what `audit` reports, and what `prune` must know before it deletes anything.
import type { Context } from '../context.ts';
import type { Finding } from '../contract/events.ts';
import { type Catalogue, readCatalogue } from '../drive/catalogue.ts';
import type { Store, StoredFile } from '../drive/store.ts';
import type { Known } from '../state/memory.ts';
import { compareWithStore } from './compare.ts';
import { type LoadedManifests, loadManifests } from './load-manifests.ts';
import { withUnlisted } from './unlisted.ts';

export interface Examination {
  /** With trashed files. */
  catalogue: Catalogue;
  readable: LoadedManifests['readable'];
  findings: Finding[];
  /** What was remembered before this look. */
  remembered: Known[];
  /** What it took beside the listing. */
  askedById: number;
  downloads: number;
}

export async function examine(context: Context): Promise<Examination> {
  const remembered = context.memory.known();
  const { store, costs } = counted(context.store);
  const listed = await readCatalogue(store, context.settings.set, true);
  const catalogue = await withUnlisted(listed, remembered, store);
  const live = catalogue.manifests.filter(({ trashed }) => !trashed);
  const { readable, unreadable } = await loadManifests(live, { ...context, store });
  const findings = [
    ...unreadable.map(
      ({ file, error }): Finding => ({
        kind: 'unreadable',
        backup: file.properties.backup!,
        object: file.id,
        message: error.message,
      }),
    ),
    ...(await compareWithStore({ manifests: readable, catalogue, remembered, store })),
  ];
  return { catalogue, readable, findings, remembered, ...costs };
}

/** Each id is asked for once in one look. */
function counted(store: Store) {
  const asked = new Map<string, Promise<StoredFile>>();
  const costs = { askedById: 0, downloads: 0 };
  const counting: Store = {
    ...store,
    get: (id) => {
      const before = asked.get(id);
      if (before !== undefined) return before;
      costs.askedById += 1;
      const answer = store.get(id);
      asked.set(id, answer);
      return answer;
    },
    download: (id) => {
      costs.downloads += 1;
      return store.download(id);
    },
  };
  return { store: counting, costs };
}
