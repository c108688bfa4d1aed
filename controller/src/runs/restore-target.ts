// The dataset that a restore makes. It bears the mark haven:restore=RUN, set by the call that makes it, until the restore is done: only what bears the mark
// of its own run may be destroyed. Which dataset that is stands in the run's folder, for whoever looks after a controller that was killed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { HavenError, reportOf } from '../errors.ts';
import type { Command } from '../zfs/command.ts';

export const restoreMark = 'haven:restore';

const nameable = /^(?!haven-drill-)(?=.{1,200}$)[A-Za-z][A-Za-z0-9_.:-]*(\/[A-Za-z0-9_.: -]+)+$/;

/**
 * Given the name of a dataset to be made and the bytes that go into it, throw unless it can be made and they may fit: half of them must,
 * for compression may well make that of them. Whether they really do, ZFS says.
 */
export async function demandTarget(zfs: Command, target: string, ofStreams = 0): Promise<void> {
  const refuse = (message: string, hint: string): never => {
    throw new HavenError({
      code: 'bad-request',
      operation: 'look at the target',
      subject: target,
      message,
      hint,
    });
  };
  if (!nameable.test(target))
    refuse(
      `${target} cannot be the name of a new dataset`,
      'name it as POOL/NAME, such as --to tank/restored',
    );
  const found = await zfs(['list', '-H', '-p', '-t', 'filesystem,volume', '-o', 'name,type,available']);
  const rows = new Map(found.split('\n').map((line) => [line.split('\t')[0]!, line.split('\t')]));
  if (rows.has(target))
    refuse(
      `${target} exists already, and nothing is ever restored over a dataset`,
      `name one that does not exist, or rename that one first: zfs rename '${target}' '${target}-old'`,
    );
  const parent = target.slice(0, target.lastIndexOf('/'));
  const [, type, available] = rows.get(parent) ?? [];
  if (type === undefined)
    refuse(
      `there is no dataset ${parent} that ${target} could be made in`,
      target.split('/').length === 2
        ? '`zpool list` shows the pools'
        : `make it first: zfs create -p '${parent}'`,
    );
  if (type !== 'filesystem') refuse(`${parent} is a ${type}: nothing can be made in it`, 'name a filesystem');
  if (Number(available) >= ofStreams / 2) return;
  throw new HavenError({
    code: 'local-full',
    operation: 'look at the target',
    subject: target,
    message: `${parent} has ${available} bytes available; the backup has about ${ofStreams}`,
    hint: 'free space there, or restore into another pool',
  });
}

/** The restore is done: from now on the dataset is the owner's, like any other. What it inherits he can see; it stays unmounted until he mounts it. */
export async function handOver(zfs: Command, target: string, sound: boolean): Promise<void> {
  // What differs from its source is left as it came.
  if (sound) await zfs(['inherit', 'readonly', target]);
  await zfs(['inherit', restoreMark, target]);
}

/** Given a target of a run that failed, destroy what it made; returns why something is left, or undefined when nothing is. */
export async function destroyUnfinished(
  zfs: Command,
  target: string,
  run: string,
): Promise<string | undefined> {
  const found = await zfs(['list', '-H', '-p', '-t', 'filesystem,volume', '-o', 'name']);
  const names = found.split('\n').filter((name) => name === target || name.startsWith(`${target}/`));
  if (!names.includes(target)) return undefined;
  if ((await markOf(zfs, target)) !== run) return 'it does not bear the mark of this run';
  if (names.length > 1) return 'somebody has made datasets below it';
  for (let tries = 1; ; tries += 1) {
    try {
      await zfs(['destroy', '-r', target]);
      return undefined;
    } catch (thrown) {
      // What Docker mounted for a container is unmounted a moment after that has ended.
      if (tries === destroyTries || !reportOf(thrown, 'destroy').message.includes('busy')) throw thrown;
      await sleep(busyMs);
    }
  }
}

const destroyTries = 30;
const busyMs = 1000;

/** The run whose unfinished work a dataset is; '' when it is nobody's. An inherited mark says nothing about who made it. */
export async function markOf(zfs: Command, dataset: string): Promise<string> {
  const value = await zfs(['get', '-H', '-p', '-s', 'local,received', '-o', 'value', restoreMark, dataset]);
  return value.trim();
}

const Note = z.object({ target: z.string() });

const noteFile = 'restore-target.json';

/** Called before anything is made. */
export function noteTarget(folder: string, target: string): void {
  writeFileSync(join(folder, noteFile), JSON.stringify({ target }), { mode: 0o600 });
}

/** Given a run's folder, return the dataset that it may have made; undefined when it had not come that far. */
export function notedTarget(folder: string): string | undefined {
  try {
    return Note.parse(JSON.parse(readFileSync(join(folder, noteFile), 'utf8'))).target;
  } catch {
    // Not there, or not whole: then nothing was made.
    return undefined;
  }
}
