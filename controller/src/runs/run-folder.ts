// runs/RUN: the request, the events and the log of a run, for the owner alone. The request is mounted as a single file, so the folder's
// mode hides it from everyone else while uid 1000 in the container can read it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Request } from '../contract/request.ts';
import type { Mount } from '../docker/container-options.ts';
import type { Home } from '../home.ts';

export function makeRunFolder(home: Home, run: string): string {
  const folder = join(home.runs, run);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Writes a request beside the run's other files and returns how the container sees it. */
export function requestMount(folder: string, request: Request, file = 'request.json'): Mount {
  const path = join(folder, file);
  writeFileSync(path, `${JSON.stringify(request, null, 2)}\n`, { mode: 0o644 });
  return { kind: 'file', from: path, to: '/haven/request.json' };
}
