// Folders that a drill of level `stream` and a sabotage make in the scratch folder: copies of ciphertext, and restored files. The scratch folder may be the
// owner's, or another Haven's as well, so a folder there is ours by the history alone: it bears the id of a run that we have begun.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { scratchOf } from './drill-steps.ts';

const kinds = ['sabotage', 'stream'] as const;

export function groundOf(app: App, kind: (typeof kinds)[number], run: string): string {
  return join(scratchOf(app), nameOf(kind, run));
}

function nameOf(kind: string, run: string): string {
  return `${kind}-${run}`;
}

/** The paths of those that are there. A run that is under way has one as well. */
export function groundsThere(app: App): string[] {
  if (!existsSync(scratchOf(app))) return [];
  const ours = new Set(
    kinds.flatMap((kind) => app.history.runs({ kind, limit: 1000 }).map(({ id }) => nameOf(kind, id))),
  );
  return readdirSync(scratchOf(app))
    .filter((name) => ours.has(name))
    .map((name) => join(scratchOf(app), name));
}

/** With the drill's lock held, so that none of them is in use. */
export function removeGrounds(app: App): void {
  for (const ground of groundsThere(app)) rmSync(ground, { recursive: true, force: true });
}
