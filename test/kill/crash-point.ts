// Preloaded into a run of strategy B: `node --import 'crash-point.ts?at=17&log=FILE'`. Counts what the run is about to do to the world (files, journal,
// programs, requests), writes each step's name to FILE, and at the chosen one the process dies as by kill -9: between any two effects, not only where a clock happens to strike.
import childProcess from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { StatementSync } from 'node:sqlite';

const here = new URL(import.meta.url).searchParams;
const at = Number(here.get('at'));
const log = fs.openSync(here.get('log')!, 'w');
const { writeSync } = fs;
let steps = 0;

function step(name: string): void {
  steps += 1;
  writeSync(log, `${name}\n`);
  if (steps === at) process.kill(process.pid, 'SIGKILL');
}

type Call = (...args: never[]) => unknown;

/** Given an object and the name of one of its functions, announce each call of it. */
function announce(owner: object, name: string, describe: (self: unknown, args: unknown[]) => string): void {
  const owned = owner as Record<string, Call>;
  const original = owned[name]!;
  owned[name] = function announced(this: unknown, ...args: never[]) {
    step(describe(this, args));
    return original.apply(this, args);
  };
}

/** Names without what differs from run to run. */
function plain(path: unknown): string {
  const name = basename(String(path)).replace(/^\.?h1-[0-9a-f]{32}-/, '');
  return name.replace(/^\d{6}$/, 'part').replace(/^gnupg-.*/, 'gnupg');
}

announce(fs, 'fsyncSync', () => 'sync file or folder');
announce(fs, 'renameSync', (_, [, to]) => `rename to ${plain(to)}`);
announce(fs, 'rmSync', (_, [path]) => `remove ${plain(path)}`);
announce(childProcess, 'spawn', (_, [file, args]) => `start ${file} ${(args as string[])[0]}`);
const { execFile } = childProcess;
childProcess.execFile = ((file: string, args: string[], options: object, done: Call) => {
  step(`start ${file} ${args[0]}`);
  return execFile(file, args, options, (...answer) => {
    step(`ended ${file} ${args[0]}`);
    done(...(answer as unknown[] as never[]));
  });
}) as typeof execFile;

const handle = await promises.open(process.execPath);
announce(Object.getPrototypeOf(handle), 'write', () => 'write to the spool');
announce(Object.getPrototypeOf(handle), 'sync', () => 'sync a spool file');
await handle.close();

announce(StatementSync.prototype, 'run', (self) => `journal: ${wordsOf((self as StatementSync).sourceSQL)}`);
function wordsOf(sql: string): string {
  return sql.replace(/ (WHERE|VALUES|\().*/, '').replace(/ = [^,]*/g, '');
}

interface Sent {
  request: { method: string; path: string };
}
function nameOf({ request }: Sent): string {
  const [path, query = ''] = request.path.split('?') as [string, string?];
  const session = query.includes('upload_id=') ? ' session' : '';
  return `${request.method} ${path.replace(/\/[\w-]{20,}$/, '/ID')}${session}`;
}
subscribe('http.client.request.start', (message) => step(`sent ${nameOf(message as Sent)}`));
subscribe('http.client.response.finish', (message) => step(`answered ${nameOf(message as Sent)}`));

syncBuiltinESMExports();
