// A few bytes through one tool, and all of its output: for manifests and certificates, never for parts.
import { type StageSpec, startStage } from '../process/child.ts';
import { drainLast, feedFirst } from './copy.ts';
import type { ToolBox } from './openpgp.ts';
import { runStages } from './run-stages.ts';

/** Given a tool that reads a pipe, return what it makes of `input`; throws its StageError. */
export async function through(spec: StageSpec, input: Buffer, tools: ToolBox): Promise<Buffer> {
  const stage = startStage(spec);
  const output: Buffer[] = [];
  await runStages({
    stages: [stage],
    stallMs: tools.stallMs,
    stop: tools.stop,
    steps: (watchdog) => [
      feedFirst(once(input), stage, watchdog),
      drainLast(stage, watchdog, (chunk) => void output.push(chunk)),
    ],
  });
  return Buffer.concat(output);
}

async function* once(chunk: Buffer): AsyncGenerator<Buffer> {
  yield chunk;
}
