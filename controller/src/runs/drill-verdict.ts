// What a drill of a strategy comes to, over all its datasets, and where it is kept: verdicts/RUN.json.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { StrategyName } from '../contract/request.ts';
import type { Verdict } from '../drill/verdict.ts';

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
}

interface Given {
  run: string;
  strategy: StrategyName;
  startedAt: Date;
  endedAt: Date;
  sources: Verdict[];
  rot: string[];
}

/** Green only when something was drilled, all of it is green, and nothing rots in silence. */
export function sumUp({ run, strategy, startedAt, endedAt, sources, rot }: Given): DrillVerdict {
  const restored = sources.length > 0 && sources.every((verdict) => verdict.pass);
  const pass = restored && rot.length === 0;
  const worst = sources.find((verdict) => !verdict.pass);
  const ofSources =
    (restored ? sources.map((verdict) => verdict.sentence).join(' ') : worst?.sentence) ??
    'Nothing was drilled.';
  const sentence = [...rot.map((reason) => `NOT as it should be: ${reason}.`), ofSources].join(' ');
  const seconds = (endedAt.getTime() - startedAt.getTime()) / 1000;
  return { run, at: endedAt.toISOString(), strategy, pass, sentence, seconds, sources, rot };
}

export async function writeVerdict(app: App, verdict: DrillVerdict): Promise<void> {
  await mkdir(app.home.verdicts, { recursive: true, mode: 0o700 });
  const path = join(app.home.verdicts, `${verdict.run}.json`);
  await writeFile(`${path}.part`, `${JSON.stringify(verdict, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.part`, path);
}
