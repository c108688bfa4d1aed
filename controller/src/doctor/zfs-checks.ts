import { readFileSync, statSync } from 'node:fs';
import type { App } from '../app.ts';
import type { Expansion, Found } from '../config/expand.ts';
import type { Dataset } from '../config/schema.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { delegate, missingDelegation } from '../zfs/delegation.ts';
import { sameSeries, zfsVersions } from '../zfs/versions.ts';
import { type Check, failed, guarded, ok, warn } from './check.ts';

const uidOfB = 1000;

export function checkDevice(path: string): Check {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    const remedy = 'load the module on the host (`modprobe zfs`) and give the controller the device';
    return failed('zfs device', `there is no ${path}`, remedy);
  }
  const mode = (stat.mode & 0o777).toString(8);
  if (!stat.isCharacterDevice())
    return failed('zfs device', `${path} is no device`, 'give the controller the host’s /dev/zfs');
  // Strategy B is uid 1000 without privileges: what it may do is decided by `zfs allow`, but it must get as far as asking.
  if ((stat.mode & 0o006) !== 0o006) {
    return failed(
      'zfs device',
      `${path} has mode ${mode}`,
      `on the host: chmod 666 ${path} (what udev does where it runs)`,
    );
  }
  return ok('zfs device', `${path}, mode ${mode}`);
}

export function checkZfsVersions(app: App): Promise<Check> {
  return guarded('zfs versions', 'install zfsutils-linux, and load the module on the host', async () => {
    const { userland, kernel } = await zfsVersions(app.zfs);
    if (kernel === '') return failed('zfs versions', 'the kernel has no ZFS', 'on the host: modprobe zfs');
    const detail = `userland ${userland}, kernel ${kernel}`;
    if (sameSeries(userland, kernel)) return ok('zfs versions', detail);
    return warn(
      'zfs versions',
      detail,
      'mixed series are little tested: use a userland of the same series as the host’s module',
    );
  });
}

/** An exclude that matches nothing is misspelt, or of yesterday: what it was meant for may be backed up, or need not be named. */
export function checkExcludes(idle: Expansion['idle']): Check[] {
  return idle.map(({ id, pattern }) =>
    warn(`exclude ${id}`, `'${pattern}' matches nothing`, `correct or remove it: datasets.${id}.exclude`),
  );
}

/** Said, so that nobody finds out when a restore is needed; the other strategy, if there is one, takes them. */
export function checkLeftOut({ name }: Strategy, leftOut: Found[]): Check[] {
  if (leftOut.length === 0) return [];
  const ids = leftOut.map(({ id }) => id).join(', ');
  const detail = `not backed up by strategy ${name}, because it takes files only: ${ids}`;
  const remedy = `exclude them for certain: list in strategies.${name}.datasets what it is to back up`;
  return [warn(`volumes ${name}`, detail, remedy)];
}

export function checkDataset(app: App, { id, dataset, locked }: Found): Promise<Check> {
  const name = `dataset ${id}`;
  return guarded(name, `correct datasets.${id}.dataset in ${app.home.config}`, async () => {
    const [type] = (await app.zfs(['list', '-H', '-p', '-o', 'type', dataset])).trim().split('\n');
    if (locked) return failed(name, 'its encryption key is not loaded', 'zfs load-key, or exclude it');
    if (type === 'filesystem' || type === 'volume') return ok(name, `a ${type}`);
    return failed(name, `a ${type}`, 'only filesystems and volumes can be backed up');
  });
}

/** Given a dataset, check what uid 1000 may do with it; with `fix`, delegate what is missing and look again. */
export function checkDelegation(app: App, { id, dataset }: Dataset, fix: boolean): Promise<Check> {
  const name = `delegation ${id}`;
  const remedy = `\`haven doctor --fix\`, or on the host: zfs allow -u ${uidOfB} send,hold,release,bookmark DATASET`;
  return guarded(name, remedy, async () => {
    const look = () => missingDelegation(app.zfs, dataset, uidOfB, userName(uidOfB));
    let missing = await look();
    if (missing.length > 0 && fix) {
      await delegate(app.zfs, dataset, uidOfB);
      missing = await look();
      if (missing.length === 0) return ok(name, 'fixed: delegated to strategy B’s user');
    }
    if (missing.length > 0) return failed(name, `strategy B’s user may not ${missing.join(', ')}`, remedy);
    return ok(name, 'strategy B’s user may send, hold, release, bookmark');
  });
}

/** `zfs allow` prints the name of a user that the machine knows. */
function userName(uid: number): string | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.split(':')[2] === String(uid));
  return line?.split(':')[0];
}
