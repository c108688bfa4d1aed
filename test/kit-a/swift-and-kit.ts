// What the tests of restore-a.sh share: a Swift, a tree, backups of it written by plain duplicity of Debian 12, and a kit. Everything has names of its own.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const root = fileURLToPath(new URL('../..', import.meta.url));

export const SWIFT = process.env.HAVEN_SWIFT_IMAGE ?? 'haven/swift';
/** Debian 13: duplicity 3.0.4. */
export const DRILL = process.env.HAVEN_DRILL_IMAGE ?? 'haven/drill';
/** Debian 12: duplicity 0.8.22. */
export const STRANGER = process.env.HAVEN_STRANGER_A_IMAGE ?? 'haven/stranger-a';
export const IMAGE_A = process.env.HAVEN_IMAGE_A ?? 'haven/strategy-a';
export const PASSPHRASE = 'canary-passphrase-7d1f';
export const PASSWORD = 'havenpass';
/** images/CONTRACT.md section 5. */
export const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'];

/** The drill's own comparison; prints what differs, by kind. */
export const COMPARE = `python3 -c '
from haven_drill.compare import Comparison
c = Comparison(lambda t: None); c.trees("/haven/source/docs", "/haven/out/new"); print(c.tally.files, c.mismatches.by_kind)'`;

export interface Manifest {
  backup: string;
  setTime: string;
  objects: { name: string; bytes: number; md5: string }[];
  [field: string]: unknown;
}

export interface Ended {
  code: number | undefined;
  stdout: string;
  said: string;
}

export interface Ground {
  name: string;
  /** A kit's half, in a folder of its own. */
  kit(change?: { store?: unknown; swift?: unknown; passphrase?: string; without?: string }): string;
  write(
    kind: 'full' | 'incremental',
    backup: string,
    base?: Manifest,
    options?: { hashes?: boolean },
  ): Promise<Manifest>;
  /** Image A itself backs the tree up, as it is now; there is no ZFS here, so that findmnt is one of the test's own. Returns its result. */
  backup(guid: string): Promise<Record<string, unknown>>;
  /** Runs a shell script as root in an image, with the kit at /kit and the volume with the tree (/haven/source/docs) and room (/haven/out). */
  run(
    image: string,
    kit: string,
    script: string,
    options?: string[],
    capabilities?: string[],
  ): Promise<Ended>;
  /** Runs `fetch` of the drill image as images/CONTRACT.md says, into a folder of the volume at /haven/restored. */
  fetch(kit: string, backup: string, options?: { stopWhen?: RegExp }): Promise<Ended>;
  swift(...args: string[]): Promise<string>;
  plan(fault: Record<string, unknown>): Promise<void>;
  dispose(): Promise<void>;
}

