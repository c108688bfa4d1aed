// Plans a new backup: full or incremental, from where, with which flags; holds what it needs, and writes the plan into the journal before the first byte.
import type { Context } from '../context.ts';
import { HavenError } from '../contract/errors.ts';
import type { BackupRequest, Source } from '../contract/request.ts';
import { StoreError } from '../drive/errors.ts';
import { comparePart } from '../manifest/compare.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { InFlight } from '../state/journal.ts';
import { listBases, type PossibleBase } from '../zfs/bases.ts';
import { hold, releaseHolds } from '../zfs/holds.ts';
import { rawFlag } from '../zfs/send.ts';
import { inspectSnapshot, type SnapshotFacts, snapshotName, type Zfs } from '../zfs/zfs.ts';
import type { Ground } from './backup-source.ts';
import { type Choice, chainOf, chooseBase, type Question } from './choose-base.ts';

export interface Wanted {
  source: Source;
  kind: BackupRequest['kind'];
}

/** Given what is wanted, return its plan, or the backup that there is already of that very snapshot. */
export async function planBackup(
  wanted: Wanted,
  zfs: Zfs,
  ground: Ground,
  context: Context,
): Promise<{ plan: InFlight } | { done: Manifest }> {
  const { source, kind } = wanted;
  const facts = await inspectSnapshot(zfs, source);
  const inFlight = new Set(ground.journal.inFlight().map(({ backup }) => backup));
  await releaseHolds(
    zfs,
    source,
    context.events,
    (held) => !ground.committed.has(held.backup) && !inFlight.has(held.backup),
  );

  const question = await ask(wanted, facts, zfs, ground, context);
  const done = question.manifests.find((manifest) => manifest.source.guid === source.guid);
  if (kind === 'auto' && done !== undefined && (await wholeChain(done, question, ground, context))) {
    await releaseAfterKill(done, question, zfs, source, context);
    return { done };
  }
  const choice = await chooseWhole(question, ground, context);
  const plan = describe(source, facts, choice, ground, context);
  if (plan.sendFlags.includes(rawFlag) && !facts.encrypted) throw rawOfPlain(source);
  context.log.info(
    { source: source.id, backup: plan.backup, kind: plan.kind, why: plan.why },
    'backup begins',
  );
  await holdAll(plan, choice, zfs, source);
  ground.journal.begin(plan);
  return { plan };
}

async function ask(
  { source, kind }: Wanted,
  facts: SnapshotFacts,
  zfs: Zfs,
  ground: Ground,
  { settings, surroundings }: Context,
): Promise<Question & { damaged: Set<string> }> {
  return {
    kind,
    manifests: ground.manifests.filter((manifest) => manifest.source.id === source.id),
    damaged: new Set(),
    onHost: await listBases(zfs, source),
    targetTxg: facts.createTxg,
    policy: { fullEveryMs: settings.fullEvery, chainLength: settings.chainLength },
    now: surroundings.clock.now(),
  };
}

/** The run that committed it was killed before it released what the backup before it had needed. */
async function releaseAfterKill(
  done: Manifest,
  { manifests }: Question,
  zfs: Zfs,
  source: Source,
  { events }: Context,
): Promise<void> {
  if (manifests.some(({ createdAt }) => createdAt > done.createdAt)) return; // then that one's holds count
  const own = snapshotName(source);
  const earlier = new Set(manifests.map(({ backup }) => backup));
  await releaseHolds(
    zfs,
    source,
    events,
    (held) => earlier.has(held.backup) && (held.backup !== done.backup || held.snapshot !== own),
  );
}

/** A chain of which a part is missing or altered is not built upon: asks again without it. */
async function chooseWhole(
  question: Question & { damaged: Set<string> },
  ground: Ground,
  context: Context,
): Promise<Choice> {
  for (;;) {
    const choice = chooseBase(question);
    if (choice.kind === 'full' || (await wholeChain(choice.on, question, ground, context))) return choice;
  }
}

/** Whether all parts of a backup and of those it builds upon are in the store as they should be; notes those that are not as damaged. */
async function wholeChain(
  last: Manifest,
  question: Question & { damaged: Set<string> },
  { catalogue }: Ground,
  { store, events }: Context,
): Promise<boolean> {
  const chain = chainOf(last, question);
  const listed = new Map(catalogue.parts.map((file) => [file.id, file]));
  for (const { backup, parts } of chain ?? []) {
    for (const part of parts) {
      const file = listed.get(part.file) ?? (await store.get(part.file).catch(missing));
      const [wrong] = comparePart(backup, part, file);
      if (wrong === undefined) continue;
      events.note('warn', 'chain-damaged', `nothing more is built upon this chain: ${wrong.message}`);
      question.damaged.add(backup);
      return false;
    }
  }
  return chain !== null;
}

function missing(error: unknown): undefined {
  if (error instanceof StoreError && error.kind === 'not-found') return undefined;
  throw error;
}

function describe(
  source: Source,
  facts: SnapshotFacts,
  choice: Choice,
  { writer }: Ground,
  { settings, surroundings }: Context,
): InFlight {
  const backup = surroundings.randomId();
  const times = {
    createdAt: new Date(surroundings.clock.now()).toISOString(),
    snapshotCreatedAt: facts.createdAt,
  };
  const common = { backup, source, writer, ...times };
  if (choice.kind === 'full')
    return {
      ...common,
      kind: 'full',
      why: choice.why,
      chain: backup,
      base: null,
      sendFlags: settings.sendFlags,
    };
  const { on } = choice;
  const base = { backup: on.backup, guid: on.source.guid };
  return { ...common, kind: 'incremental', why: null, chain: on.chain, base, sendFlags: on.sendFlags };
}

/** The target, and the base where it is a snapshot: a bookmark cannot be held, and need not be. */
async function holdAll({ backup }: InFlight, choice: Choice, zfs: Zfs, source: Source): Promise<void> {
  const from: PossibleBase[] = choice.kind === 'incremental' ? [choice.from] : [];
  const names = [
    snapshotName(source),
    ...from.filter(({ kind }) => kind === 'snapshot').map(({ name }) => name),
  ];
  try {
    for (const snapshot of names) await hold(zfs, { snapshot, backup });
  } catch (cause) {
    throw new HavenError('source-unreadable', (cause as Error).message, {
      operation: 'hold snapshot',
      subject: source.id,
      hint: '`zfs allow` must give uid 1000 hold and release',
      cause,
    });
  }
}

function rawOfPlain(source: Source): HavenError {
  const message = `sendFlags has ${rawFlag}, but this dataset is not encrypted by ZFS: its raw stream is plain data`;
  const hint = `take ${rawFlag} out of sendFlags: Haven encrypts the stream itself`;
  return new HavenError('bad-request', message, { operation: 'plan backup', subject: source.id, hint });
}
