// Every step of a chain, seen by parties that know nothing of each other: the manifest (as strategy B lists it), fetch and receive,
// which counted and hashed each stream on their own; and at the chain's end the source on this host.
import { bytes } from '../cli/words.ts';
import type { Check } from './check.ts';
import type { CommonEvidence, Step, StreamSteps } from './evidence.ts';

type SeenByEach = Pick<CommonEvidence & StreamSteps, 'chain' | 'fetched'> & {
  received: Step<{ guid: string; streams: Seen[] }>;
  /** Null where there is no source any more, and its absence is no fault. */
  sourceGuid: Step<string> | null;
};

export function sameAtEachStep(
  { chain, fetched, received, sourceGuid }: SeenByEach,
  name: 'same-stream' | 'same-snapshot',
): Check {
  const no = (detail: string): Check => ({ name, pass: false, detail });
  if (!chain.ok) return no(chain.reason);
  if (!fetched.ok) return no(fetched.reason);
  if (!received.ok) return no(received.reason);
  const [listed, came, taken] = [chain.value, fetched.value.backups, received.value.streams];
  if (listed.length === 0 || came.length !== listed.length || taken.length !== listed.length) {
    return no(
      `streams differ in number: sent ${listed.length}, fetched ${came.length}, received ${taken.length}`,
    );
  }
  for (const [step, sent] of listed.entries()) {
    const all = [sent, came[step]!, taken[step]!];
    const words = differing(all, name);
    if (words !== undefined)
      return no(listed.length === 1 ? words : `step ${step + 1} of the chain: ${words}`);
  }
  const ofStream = listed.reduce((sum, { streamBytes }) => sum + streamBytes, 0);
  const last = listed.at(-1)!;
  if (name === 'same-stream') {
    return { name, pass: true, detail: `${bytes(ofStream)}, sha256 ${last.streamSha256?.slice(0, 16)}…` };
  }
  if (sourceGuid === null) {
    if (received.value.guid !== last.guid) return no(`GUIDs differ: ${last.guid}, ${received.value.guid}`);
    return { name, pass: true, detail: `GUID ${last.guid}` };
  }
  if (!sourceGuid.ok) return no(sourceGuid.reason);
  if (sourceGuid.value !== last.guid || received.value.guid !== last.guid) {
    return no(
      `GUIDs differ: manifest, restored, source ${last.guid}, ${received.value.guid}, ${sourceGuid.value}`,
    );
  }
  return { name, pass: true, detail: `GUID ${last.guid}` };
}

interface Seen {
  guid: string;
  streamBytes: number;
  streamSha256?: string | undefined;
}

function differing(all: Seen[], name: string): string | undefined {
  const differ = (field: keyof Seen) => new Set(all.map((one) => one[field])).size > 1;
  const told = (field: keyof Seen) => all.map((one) => one[field]).join(', ');
  if (name === 'same-snapshot') {
    return differ('guid') ? `GUIDs differ: manifest, fetched, restored ${told('guid')}` : undefined;
  }
  if (differ('streamBytes')) return `bytes differ: sent, fetched, received ${told('streamBytes')}`;
  // Without a hash from each of them nothing was proven.
  if (differ('streamSha256') || all.some(({ streamSha256 }) => streamSha256 === undefined))
    return 'the SHA-256 of the stream sent, fetched and received are not the same';
  return undefined;
}
