// The only place that speaks to Docker. Everything above it sees this small surface.
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import type Docker from 'dockerode';
import { HavenError } from '../errors.ts';

export interface Found {
  id: string;
  name: string;
  running: boolean;
  createdAt: Date;
  labels: Record<string, string>;
}

export interface State {
  exitCode: number;
  oomKilled: boolean;
  error: string;
}

export interface Outputs {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
}

export interface Engine {
  version(): Promise<string>;
  imageId(image: string): Promise<string | undefined>;
  containers(filter: { home?: string; name?: string }): Promise<Found[]>;
  /** Throws busy when the name is taken. */
  create(options: Docker.ContainerCreateOptions): Promise<string>;
  /** Starts listening before the container starts; resolves when listening, `ended` when its output has ended. */
  attach(id: string, outputs: Outputs): Promise<{ ended: Promise<void> }>;
  start(id: string): Promise<void>;
  wait(id: string): Promise<State>;
  /** SIGTERM, and SIGKILL after the grace time. */
  stop(id: string, graceSeconds: number): Promise<void>;
  logs(id: string, outputs: Outputs): Promise<void>;
  remove(id: string): Promise<void>;
  createVolume(name: string, labels: Record<string, string>, options?: Record<string, string>): Promise<void>;
  /** Names of the volumes that carry all these labels. */
  volumes(labels: Record<string, string>): Promise<string[]>;
  volumeExists(name: string): Promise<boolean>;
  removeVolume(name: string): Promise<void>;
}

/** Loaded when Docker is first asked: it takes a tenth of a second, more than all that `haven status` does otherwise. */
function connect(socketPath: string): () => Docker {
  let docker: Docker | undefined;
  return () => {
    if (docker === undefined) {
      const Client = createRequire(import.meta.url)('dockerode') as typeof Docker;
      docker = new Client({ socketPath });
    }
    return docker;
  };
}

export function dockerEngine(socketPath: string): Engine {
  const docker = connect(socketPath);
  const listen = (stream: NodeJS.ReadableStream, outputs: Outputs): Promise<void> => {
    const sink = (take: (chunk: Buffer) => void): Writable => {
      return new Writable({
        write(chunk: Buffer, _encoding, done) {
          take(chunk);
          done();
        },
      });
    };
    docker().modem.demuxStream(stream, sink(outputs.stdout), sink(outputs.stderr));
    return new Promise((resolve) => {
      stream.once('end', resolve);
      stream.once('close', resolve);
      // An output cut short is judged by what is missing from it (no result), not by the socket's error.
      stream.once('error', () => resolve());
    });
  };
  return {
    version: () => asking('ask Docker for its version', async () => (await docker().version()).Version),
    imageId: (image) => absent(async () => (await docker().getImage(image).inspect()).Id),
    containers: ({ home, name }) =>
      asking('list containers', async () => {
        const filters: Record<string, string[]> = {};
        if (home !== undefined) filters.label = [`haven.home=${home}`];
        if (name !== undefined) filters.name = [`^/${name}$`];
        const list = await docker().listContainers({ all: true, filters });
        return list.map((found) => ({
          id: found.Id,
          name: (found.Names[0] ?? '').replace(/^\//, ''),
          running: found.State === 'running' || found.State === 'paused',
          createdAt: new Date(found.Created * 1000),
          labels: found.Labels,
        }));
      }),
    create: (options) =>
      asking('create a container', async () => (await docker().createContainer(options)).id, options),
    attach: (id, outputs) =>
      asking('attach to a container', async () => {
        const stream = await docker().getContainer(id).attach({ stream: true, stdout: true, stderr: true });
        return { ended: listen(stream, outputs) };
      }),
    start: (id) => asking('start a container', async () => void (await docker().getContainer(id).start())),
    wait: (id) =>
      asking('wait for a container', async () => {
        await docker().getContainer(id).wait();
        const { State } = await docker().getContainer(id).inspect();
        return { exitCode: State.ExitCode, oomKilled: State.OOMKilled, error: State.Error };
      }),
    stop: (id, graceSeconds) =>
      asking('stop a container', async () => {
        await absent(() => docker().getContainer(id).stop({ t: graceSeconds }), 304);
      }),
    logs: (id, outputs) =>
      asking("read a container's log", async () => {
        const stream = await docker().getContainer(id).logs({ follow: true, stdout: true, stderr: true });
        await listen(stream, outputs);
      }),
    remove: (id) =>
      asking('remove a container', async () => {
        await absent(() => docker().getContainer(id).remove({ force: true, v: true }));
      }),
    createVolume: (Name, Labels, DriverOpts) =>
      asking('create a volume', async () => {
        await docker().createVolume({
          Name,
          Labels,
          ...(DriverOpts === undefined ? {} : { Driver: 'local', DriverOpts }),
        });
      }),
    volumes: (wanted) =>
      asking('list volumes', async () => {
        const label = Object.entries(wanted).map(([key, value]) => `${key}=${value}`);
        const { Volumes } = await docker().listVolumes({ filters: { label } });
        return (Volumes ?? []).map(({ Name }) => Name);
      }),
    volumeExists: async (name) => (await absent(() => docker().getVolume(name).inspect())) !== undefined,
    removeVolume: (name) =>
      asking('remove a volume', async () => {
        await absent(() => docker().getVolume(name).remove());
      }),
  };
}

/** Given an act, return what it gives, or undefined when Docker says that there is no such thing. */
async function absent<T>(act: () => Promise<T>, alsoFine = 404): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    const status = (error as { statusCode?: number }).statusCode;
    if (status === 404 || status === alsoFine) return undefined;
    throw error;
  }
}

/** Translates dockerode's errors. Docker repeats names of snapshots in messages about mounts, so what goes up is scrubbed. */
async function asking<T>(
  operation: string,
  act: () => Promise<T>,
  given?: Docker.ContainerCreateOptions,
): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof HavenError) throw cause;
    const {
      statusCode,
      code,
      address = 'its socket',
    } = cause as {
      statusCode?: number;
      code?: string;
      address?: string;
    };
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'EACCES') {
      throw new HavenError(
        {
          code: 'failed',
          operation,
          message: `Docker does not answer at ${address} (${code})`,
          hint: 'start Docker on the host; or correct `host.dockerSocket` in haven.yaml, and what the controller has mounted there',
        },
        { cause },
      );
    }
    if (given !== undefined && statusCode === 409) {
      const message = `a container named ${given.name} exists: another run is under way`;
      throw new HavenError({ code: 'busy', operation, message, hint: '`haven status` shows it' }, { cause });
    }
    if (given !== undefined && statusCode === 404) {
      const hint = 'build the images: `docker compose build`';
      throw new HavenError(
        { code: 'bad-request', operation, message: `there is no image ${given.Image}`, hint },
        { cause },
      );
    }
    throw new HavenError({ code: 'failed', operation, message: scrubbed(cause, statusCode) }, { cause });
  }
}

function scrubbed(cause: unknown, statusCode: number | undefined): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const where = text.match(
    /\b(device|network|mount|volume|image|port|OCI runtime|not found|no such file|permission denied)\b/gi,
  );
  const about =
    where === null ? '' : ` about ${[...new Set(where.map((word) => word.toLowerCase()))].join(', ')}`;
  return `Docker refused (${statusCode ?? 'no status'})${about}; the words are in its own log`;
}
