// What goes, what stays, and why. Pure: backups, findings, policy, drills and the time in; a plan out. Whole chains only, and in doubt all stays:
// a chain goes when its newest backup is older than keepWithin, keepChains newer good chains of its dataset stay, and the newest of all
// passed a full drill. Damage where the proof lies, or anything that cannot be read, refuses the whole plan.
import type { Finding } from '../contract/events.ts';
import { brokenLink, lastFirst } from '../manifest/chains.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Policy } from './policy.ts';

export interface StoredBackup {
  /** Drive's ids of its manifest: one, unless something went wrong. */
  files: string[];
  manifest: Manifest;
}

/** Parts without a manifest. */
export interface Leftover {
  backup: string;
  files: { id: string; bytes: number }[];
  /** Of the newest file; undefined when the store does not say. */
  newestAt: string | undefined;
  /** Whether a manifest of it is remembered, or lies in the trash. */
  wasCommitted: boolean;
}

export interface Question {
  backups: StoredBackup[];
  incomplete: Leftover[];
  findings: Finding[];
  policy: Policy;
  /** Ids of backups that passed a full drill. */
  proven: ReadonlySet<string>;
  /** Ids of backups under way, and of the chains that they build upon; null: nobody knows. */
  inFlight: ReadonlySet<string> | null;
  now: number;
}

export interface Chain {
  id: string;
  source: string;
  newestAt: string;
  /** In the order in which they would be deleted. */
  backups: StoredBackup[];
  good: boolean;
  proven: boolean;
}

export interface PrunePlan {
  delete: { chain: Chain; reason: string }[];
  keep: { chain: Chain; reason: string }[];
  orphans: { leftover: Leftover; goes: boolean; reason: string }[];
  /** Why nothing at all may go, or null. */
  refusal: string | null;
}

export function planPrune(question: Question): PrunePlan {
  const chains = chainsOf(question);
  const bySource = Map.groupBy(chains, ({ source }) => source);
  const refusal = refusalOf(question, bySource);
  const judged = [...bySource.values()].flatMap((ofSource) => judgeSource(ofSource, question, refusal));
  const plan: PrunePlan = {
    delete: judged.filter(({ goes }) => goes),
    keep: judged.filter(({ goes }) => !goes),
    orphans: question.incomplete.map((leftover) => judgeLeftover(leftover, question, refusal)),
    refusal,
  };
  return sharesFiles(plan) ? refuseAll(plan, 'a file of a backup that stays would be deleted') : plan;
}

function chainsOf({ backups, findings, proven }: Question): Chain[] {
  const byId = new Map(backups.map(({ manifest }) => [manifest.backup, manifest]));
  const damaged = new Set(
    findings.filter(({ kind }) => kind !== 'extra').flatMap(({ backup }) => backup ?? []),
  );
  return [...Map.groupBy(backups, ({ manifest }) => manifest.chain)].map(([id, members]) => {
    const newestFirst = members.toSorted((a, b) => b.manifest.createdAt.localeCompare(a.manifest.createdAt));
    const newest = newestFirst[0]!.manifest;
    return {
      id,
      source: newest.source.id,
      newestAt: newest.createdAt,
      backups: lastFirst(members),
      good: members.every(
        ({ manifest }) => !damaged.has(manifest.backup) && brokenLink(manifest, byId) === null,
      ),
      proven: members.some(({ manifest }) => proven.has(manifest.backup)),
    };
  });
}

/** What makes the store as a whole unfit to delete from. */
function refusalOf({ findings }: Question, bySource: ReadonlyMap<string, Chain[]>): string | null {
  const whole = findings.find(
    ({ kind, part }) =>
      kind === 'unreadable' || kind === 'rolled-back' || (kind === 'trashed' && part === undefined),
  );
  if (whole !== undefined) return whole.message;
  for (const [source, chains] of bySource) {
    const newest = newestFirst(chains)[0]!;
    if (!newest.good) return `the newest chain of ${source} is damaged`;
  }
  return null;
}

function newestFirst(chains: Chain[]): Chain[] {
  return chains.toSorted((a, b) => b.newestAt.localeCompare(a.newestAt) || b.id.localeCompare(a.id));
}

function judgeSource(chains: Chain[], question: Question, refusal: string | null) {
  const { policy } = question;
  const sorted = newestFirst(chains);
  const newest = sorted[0]!;
  let goodStaying = 0;
  return sorted.map((chain) => {
    const stays = refusal ?? whyItStays(chain, { newest, goodStaying }, question);
    if (stays !== null) {
      if (chain.good) goodStaying += 1;
      return { chain, goes: false, reason: stays };
    }
    const reason = `older than ${policy.keepWithin}; ${goodStaying} newer good chains of ${chain.source} stay, and the newest passed a full drill`;
    return { chain, goes: true, reason };
  });
}

function whyItStays(
  chain: Chain,
  { newest, goodStaying }: { newest: Chain; goodStaying: number },
  { policy, inFlight, now }: Question,
): string | null {
  const { source } = chain;
  if (chain === newest) return `the newest chain of ${source}`;
  if (now - Date.parse(chain.newestAt) <= policy.keepWithinMs)
    return `its newest backup is not older than ${policy.keepWithin}`;
  if (goodStaying < policy.keepChains)
    return `fewer than ${policy.keepChains} newer good chains of ${source} stay`;
  if (!newest.proven) return `the newest chain of ${source} has not passed a full drill`;
  if (inFlight === null) return 'the journal of backups under way cannot be read';
  if (inFlight.has(chain.id) || chain.backups.some(({ manifest }) => inFlight.has(manifest.backup)))
    return 'a backup under way builds upon it';
  return null;
}

const weekMs = 7 * 24 * 3600 * 1000;

function judgeLeftover(leftover: Leftover, { inFlight, now }: Question, refusal: string | null) {
  const { backup, newestAt, wasCommitted } = leftover;
  const age = newestAt === undefined ? Number.NaN : now - Date.parse(newestAt);
  let stays: string | null = refusal;
  if (wasCommitted) stays ??= 'it had a manifest once: see `audit`';
  if (inFlight === null) stays ??= 'the journal of backups under way cannot be read';
  if (inFlight?.has(backup)) stays ??= 'it is under way';
  if (!(age > weekMs)) stays ??= 'not older than a week';
  return { leftover, goes: stays === null, reason: stays ?? 'parts without a manifest, older than a week' };
}

/** Cannot be, unless manifests name each other's files: then nothing is certain any more. */
function sharesFiles(plan: PrunePlan): boolean {
  const staying = new Set([
    ...plan.keep.flatMap(({ chain }) => chain.backups.flatMap(filesOf)),
    ...plan.orphans.filter(({ goes }) => !goes).flatMap(({ leftover }) => leftover.files.map(({ id }) => id)),
  ]);
  const going = [
    ...plan.delete.flatMap(({ chain }) => chain.backups.flatMap(filesOf)),
    ...plan.orphans.filter(({ goes }) => goes).flatMap(({ leftover }) => leftover.files.map(({ id }) => id)),
  ];
  return going.some((id) => staying.has(id));
}

export function filesOf({ files, manifest }: StoredBackup): string[] {
  return [...files, ...manifest.parts.map((part) => part.file)];
}

function refuseAll(plan: PrunePlan, refusal: string): PrunePlan {
  return {
    delete: [],
    keep: [...plan.keep, ...plan.delete].map(({ chain }) => ({ chain, reason: refusal })),
    orphans: plan.orphans.map(({ leftover }) => ({ leftover, goes: false, reason: refusal })),
    refusal,
  };
}
