// What a drill of a strategy comes to, over all its datasets, and where it is kept: verdicts/RUN.json and verdicts/RUN.html.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { StrategyName } from '../contract/request.ts';
import { type Differences, readDifferences } from '../drill/differences.ts';
import type { Verdict } from '../drill/verdict.ts';
import { verdictPage } from '../drill/verdict-page.ts';
import type { Preflight } from './drill-preflight.ts';
import type { Rotation } from './drill-rotation.ts';

export interface DrillVerdict {
  run: string;
  at: string;
  strategy: StrategyName;
  pass: boolean;
  sentence: string;
  seconds: number;
  sources: Verdict[];
  /** Each is a reason why this is no pass, however well all was restored (runs/drill-rot.ts). */
  rot: string[];
  /** Whose turn it was, and whose not; null: everybody's. */
  rotation: Rotation | null;
  /** What was expected of it before it began. */
  preflight: Preflight | null;
}

interface Given {
  run: string;
  strategy: StrategyName;
  startedAt: Date;
  endedAt: Date;
  sources: Verdict[];
  rot: string[];
  rotation: Rotation | null;
  preflight: Preflight | null;
}

/** Green only when something was drilled, all of it is green, and nothing rots in silence. */
export function sumUp(given: Given): DrillVerdict {
  const { run, strategy, startedAt, endedAt, sources, rot, rotation, preflight } = given;
  const restored = sources.length > 0 && sources.every((verdict) => verdict.pass);
  const pass = restored && rot.length === 0;
  const worst = sources.find((verdict) => !verdict.pass);
  const ofSources =
    (restored ? sources.map((verdict) => verdict.sentence).join(' ') : worst?.sentence) ??
    'Nothing was drilled.';
  const sentence = [...rot.map((reason) => `NOT as it should be: ${reason}.`), ofSources].join(' ');
  const seconds = (endedAt.getTime() - startedAt.getTime()) / 1000;
  const at = endedAt.toISOString();
  return { run, at, strategy, pass, sentence, seconds, sources, rot, rotation, preflight };
}

/**
 * Writes the verdict with what differs, by path and attribute, for programs and as a page. Both are for the owner alone: they name files.
 * What the history keeps and `--json` prints is the verdict without that.
 */
export async function writeVerdict(app: App, verdict: DrillVerdict, folder: string): Promise<void> {
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
async function differencesOf({ evidence }: Verdict, folder: string) {
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