export async function startGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-kit-a-'));
  const name = folder.split('/').at(-1)!.toLowerCase();
  const container = `${name}-swift`;
  await execa('docker', ['network', 'create', name]);
  await execa('docker', ['volume', 'create', name]);
  const server = ['run', '--detach', '--name', container, '--network', name, '--network-alias', 'swift'];
  await execa('docker', [...server, '--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', SWIFT]);
  let kits = 0;

  const inContainer = async (image: string, args: string[], options: string[] = []): Promise<Ended> => {
    const given = ['run', '--rm', '--init', '--network', name, '--user', '0', '--volume', `${name}:/haven`];
    const run = await execa(
      'docker',
      [...given, ...options, '--entrypoint', args[0]!, image, ...args.slice(1)],
      {
        reject: false,
      },
    );
    return { code: run.exitCode, stdout: run.stdout, said: run.stderr };
  };
  const must = async (image: string, args: string[], options: string[] = []): Promise<string> => {
    const ended = await inContainer(image, args, options);
    if (ended.code !== 0) throw new Error(`${args.join(' ')} ended with ${ended.code}: ${ended.said}`);
    return ended.stdout;
  };
  const repository = ['--volume', `${root}:/repository:ro`, '--env', 'PYTHONDONTWRITEBYTECODE=1'];
  const account = ['--env', 'SWIFT_URL=http://swift:8080/auth/v1.0', '--env', `SWIFT_KEY=${PASSWORD}`];
  account.push('--env', `TEST_PASSPHRASE=${PASSPHRASE}`);
  const client = ['--env', 'ST_AUTH=http://swift:8080/auth/v1.0', '--env', 'ST_USER=haven:backup'];

  await must(
    DRILL,
    [
      'python3',
      '-c',
      'import os; os.umask(0o22); os.makedirs("/haven/source/docs"); from tests.test_compare import make_tree; make_tree(b"/haven/source/docs"); os.mkdir("/haven/out"); name = "/haven/source/docs/setgid"; os.close(os.open(name, os.O_CREAT)); os.chown(name, 0, 4343); os.chmod(name, 0o2755)',
    ],
    [...repository, '--env', 'PYTHONPATH=/opt/haven:/repository/images/drill'],
  );

  const ground: Ground = {
    name,
    kit({ store, swift, passphrase, without } = {}) {
      kits += 1;
      const kit = join(folder, `kit${kits}`);
      mkdirSync(kit);
      const auth = { version: 1, url: 'http://swift:8080/auth/v1.0' };
      const files: Record<string, string> = {
        passphrase: `${passphrase ?? PASSPHRASE}\n`,
        'swift.json': JSON.stringify(swift ?? { user: 'haven:backup', password: PASSWORD }),
        'store.json': JSON.stringify(store ?? { format: 'haven-a/1', container: 'haven', auth }),
      };
      for (const [file, text] of Object.entries(files)) writeFileSync(join(kit, file), text);
      for (const file of ['restore-a.sh', 'attributes.py'])
        cpSync(join(root, 'controller/kit', file), join(kit, file));
      if (without !== undefined) rmSync(join(kit, without));
      return kit;
    },
    async write(kind, backup, base, { hashes = false } = {}) {
      const args = ['python3', '/repository/test/kit-a/write_backup.py', kind, 'docs', backup];
      if (base !== undefined) args.push(JSON.stringify(base));
      return JSON.parse(
        (
          await must(STRANGER, args, [
            ...repository,
            ...account,
            '--env',
            `TEST_RECORD_OPTIONS=${hashes ? '--hash' : ''}`,
          ])
        )
          .split('\n')
          .at(-1)!,
      ) as Manifest;
    },
    async backup(guid) {
      const source = { id: 'docs', dataset: 'tank/docs', snapshot: `s-${guid}`, guid };
      const auth = { version: 1, url: 'http://swift:8080/auth/v1.0' };
      const asked = { contract: '1.0', verb: 'backup', run: 'r1', kind: 'auto', sources: [source] };
      const request = join(folder, 'backup.json');
      writeFileSync(
        request,
        JSON.stringify({ ...asked, settings: { auth, volumeMiB: 1, hashContents: true } }),
      );
      const mounted = { fstype: 'zfs', source: `tank/docs@s-${guid}`, options: 'ro' };
      const findmnt = join(folder, 'findmnt');
      writeFileSync(findmnt, `#!/bin/sh\necho '${JSON.stringify({ filesystems: [mounted] })}'\n`, {
        mode: 0o755,
      });
      const args = ['run', '--rm', '--network', name, '--user', '0', '--read-only', '--cap-drop', 'ALL'];
      args.push(
        '--cap-add',
        'DAC_READ_SEARCH',
        '--security-opt',
        'no-new-privileges',
        '--tmpfs',
        '/tmp:size=64m',
      );
      args.push('--volume', `${name}:/haven`, '--volume', `${name}-state:/haven/state`);
      args.push(
        '--volume',
        `${ground.kit()}:/run/secrets:ro`,
        '--volume',
        `${request}:/haven/request.json:ro`,
      );
      args.push('--volume', `${findmnt}:/usr/bin/findmnt:ro`);
      const run = await execa('docker', [...args, IMAGE_A, 'backup'], { reject: false });
      const result = JSON.parse(run.stdout.split('\n').at(-1) || '{}') as Record<string, unknown>;
      if (run.exitCode !== 0)
        throw new Error(`image A ended with ${run.exitCode}: ${run.stdout}${run.stderr}`);
      return result;
    },
    run(image, kit, script, options = [], capabilities = CAPABILITIES) {
      const confined = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
      confined.push(
        ...capabilities.flatMap((one) => ['--cap-add', one]),
        '--tmpfs',
        '/tmp:size=64m,mode=1777',
      );
      confined.push(
        '--tmpfs',
        '/work:size=200m,mode=0700',
        '--env',
        'TMPDIR=/work',
        '--env',
        'HAVEN_ATTEMPTS=2',
      );
      return inContainer(
        image,
        ['sh', '-c', script],
        [...confined, ...repository, '--volume', `${kit}:/kit:ro`, ...options],
      );
    },
    async fetch(kit, backup, { stopWhen } = {}) {
      const request = join(folder, 'request.json');
      const asked = { contract: '1.0', verb: 'fetch', run: 'r1', strategy: 'a', backups: [backup] };
      writeFileSync(request, JSON.stringify(asked));
      await execa('docker', ['volume', 'rm', '--force', `${name}-restored`]);
      const args = [
        'run',
        '--rm',
        '--name',
        `${name}-fetch`,
        '--network',
        name,
        '--user',
        '0',
        '--read-only',
      ];
      args.push('--cap-drop', 'ALL', ...CAPABILITIES.flatMap((one) => ['--cap-add', one]));
      args.push('--security-opt', 'no-new-privileges', '--tmpfs', '/tmp:size=64m,mode=1777');
      args.push('--tmpfs', '/haven/work:size=200m', '--volume', `${name}-restored:/haven/restored`);
      args.push('--volume', `${kit}:/haven/kit:ro`, '--volume', `${request}:/haven/request.json:ro`);
      const running = execa('docker', [...args, DRILL, 'fetch'], { reject: false });
      if (stopWhen !== undefined) {
        let said = '';
        running.stdout.on('data', (data: Buffer) => {
          const before = stopWhen.test(said);
          said += data.toString();
          if (!before && stopWhen.test(said)) void execa('docker', ['stop', '--time', '30', `${name}-fetch`]);
        });
      }
      const run = await running;
      return { code: run.exitCode, stdout: run.stdout, said: run.stderr };
    },
    swift: (...args) => must(DRILL, ['swift', ...args], [...client, '--env', `ST_KEY=${PASSWORD}`]),
    async plan(fault) {
      const script = `curl -fsS -X POST --data '${JSON.stringify(fault)}' http://swift:8080/_faults/`;
      await must(DRILL, ['sh', '-c', script]);
    },
    async dispose() {
      await execa('docker', ['rm', '--force', '--volumes', container], { reject: false });
      await execa('docker', ['network', 'rm', name], { reject: false });
      await execa('docker', ['volume', 'rm', '--force', name, `${name}-restored`, `${name}-state`], {
        reject: false,
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return ground;
}
