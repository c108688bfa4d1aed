// Runs an image by the Docker CLI exactly as images/CONTRACT.md section 1 and 5 say, and keeps all that came out of it.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { contractSchema } from './schema.ts';

export interface Privileges {
  user: string;
  capabilities: string[];
  network: string;
}

export interface Given {
  image: string;
  args: string[];
  privileges: Privileges;
  /** Written as it is to /haven/request.json; undefined: no such file. */
  requestText: string | undefined;
  /** Name and text of files in /run/secrets and /haven/kit. */
  secrets: Record<string, string>;
  kit?: Record<string, string> | undefined;
}

export interface Finished {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  inspect: string;
  events: Record<string, unknown>[];
}

export interface Running {
  name: string;
  /** Resolves when a line of stdout has this event. */
  sawEvent(name: string): Promise<void>;
  stop(graceSeconds: number): Promise<void>;
  finished: Promise<Finished>;
}

const validateEvent = contractSchema('event');

/** Given a line of stdout, return it as an event; throws with the schema's reasons when it is none. */
export function parseEvent(line: string): Record<string, unknown> {
  const event: unknown = JSON.parse(line);
  if (!validateEvent(event)) {
    const reasons = validateEvent.errors?.map((e) => `${e.instancePath} ${e.message}`).join('; ');
    throw new Error(`not an event of the contract: ${line}\n${reasons}`);
  }
  return event as Record<string, unknown>;
}

export async function startImage(given: Given): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-conformance-'));
  chmodSync(folder, 0o755);
  const name = `haven-conformance-${folder.slice(-6).toLowerCase()}`;
  const volume = `${name}-state`;
  await execa('docker', ['volume', 'create', volume]);
  const args = ['create', '--name', name, ...privilegeArgs(given.privileges)];
  args.push('--mount', `type=volume,src=${volume},dst=/haven/state`, ...files(folder, given));
  await execa('docker', [...args, given.image, ...given.args]);
  const inspect = (await execa('docker', ['inspect', name])).stdout;

  const child = execa('docker', ['start', '--attach', name], { reject: false, buffer: true });
  const finished = child.then(async (run): Promise<Finished> => {
    const state = await execa('docker', ['inspect', '--format', '{{.State.ExitCode}}', name]);
    await execa('docker', ['rm', '--force', name]);
    await execa('docker', ['volume', 'rm', '--force', volume]);
    rmSync(folder, { recursive: true, force: true });
    const events = run.stdout.split('\n').filter(Boolean).map(parseEvent);
    return { exitCode: Number(state.stdout), stdout: run.stdout, stderr: run.stderr, inspect, events };
  });

  return {
    name,
    finished,
    async sawEvent(event) {
      // Listens beside execa's own buffering; leaving an iterator early would close the stream.
      let seen = '';
      const found = new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
          const whole = seen.split('\n').slice(0, -1).filter(Boolean);
          if (whole.some((line) => parseEvent(line).event === event)) resolve();
        });
      });
      const ended = child.then((run) => {
        if (run.stdout.includes(`"${event}"`)) return;
        throw new Error(`the image ended without the event '${event}': ${run.stdout}${run.stderr}`);
      });
      await Promise.race([found, ended]);
    },
    async stop(graceSeconds) {
      await execa('docker', ['stop', '--time', String(graceSeconds), name]);
    },
  };
}

function privilegeArgs({ user, capabilities, network }: Privileges): string[] {
  const args = ['--user', user, '--network', network, '--cap-drop', 'ALL', '--read-only'];
  args.push('--security-opt', 'no-new-privileges', '--pids-limit', '200', '--memory', '1g');
  args.push('--tmpfs', '/tmp:size=64m,mode=1777');
  // Where the test itself listens, as a container sees it.
  if (network !== 'none') args.push('--add-host', 'black-hole:host-gateway');
  return args.concat(capabilities.flatMap((name) => ['--cap-add', name]));
}

function files(folder: string, { requestText, secrets, kit }: Given): string[] {
  const mounts: string[] = [];
  if (requestText !== undefined) {
    const path = join(folder, 'request.json');
    writeFileSync(path, requestText, { mode: 0o644 });
    mounts.push('--mount', `type=bind,src=${path},dst=/haven/request.json,readonly`);
  }
  for (const [where, contents] of [
    ['/run/secrets', secrets],
    ['/haven/kit', kit ?? {}],
  ] as const) {
    if (Object.keys(contents).length === 0) continue;
    const host = join(folder, where.replaceAll('/', '_'));
    mkdirSync(host, { mode: 0o755 });
    for (const [name, text] of Object.entries(contents))
      writeFileSync(join(host, name), text, { mode: 0o644 });
    mounts.push('--mount', `type=bind,src=${host},dst=${where},readonly`);
  }
  for (const where of ['/haven/pipe', '/haven/work', '/haven/out']) {
    mounts.push('--tmpfs', `${where}:size=16m,mode=1777`);
  }
  return mounts;
}
