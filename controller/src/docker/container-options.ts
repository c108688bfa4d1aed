// A RunSpec to what Docker is told. Pure, so that the privileges of a container can be read and tested without Docker.
import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import type { StrategyName, Verb } from '../contract/request.ts';
import { type Part, privilegesOf } from './privileges.ts';

export type Mount =
  | { kind: 'file' | 'folder'; from: string; to: string; writable?: boolean }
  /** A folder of the owner's, where the controller may not even see it; one that is not there is made. */
  | { kind: 'owners-folder'; from: string; to: string; writable: true }
  | { kind: 'volume'; name: string; to: string; writable?: boolean }
  /** A ZFS snapshot, or a dataset of a throwaway pool, that Docker itself mounts while the container runs. */
  | { kind: 'zfs'; name: string; device: string; to: string; writable?: boolean }
  | { kind: 'scratch-memory'; to: string; bytes: number };

export interface Limits {
  memory: number;
  pids: number;
}

export interface RunSpec {
  image: string;
  part: Part;
  /** Whose backups a drill works on; null where that makes no difference. */
  strategy: StrategyName | null;
  verb: Verb;
  run: string;
  /** Container's name; Docker keeps names unique, which makes it a lock. */
  name: string;
  home: string;
  network: string;
  zfsDevice: string;
  limits: Limits;
  mounts: Mount[];
}

export const labels = {
  home: 'haven.home',
  run: 'haven.run',
  part: 'haven.part',
  verb: 'haven.verb',
} as const;

export function containerOptions(spec: RunSpec): ContainerCreateOptions {
  const granted = privilegesOf(spec.part, spec.verb, spec.strategy);
  const memories = spec.mounts.filter((mount) => mount.kind === 'scratch-memory');
  const tmpfs = Object.fromEntries(
    memories.map(({ to, bytes }) => [to, `size=${bytes},mode=1777,noexec,nosuid,nodev`]),
  );
  return {
    name: spec.name,
    Image: spec.image,
    Cmd: [spec.verb],
    User: granted.user,
    Labels: {
      [labels.home]: spec.home,
      [labels.run]: spec.run,
      [labels.part]: spec.part,
      [labels.verb]: spec.verb,
    },
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      NetworkMode: granted.network === 'none' ? 'none' : spec.network,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: granted.capabilities,
      SecurityOpt: ['no-new-privileges', ...(granted.unconfined ? ['apparmor=unconfined'] : [])],
      Devices: granted.zfsDevice
        ? [{ PathOnHost: spec.zfsDevice, PathInContainer: '/dev/zfs', CgroupPermissions: 'rw' }]
        : [],
      PidsLimit: spec.limits.pids,
      Memory: spec.limits.memory,
      // The same as Memory: no swap, so that a limit is a limit.
      MemorySwap: spec.limits.memory,
      Tmpfs: { '/tmp': 'size=67108864,mode=1777', ...tmpfs },
      Mounts: spec.mounts.flatMap((mount) =>
        mount.kind === 'scratch-memory' || mount.kind === 'owners-folder' ? [] : [mountSettings(spec, mount)],
      ),
      // This older way of naming a bind is the one by which every Docker makes a folder that is not there.
      Binds: spec.mounts.flatMap((mount) =>
        mount.kind === 'owners-folder' ? [`${mount.from}:${mount.to}`] : [],
      ),
      // stdout is also kept by us (runs/RUN); Docker's copy serves a controller that was killed, and needs only the end.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
      RestartPolicy: { Name: 'no' },
    },
  };
}

function mountSettings(
  spec: RunSpec,
  mount: Exclude<Mount, { kind: 'scratch-memory' | 'owners-folder' }>,
): MountSettings {
  const ReadOnly = mount.writable !== true;
  if (mount.kind === 'zfs') {
    const Options = { type: 'zfs', device: mount.device, o: ReadOnly ? 'ro' : 'rw' };
    const DriverConfig = { Name: 'local', Options };
    // Such a volume is for one run alone: whoever looks after what a killed controller left finds it by these.
    const Labels = { [labels.home]: spec.home, [labels.run]: spec.run, [labels.part]: spec.part };
    const VolumeOptions = { NoCopy: true, Labels, DriverConfig };
    return { Type: 'volume', Source: mount.name, Target: mount.to, ReadOnly, VolumeOptions };
  }
  if (mount.kind === 'volume') return { Type: 'volume', Source: mount.name, Target: mount.to, ReadOnly };
  return { Type: 'bind', Source: mount.from, Target: mount.to, ReadOnly };
}
