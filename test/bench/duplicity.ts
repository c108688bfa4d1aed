// Strategy A's image, and plain duplicity out of the same image with the same options: each run a container of its own, measured from its inside.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExecaError, execa } from 'execa';
import { image } from '../strategy-a/machine.ts';

export interface Cost {
  seconds: number;
  cpuSeconds: number;
  /** Peak resident memory of the largest process, as the kernel counts it. */
  largestBytes: number;
  /** The same of all processes together, looked at five times a second. */
  togetherBytes: number;
}

export interface Job {
  /** Read by both; made by `makeTree`. */
  tree: string;
  /** A folder that is removed afterwards. */
  work: string;
  compression: 'zlib' | 'none';
  /** The container that runs Swift: its network is shared. */
  swift: string;
  /** In Swift, new with each run. */
  container: string;
}

const measure = fileURLToPath(new URL('in-container/measure.py', import.meta.url));
const passphrase = 'bench';
const volumeMiB = 200;
// Version 3, as the provider has it. With version 1 duplicity 0.8.22's second client, which asks for the size of what was stored, cannot sign in: it is five tries and two minutes late, an object.
const auth = { version: 3, url: 'http://127.0.0.1:8080/keystone/v3', region: 'GRA', project: 'haven' };
const login = { user: 'backup', password: 'keystonepass' };

/** Given a job, let plain duplicity make a full backup; throws when it fails, or when it had to try anything twice. */
export async function plainDuplicity(job: Job): Promise<Cost> {
  const variables = {
    ...{ PASSPHRASE: passphrase, SWIFT_AUTHVERSION: String(auth.version), SWIFT_AUTHURL: auth.url },
    ...{ SWIFT_USERNAME: login.user, SWIFT_PASSWORD: login.password },
    ...{ SWIFT_TENANTNAME: auth.project, SWIFT_REGIONNAME: auth.region },
    ...{ SWIFT_USER_DOMAIN_NAME: 'Default', SWIFT_PROJECT_DOMAIN_NAME: 'Default' },
  };
  const env = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const command = [
    ...['duplicity', 'full', '--archive-dir', '/haven/state/archive', '--tempdir', '/haven/state'],
    ...['--volsize', String(volumeMiB), '--no-files-changed'],
    `--gpg-options=--compress-algo=${job.compression} --cipher-algo=AES256`,
    ...['/haven/source/data', `swift://${job.container}/data`],
  ];
  const { cost, said } = await measured(job, env, command);
  if (/Attempt \d+ failed|Attempt of /.test(said)) throw new Error(`plain duplicity stumbled:\n${said}`);
  return cost;
}

/** Given a job, let strategy A make a full backup; throws when it fails. */
export async function strategyA(job: Job): Promise<Cost> {
  const folder = join(job.work, job.container);
  mkdirSync(join(folder, 'secrets'), { recursive: true });
  writeFileSync(join(folder, 'secrets/passphrase'), passphrase);
  writeFileSync(join(folder, 'secrets/swift.json'), JSON.stringify(login));
  const source = { id: 'data', dataset: 'tank/data', snapshot: 's', guid: '1' };
  const settings = { auth, container: job.container, compression: job.compression, volumeMiB };
  const request = {
    contract: '1.0',
    verb: 'backup',
    run: 'bench',
    kind: 'full',
    sources: [source],
    settings,
  };
  writeFileSync(join(folder, 'request.json'), JSON.stringify(request));
  // There is no ZFS here: what the kernel would say of the mount.
  const mounted = { filesystems: [{ fstype: 'zfs', source: 'tank/data@s', options: 'ro' }] };
  writeFileSync(join(folder, 'findmnt'), `#!/bin/sh\necho '${JSON.stringify(mounted)}'\n`);
  chmodSync(join(folder, 'findmnt'), 0o755);
  const mounts = [
    ...['--volume', `${folder}/request.json:/haven/request.json:ro`],
    ...['--volume', `${folder}/secrets:/run/secrets:ro`, '--volume', `${folder}/findmnt:/usr/bin/findmnt:ro`],
  ];
  return (await measured(job, ['--read-only', ...mounts], ['/opt/haven/entrypoint.sh', 'backup'])).cost;
}

async function measured(
  job: Job,
  options: string[],
  command: string[],
): Promise<{ cost: Cost; said: string }> {
  const state = `haven-bench-${process.pid}-${job.container}`;
  await execa('docker', ['volume', 'create', state]);
  try {
    const args = [
      ...['run', '--rm', '--network', `container:${job.swift}`, '--user', '0'],
      ...['--cap-drop', 'ALL', '--cap-add', 'DAC_READ_SEARCH', '--tmpfs', '/tmp'],
      ...['--volume', `${measure}:/measure.py:ro`, '--volume', `${job.tree}:/haven/source/data:ro`],
      ...['--volume', `${state}:/haven/state`, ...options, '--entrypoint', 'python3'],
    ];
    const { stdout, stderr } = await execa('docker', [...args, image, '/measure.py', ...command]);
    return { cost: JSON.parse(stdout) as Cost, said: stderr };
  } catch (error) {
    const { stderr = '', exitCode } = error as ExecaError;
    throw new Error(`${command[0]} ended with ${exitCode}: ${String(stderr).slice(-3000)}`, { cause: error });
  } finally {
    await execa('docker', ['volume', 'rm', '--force', state], { reject: false });
  }
}
