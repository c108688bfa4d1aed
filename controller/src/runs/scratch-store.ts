// A store on this machine that holds a copy and nothing else. It has no network but its own loopback, which only those containers share that are told to:
// nothing reaches a provider from there, and no secret of the owner's is in it.
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { labels } from '../docker/container-options.ts';
import { HavenError } from '../errors.ts';
import type { ScratchStore } from '../strategies/strategy.ts';

export interface RunningStore {
  /** For NetworkMode: whoever has it is on the store's loopback. */
  network: string;
  /** Certificate of its authority, where it has one. */
  caPem: string | null;
  stop: () => Promise<void>;
}

const startSeconds = 300;
const buildIt = 'build it: docker compose --profile demo build';

/** Given a folder with a copy, and one for what outlives the store (its certificates), return the store once it answers. */
export async function startScratchStore(
  app: App,
  scratch: ScratchStore,
  given: { run: string; copy: string; state: string },
): Promise<RunningStore> {
  const name = `${app.config.name}-drill-store`;
  if ((await app.engine.imageId(scratch.image)) === undefined) {
    const message = `there is no image ${scratch.image}, which holds the damaged copies`;
    throw new HavenError({
      code: 'bad-request',
      operation: 'start the scratch store',
      message,
      hint: buildIt,
    });
  }
  const mounts = [{ Type: 'bind' as const, Source: given.copy, Target: '/haven/copy', ReadOnly: true }];
  if (scratch.state !== null) {
    mkdirSync(given.state, { recursive: true, mode: 0o700 });
    chmodSync(given.state, 0o700);
    chownSync(given.state, scratch.state.uid, scratch.state.uid);
    mounts.push({ Type: 'bind', Source: given.state, Target: scratch.state.path, ReadOnly: false });
  }
  const id = await app.engine.create({
    name,
    Image: scratch.image,
    Cmd: [...scratch.args],
    Labels: { [labels.home]: app.home.root, [labels.run]: given.run, [labels.part]: 'drill' },
    Healthcheck: { Test: ['NONE'] },
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: app.config.drill.limits.pids,
      Memory: app.config.drill.limits.memory,
      MemorySwap: app.config.drill.limits.memory,
      Tmpfs: { '/tmp': 'size=67108864,mode=1777' },
      Mounts: mounts,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
      RestartPolicy: { Name: 'no' },
    },
  });
  const stop = () => app.engine.remove(id);
  try {
    await becomeReady(app, scratch, id);
    const caPem = scratch.ca === null ? null : readFileSync(join(given.state, scratch.ca), 'utf8');
    return { network: `container:${id}`, caPem, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function becomeReady(app: App, { image, ready }: ScratchStore, id: string): Promise<void> {
  let said = '';
  let tell: () => void;
  const heard = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const listen = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
    if (said.includes(ready)) tell();
  };
  const { ended } = await app.engine.attach(id, { stdout: listen, stderr: listen });
  await app.engine.start(id);
  const timeout = AbortSignal.timeout(startSeconds * 1000);
  const gaveUp = new Promise<void>((resolve) => {
    const stop = AbortSignal.any([timeout, app.signal]);
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([heard, ended, gaveUp]);
  if (said.includes(ready)) return;
  if (app.signal.aborted)
    throw new HavenError({
      code: 'interrupted',
      operation: 'start the scratch store',
      message: 'stopped by request',
    });
  const last = said.trim().split('\n').at(-1) ?? '';
  const message = `the scratch store ${image} did not start: ${last || 'it said nothing'}`;
  throw new HavenError({ code: 'failed', operation: 'start the scratch store', message, hint: buildIt });
}
