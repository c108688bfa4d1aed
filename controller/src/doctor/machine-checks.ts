// Has the machine what a backup and a drill need beside Docker and ZFS: memory, and room for what waits to be uploaded?
import { readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { bytes } from '../cli/words.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type Check, failed, guarded, ok, warn } from './check.ts';
import type { Machine } from './machine.ts';

const KiB = 1024;

/** A container that reaches its limit is killed; one that finds no memory below its limit takes the whole machine along. */
export function checkMemory(app: App, strategies: Strategy[], { proc }: Machine): Promise<Check> {
  return guarded('memory', 'free memory, or lower `limits.memory`', async () => {
    const info = readFileSync(join(proc, 'meminfo'), 'utf8');
    const field = (name: string): number =>
      Number(info.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1] ?? 0) * KiB;
    const free = field('MemAvailable') + shrinkable(proc);
    const limits = [
      ...strategies.map((strategy) => sectionOf(app.config, strategy).limits.memory),
      app.config.drill.limits.memory,
    ];
    const needed = Math.max(...limits);
    const swap = field('SwapTotal');
    const detail = `${bytes(free)} of ${bytes(field('MemTotal'))} can be had, swap ${bytes(swap)}; a container may take ${bytes(needed)}`;
    if (field('MemTotal') === 0)
      return failed('memory', `${proc}/meminfo tells nothing`, 'give the controller /proc');
    if (free >= needed) return ok('memory', detail);
    const lower = 'lower `limits.memory` in haven.yaml, or end what takes the rest';
    if (field('MemTotal') < needed)
      return failed(
        'memory',
        `${detail}: more than there is`,
        'lower `limits.memory` in haven.yaml: strategy B runs with 256m',
      );
    return warn('memory', detail, swap === 0 ? `${lower}; a little swap would soften it` : lower);
  });
}

/** ZFS gives its cache back when it is asked, but Linux does not count it as available. */
function shrinkable(proc: string): number {
  try {
    const stats = readFileSync(join(proc, 'spl/kstat/zfs/arcstats'), 'utf8');
    const field = (name: string): number =>
      Number(stats.match(new RegExp(`^${name}\\s+\\d+\\s+(\\d+)$`, 'm'))?.[1] ?? 0);
    return Math.max(0, field('size') - field('c_min'));
  } catch {
    // Without the module there is no cache; that it is missing is another check's to say.
    return 0;
  }
}

/** What waits for its upload lies in the strategies' state volumes, which are Docker's. */
export function checkDockerSpace(app: App, strategies: Strategy[], { dockerData }: Machine): Promise<Check> {
  const name = 'room for uploads';
  const remedy = 'free space where Docker keeps its volumes, or move its data-root to a larger disk';
  return guarded(name, remedy, async () => {
    const { bavail, bsize } = statfsSync(dockerData);
    const free = bavail * bsize;
    const needed = strategies.reduce(
      (sum, strategy) => sum + strategy.waitingBytes(sectionOf(app.config, strategy).settings),
      0,
    );
    const detail = `${bytes(free)} free in Docker’s data; up to ${bytes(needed)} wait there for their upload`;
    if (free < needed) return failed(name, detail, `${remedy}, or set smaller parts (partBytes, volumeMiB)`);
    if (free < 2 * needed) return warn(name, detail, remedy);
    return ok(name, detail);
  });
}
