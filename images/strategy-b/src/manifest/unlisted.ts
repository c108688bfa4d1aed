// Lists lag: a manifest that was committed an hour ago may be in none yet. What is remembered is asked for by its id before anybody concludes that it is not there.
import type { Catalogue } from '../drive/catalogue.ts';
import type { Store } from '../drive/store.ts';
import type { Known } from '../state/memory.ts';
import { askFor, mostAsked } from './compare.ts';

/** Given a catalogue as it was listed and what is remembered, return it with the manifests that the list did not show. */
export async function withUnlisted(catalogue: Catalogue, known: Known[], store: Store): Promise<Catalogue> {
  const listed = new Set(catalogue.manifests.map(({ properties }) => properties.backup));
  const unlisted = known.filter(({ backup }) => !listed.has(backup));
  if (unlisted.length > mostAsked) return catalogue;
  const manifests = [...catalogue.manifests];
  for (const { backup, file } of unlisted) {
    const found = await askFor(file, store);
    if (found?.properties.backup === backup) manifests.push(found);
  }
  return { ...catalogue, manifests };
}
