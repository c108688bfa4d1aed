// A Swift of a test's own: the container as compose runs it, its address, its faults.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const image = process.env.HAVEN_SWIFT_IMAGE ?? 'haven/swift';

export interface SeenRequest {
  method: string;
  path: string;
  class: string;
  status?: number;
  fault?: string;
}

export interface StartedSwift {
  container: string;
  /** As this machine reaches it. */
  url: string;
  fault(name: string, more?: Record<string, string | number>): Promise<void>;
  remainingFaults(): Promise<unknown[]>;
  requests(): Promise<SeenRequest[]>;
  admin(call: string, body?: unknown): Promise<Response>;
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

export async function docker(...args: string[]): Promise<string> {
  return (await run('docker', args, { maxBuffer: 64 * 1024 * 1024 })).stdout.trim();
}

/** Given nothing, return a Swift that answers; its state is a volume that goes with it. */
export async function startSwift(): Promise<StartedSwift> {
  const limits = [
    '--read-only',
    '--tmpfs',
    '/tmp',
    '--cap-drop',
    'ALL',
    '--security-opt',
    'no-new-privileges',
  ];
  const container = await docker('run', '-d', ...limits, '-p', '127.0.0.1::8080', image);
  let url = '';
  async function found(): Promise<void> {
    url = `http://${(await docker('port', container, '8080')).split('\n')[0]}`;
    await until(`${url}/healthcheck`);
  }
  async function admin(call: string, body?: unknown): Promise<Response> {
    const [method = '', path = ''] = call.split(' ');
    const answer = await fetch(`${url}/_faults/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${call}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
  const dispose = async (): Promise<void> => void (await docker('rm', '-f', '-v', container));
  await found().catch(async (error) => {
    await dispose();
    throw error;
  });
  return {
    container,
    get url() {
      return url;
    },
    fault: async (name, more) => void (await admin('POST ', { name, ...more })),
    remainingFaults: async () => ((await (await admin('GET ')).json()) as { remaining: unknown[] }).remaining,
    requests: async () =>
      ((await (await admin('GET requests')).json()) as { requests: SeenRequest[] }).requests,
    admin,
    async restart() {
      await docker('restart', '-t', '5', container);
      await found();
    },
    dispose,
  };
}

async function until(url: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (true) {
    const ok = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return;
    if (Date.now() > deadline) throw new Error(`${url} did not answer within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
