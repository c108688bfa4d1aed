// A real Swift in a container of its own, and a client for what only a test does to a store: damage it.
import { execa } from 'execa';

const image = process.env.HAVEN_SWIFT_IMAGE ?? 'haven/swift';
export const account = { user: 'haven:backup', password: 'havenpass' };
export const container = 'haven';

export interface StoredObject {
  name: string;
  bytes: number;
  hash: string;
}

export interface Swift {
  /** Name of its container, and of the network that it is alone on, where it is called `swift`. */
  name: string;
  list(): Promise<StoredObject[]>;
  get(name: string): Promise<Buffer>;
  put(name: string, content: Buffer): Promise<void>;
  remove(name: string): Promise<void>;
  /** Sets the store back to what it held: nothing more, nothing less. */
  snapshot(): Promise<() => Promise<void>>;
  docker(command: 'pause' | 'unpause' | 'stop' | 'start'): Promise<void>;
  /** Plans a failure; test/servers/swift/README.md has the names. */
  fault(name: string, more?: Record<string, string | number>): Promise<void>;
  /** Planned, and not happened yet: a test ends by demanding that there are none. */
  remainingFaults(): Promise<unknown[]>;
  dispose(): Promise<void>;
}

export async function startSwift(): Promise<Swift> {
  const name = `haven-a-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  await execa('docker', ['network', 'create', name]);
  const args = ['--network', name, '--network-alias', 'swift', '--publish', '127.0.0.1::8080'];
  await execa('docker', ['run', '--detach', '--name', name, ...args, image]);
  let session: { url: string; token: string } | undefined;

  async function address(): Promise<string> {
    const { stdout } = await execa('docker', ['port', name, '8080/tcp']);
    return `http://${stdout.split('\n')[0]}`;
  }

  async function signIn() {
    const headers = { 'X-Auth-User': account.user, 'X-Auth-Key': account.password };
    const answer = await fetch(`${await address()}/auth/v1.0`, { headers });
    const url = answer.headers.get('x-storage-url');
    const token = answer.headers.get('x-auth-token');
    if (url === null || token === null) throw new Error(`Swift does not sign in: ${answer.status}`);
    return { url, token };
  }

  async function call(method: string, path: string, body?: Buffer): Promise<Response> {
    session ??= await signIn();
    const { url, token } = session;
    const init = { method, headers: { 'X-Auth-Token': token, Accept: 'application/json' } };
    const answer = await fetch(
      `${url}/${container}${path}`,
      body === undefined ? init : { ...init, body: new Uint8Array(body) },
    );
    if (answer.status === 401) {
      session = undefined;
      return call(method, path, body);
    }
    return answer;
  }

  async function expect(answer: Promise<Response>, ...statuses: number[]): Promise<Response> {
    const got = await answer;
    if (!statuses.includes(got.status)) throw new Error(`Swift answered ${got.status} to ${got.url}`);
    return got;
  }

  const object = (of: string) => `/${of.split('/').map(encodeURIComponent).join('/')}`;
  const swift: Swift = {
    name,
    async list() {
      const answer = await expect(call('GET', '?limit=10000'), 200, 204, 404);
      return answer.status === 200 ? ((await answer.json()) as StoredObject[]) : [];
    },
    get: async (of) => Buffer.from(await (await expect(call('GET', object(of)), 200)).arrayBuffer()),
    put: async (of, content) => void (await expect(call('PUT', object(of), content), 201)),
    remove: async (of) => void (await expect(call('DELETE', object(of)), 204)),
    async snapshot() {
      const kept = new Map<string, Buffer>();
      for (const { name: each } of await swift.list()) kept.set(each, await swift.get(each));
      return async () => {
        const now = new Map((await swift.list()).map((each) => [each.name, each]));
        for (const each of now.keys()) if (!kept.has(each)) await swift.remove(each);
        for (const [each, content] of kept) await swift.put(each, content);
      };
    },
    docker: async (command) => void (await execa('docker', [command, name])),
    async fault(name, more) {
      const body = JSON.stringify({ name, ...more });
      await expect(fetch(`${await address()}/_faults/`, { method: 'POST', body }), 200);
    },
    async remainingFaults() {
      const answer = await expect(fetch(`${await address()}/_faults/`), 200);
      return ((await answer.json()) as { remaining: unknown[] }).remaining;
    },
    async dispose() {
      await execa('docker', ['rm', '--force', '--volumes', name], { reject: false });
      await execa('docker', ['network', 'rm', name], { reject: false });
    },
  };
  await waitFor(async () => (await signIn().catch(() => undefined)) !== undefined, 30_000, 'Swift is up');
  await expect(call('PUT', ''), 201, 202);
  return swift;
}

/** Waits for a condition, with a deadline. */
export async function waitFor(condition: () => Promise<boolean>, ms: number, what: string): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
