/** Starts the emulator as a process of its own, as users do, and speaks to it over real sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface StartedEmulator {
  state: string;
  /** Base URL of the plain port. */
  url: string;
  ports: { https: number; http: number; proxy: number };
  /** kill -9. */
  kill(): Promise<void>;
  /** Same state, same Google: a new process on new ports. */
  restart(): Promise<void>;
  /** Kill and forget the state. */
  dispose(): Promise<void>;
  admin(line: string, body?: unknown): Promise<Record<string, unknown>>;
  fault(name: string, params?: Record<string, unknown>): Promise<void>;
  remainingFaults(): Promise<unknown[]>;
  requests(requestClass: string): Promise<{ status: number | 'cut'; path: string; bodyBytes: number }[]>;
}

export const CLIENT = { id: 'client-1', secret: 'secret-1', refreshToken: 'refresh-1' };

const MAIN = join(import.meta.dirname, '../src/main.ts');

export async function startEmulator(...more: string[]): Promise<StartedEmulator> {
  const state = mkdtempSync(join(tmpdir(), 'drive-emulator-'));
  const login = ['--client', `${CLIENT.id}:${CLIENT.secret}`, '--refresh-token', CLIENT.refreshToken];
  const args = [MAIN, '--state', state, '--https', '0', '--http', '0', '--proxy', '0', ...login, ...more];
  let child: ChildProcess;

  async function spawnEmulator(): Promise<void> {
    child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout! })) {
      const { https, http, proxy } = JSON.parse(line);
      emulator.ports = { https, http, proxy };
      emulator.url = `http://127.0.0.1:${http}`;
      return;
    }
    throw new Error('the emulator ended before it was ready');
  }

  async function kill(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
  }

  const emulator: StartedEmulator = {
    state,
    url: '',
    ports: { https: 0, http: 0, proxy: 0 },
    kill,
    restart: async () => {
      await kill();
      await spawnEmulator();
    },
    dispose: async () => {
      await kill();
      rmSync(state, { recursive: true, force: true });
    },
    async admin(line, body) {
      const [method, path] = line.split(' ');
      const init = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(`${emulator.url}/_emulator/${path}`, { method: method!, ...init });
      const text = await response.text();
      if (!response.ok) {
        throw new Error(`${line}: ${response.status} ${text}`);
      }
      return text === '' ? {} : JSON.parse(text);
    },
    fault: async (name, params = {}) => {
      await emulator.admin('POST faults', { name, ...params });
    },
    remainingFaults: async () => (await emulator.admin('GET faults')).remaining as unknown[],
    requests: async (requestClass) => {
      const { requests } = await emulator.admin(`GET requests?class=${requestClass}`);
      return requests as { status: number | 'cut'; path: string; bodyBytes: number }[];
    },
  };
  await spawnEmulator();
  return emulator;
}
