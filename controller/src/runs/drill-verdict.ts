// What a drill of a strategy comes to, over all its datasets, and where it is kept: verdicts/RUN.json and verdicts/RUN.html.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { StrategyName } from '../contract/request.ts';
import { type Differences, readDifferences } from '../drill/differences.ts';
import { type Claim, claimOf, type Level } from '../drill/levels.ts';
import type { ReadVerdict } from '../drill/stream-level.ts';
import type { Verdict } from '../drill/verdict.ts';
import { verdictPage } from '../drill/verdict-page.ts';
import { exitCodes } from '../errors.ts';
import type { Strategy } from '../strategies/strategy.ts';
import type { Preflight } from './drill-preflight.ts';
import type { Rotation } from './drill-rotation.ts';
import type { Ending } from './recorded.ts';

/** Of a level: `sources` of level `stream` have no `compared` in their evidence. */
export interface DrillVerdict<Of = Verdict> {
  run: string;
  at: string;
  strategy: StrategyName;
  level: Level;
  pass: boolean;
  sentence: string;
  /** What a pass of this level says, and what it does not. */
  claim: Claim;
  seconds: number;
  sources: Of[];
  /** Each is a reason why this is no pass, however well all was restored (runs/drill-rot.ts). */
  rot: string[];
  /** Whose turn it was, and whose not; null: everybody's. */
  rotation: Rotation | null;
  /** What was expected of it before it began. */
  preflight: Preflight | null;
}

interface Given<Of> {
  run: string;
  level: Level;
  strategy: Pick<Strategy, 'name' | 'reads'>;
  startedAt: Date;
  endedAt: Date;
  sources: Of[];
  rot: string[];
  rotation: Rotation | null;
  preflight: Preflight | null;
}

/** Green only when something was drilled, all of it is green, and nothing rots in silence. */
export function sumUp<Of extends Pick<Verdict, 'pass' | 'sentence'>>(given: Given<Of>): DrillVerdict<Of> {
  const { run, level, strategy, startedAt, endedAt, sources, rot, rotation, preflight } = given;
  const restored = sources.length > 0 && sources.every((verdict) => verdict.pass);
  const pass = restored && rot.length === 0;
  const worst = sources.find((verdict) => !verdict.pass);
  const ofSources =
    (restored ? sources.map((verdict) => verdict.sentence).join(' ') : worst?.sentence) ??
    'Nothing was drilled.';
  const sentence = [...rot.map((reason) => `NOT as it should be: ${reason}.`), ofSources].join(' ');
  const seconds = (endedAt.getTime() - startedAt.getTime()) / 1000;
  const claim = claimOf(level, strategy.reads);
  return {
    ...{ run, at: endedAt.toISOString(), strategy: strategy.name, level, pass, sentence, claim, seconds },
    ...{ sources, rot, rotation, preflight },
  };
}

/** Given a verdict, and the exit status of the step that is to blame (0: none says more than "red"), return how the run ends. */
export function endingOf<Of extends Pick<Verdict, 'pass'>>(verdict: DrillVerdict<Of>, exit: number): Ending {
  const { pass, sources, sentence: message } = verdict;
  if (pass) return { outcome: 'ok', exit: 0, error: null, result: verdict };
  // All that there is can be restored, so nothing is damaged: something is missing.
  const missing = sources.length > 0 && sources.every((one) => one.pass);
  if (missing) {
    const error = { code: 'partial', operation: 'drill', message } as const;
    return { outcome: 'partial', exit: exitCodes.partial, error, result: verdict };
  }
  const error = { code: 'damaged', operation: 'drill', message } as const;
  return { outcome: 'failed', exit: exit || exitCodes.damaged, error, result: verdict };
}

/**
 * Writes the verdict with what differs, by path and attribute, for programs and as a page. Both are for the owner alone: they name files.
 * What the history keeps and `--json` prints is the verdict without that.
 */
export async function writeVerdict(
  app: App,
  verdict: DrillVerdict<Verdict | ReadVerdict>,
  folder: string,
): Promise<void> {
  const sources = await Promise.all(
    verdict.sources.map(async (source) => ({ ...source, differences: await differencesOf(source, folder) })),
  );
  const document = { ...verdict, sources };
  await mkdir(app.home.verdicts, { recursive: true, mode: 0o700 });
  await place(join(app.home.verdicts, `${verdict.run}.html`), verdictPage(document));
  await place(join(app.home.verdicts, `${verdict.run}.json`), `${JSON.stringify(document, null, 2)}\n`);
}

async function place(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text, { mode: 0o600, flush: true });
  await rename(`${path}.part`, path);
}

/** A volume has no paths: its comparison is a hash. */
async function differencesOf({ evidence }: Verdict | ReadVerdict, folder: string) {
  if (!('compared' in evidence)) return [];
  const { source, backup, compared, against } = evidence;
  if (!backup.ok || backup.value.type === 'volume') return [];
  const found: { with: string; found: Differences | null }[] = [];
  if (compared.ok) found.push({ with: 'the source', found: await listed(folder, source) });
  // Which of two drills that were compared with each other has the list, is the one that asked for it.
  const other = against?.comparable ? await listed(folder, `${source}-against-${against.strategy}`) : null;
  if (other !== null) found.push({ with: `strategy ${against?.strategy}`, found: other });
  return found;
}

async function listed(folder: string, name: string): Promise<Differences | null> {
  try {
    return readDifferences(await readFile(join(folder, 'out', name, 'comparison.json'), 'utf8'));
  } catch {
    return null;
  }
}
