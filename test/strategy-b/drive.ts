// The Drive emulator as a process of its own, spoken to by its command line and its admin surface only.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const google = { client_id: 'client-1', client_secret: 'secret-1', refresh_token: 'refresh-1' };

export interface Drive {
  state: string;
  url: string;
  ports: { https: number; http: number };
  /** `admin('POST faults', {…})`: one call of the admin surface. */
  admin(line: string, body?: unknown): Promise<Record<string, unknown>>;
  fault(name: string, params?: object): Promise<void>;
  remainingFaults(): Promise<unknown[]>;
  requests(requestClass: string): Promise<{ status: number | 'cut'; bodyBytes: number }[]>;
  kill(): Promise<void>;
  dispose(): Promise<void>;
}

export async function startDrive(): Promise<Drive> {
  const state = mkdtempSync(join(tmpdir(), 'haven-b-drive-'));
  const main = join(import.meta.dirname, '../servers/drive/src/main.ts');
  const login = [
    '--client',
    `${google.client_id}:${google.client_secret}`,
    '--refresh-token',
    google.refresh_token,
  ];
  const args = ['--state', state, '--https', '0', '--http', '0', '--proxy', '0', '--keep-removed', ...login];
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(() => Promise.reject(new Error('the Drive emulator did not start'))),
  ]);
  const ports = JSON.parse(String(line)) as Drive['ports'];
  const url = `http://127.0.0.1:${ports.http}`;

  async function admin(line: string, body?: unknown): Promise<Record<string, unknown>> {
    const [method, path] = line.split(' ');
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${url}/_emulator/${path}`, { method: method!, ...init });
    const text = await response.text();
    if (!response.ok) throw new Error(`${line}: ${response.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  }

  async function kill(): Promise<void> {
    child.kill('SIGKILL');
    await exited;
  }

  return {
    ...{ state, url, ports, admin, kill },
    fault: async (name, params = {}) => void (await admin('POST faults', { name, ...params })),
    remainingFaults: async () => (await admin('GET faults')).remaining as unknown[],
    requests: async (requestClass) =>
      (await admin(`GET requests?class=${requestClass}`)).requests as Awaited<ReturnType<Drive['requests']>>,
    dispose: async () => {
      await kill();
      rmSync(state, { recursive: true, force: true });
    },
  };
}
