// Copies bytes between stages by hand, so that the watchdog knows for whom we wait, and a reader that went away ends the
// copying at once, even while the source is silent.
import type { Writable } from 'node:stream';
import type { Stage } from '../process/child.ts';
import { ClosedEarly } from './run-stages.ts';
import type { Watchdog } from './stall.ts';

/** Given a source outside of the pipeline, feed it to its first stage. While the source is waited for, the watchdog rests: the source has its own. */
export async function feedFirst(
  source: AsyncIterable<Buffer>,
  stage: Stage,
  watchdog: Watchdog,
): Promise<void> {
  watchdog.pause();
  await copy(source, stage, () => watchdog.pause(), watchdog.touch);
  watchdog.touch();
}

/** Given the stage before, feed its output to the next; `take` sees each chunk on its way. */
export async function feedNext(
  from: Stage,
  stage: Stage,
  watchdog: Watchdog,
  take?: (chunk: Buffer) => void,
): Promise<void> {
  const output = take === undefined ? from.stdout : seen(from.stdout, take);
  await copy(output, stage, watchdog.touch, watchdog.touch);
}

async function* seen(source: AsyncIterable<Buffer>, take: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    take(chunk);
    yield chunk;
  }
}

/** Given the last stage, hand each chunk of its output to `take`. */
export async function drainLast(
  from: Stage,
  watchdog: Watchdog,
  take: (chunk: Buffer) => Promise<void> | void,
): Promise<void> {
  for await (const chunk of from.stdout) {
    watchdog.touch();
    await take(chunk);
  }
}

async function copy(
  source: AsyncIterable<Buffer>,
  stage: Stage,
  beforeRead: () => void,
  afterRead: () => void,
): Promise<void> {
  const stdin = stage.stdin!;
  const orClosed = breakable(closing(stdin).then(() => whyClosed(stage)));
  const chunks = source[Symbol.asyncIterator]();
  for (;;) {
    beforeRead();
    const { done, value } = await orClosed(chunks.next());
    if (done === true) break;
    afterRead();
    if (!stdin.write(value)) await orClosed(draining(stdin));
  }
  afterRead();
  stdin.end();
  await orClosed(finishing(stdin));
}

/**
 * Given what may break the waiting at any time, return a way to wait for one thing after the other. Not Promise.race: whoever loses a race keeps what the winner
 * gave, so that a promise that outlives the copying would keep every byte of it in memory (https://github.com/nodejs/node/issues/17469).
 */
function breakable(breaking: Promise<never>): <T>(awaited: Promise<T>) => Promise<T> {
  let broken: { by: unknown } | undefined;
  let breakOff: (by: unknown) => void = () => undefined;
  breaking.catch((by: unknown) => {
    broken = { by };
    breakOff(by);
  });
  return <T>(awaited: Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      breakOff = reject;
      awaited.then(resolve, reject);
      if (broken !== undefined) reject(broken.by);
    });
}

function draining(stdin: Writable): Promise<void> {
  return new Promise((resolve) => stdin.once('drain', resolve));
}

function closing(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stdin.destroyed) return resolve();
    stdin.once('error', () => resolve());
    stdin.once('close', () => resolve());
  });
}

function finishing(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stdin.writableFinished) return resolve();
    stdin.once('finish', resolve);
  });
}

/** A stage that stopped reading mostly ends at once and says why by its exit: wait a moment for that. */
async function whyClosed(stage: Stage): Promise<never> {
  await Promise.race([stage.finished, new Promise((resolve) => setTimeout(resolve, 500))]);
  throw new ClosedEarly(stage);
}
