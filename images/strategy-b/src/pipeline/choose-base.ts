// What the next backup builds upon. Pure: manifests, what is on the host, policy and clock in; a choice with its reason out.
// The base is the newest backup whose snapshot both sides have, told by GUID: names can be reused, GUIDs cannot.
import type { Manifest } from '../manifest/manifest.ts';
import type { PossibleBase } from '../zfs/bases.ts';

export interface ChainPolicy {
  /** A chain whose full is older than this gets no more incrementals. */
  fullEveryMs: number;
  /** Backups in a chain, the full included. */
  chainLength: number;
}

export interface Question {
  kind: 'auto' | 'full';
  /** Of this source only. */
  manifests: Manifest[];
  /** Ids of backups of which something is missing or wrong in the store. */
  damaged: ReadonlySet<string>;
  onHost: PossibleBase[];
  targetTxg: bigint;
  policy: ChainPolicy;
  now: number;
}

export type Choice =
  | { kind: 'full'; why: string }
  | { kind: 'incremental'; on: Manifest; from: PossibleBase; chain: Manifest[] };

export function chooseBase(question: Question): Choice {
  const { kind, manifests, policy, now } = question;
  if (kind === 'full') return full('it was asked for');
  if (manifests.length === 0) return full('it is the first backup of this dataset');
  const found = newestCommon(question);
  if (found === undefined) return full(whyNone(question));
  const begun = found.chain[0]!;
  if (now - Date.parse(begun.createdAt) >= policy.fullEveryMs)
    return full('the chain is as old as fullEvery says');
  if (found.chain.length >= policy.chainLength) return full('the chain is as long as chainLength says');
  return { kind: 'incremental', ...found };
}

function full(why: string): Choice {
  return { kind: 'full', why };
}

function newestCommon(question: Question) {
  const newestFirst = question.manifests.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  for (const on of newestFirst) {
    const chain = chainOf(on, question);
    const from = onHost(on, question);
    if (chain !== null && from !== undefined) return { on, from, chain };
  }
  return undefined;
}

/** Given a backup, return its chain from the full on, or null when a link is missing or damaged. */
export function chainOf(last: Manifest, { manifests, damaged }: Pick<Question, 'manifests' | 'damaged'>) {
  const chain: Manifest[] = [];
  let link: Manifest | undefined = last;
  while (link !== undefined && !damaged.has(link.backup) && chain.length <= manifests.length) {
    chain.unshift(link);
    const { base, baseGuid }: Manifest = link;
    if (base === null) return chain;
    link = manifests.find(({ backup, source }) => backup === base && source.guid === baseGuid);
  }
  return null;
}

/** The snapshot is preferred to a bookmark of it: it is held meanwhile. What is not older than the target cannot be a base. */
function onHost({ source }: Manifest, question: Question): PossibleBase | undefined {
  const same = question.onHost.filter(
    ({ guid, createTxg }) => guid === source.guid && createTxg < question.targetTxg,
  );
  return same.find(({ kind }) => kind === 'snapshot') ?? same[0];
}

function whyNone(question: Question): string {
  const whole = question.manifests.some((manifest) => chainOf(manifest, question) !== null);
  if (!whole) return 'no chain of it is whole in the store';
  return 'the host has neither a snapshot nor a bookmark of any backup of it any more';
}
