// The source's stream. It ends only if `zfs send` exited 0, began as the right snapshot's stream, ended with its end record, and
// was not far shorter than expected. Everything else is an error of the stream itself, so that no reader can take a part for the whole.
import { errnoOf, HavenError } from '../contract/errors.ts';
import type { Source } from '../contract/request.ts';
import { createMeasure } from '../pipeline/measure.ts';
import { within } from '../pipeline/stall.ts';
import { createStreamCheck, type DatasetType } from '../pipeline/stream-record.ts';
import { type Stage, startStage } from '../process/child.ts';
import { snapshotName, type Zfs } from './zfs.ts';

export const rawFlag = '--raw';

const farShorter = 0.1;

export interface SendStream {
  bytes(): AsyncIterable<Buffer>;
  /** Known once the stream has ended well. */
  summary(): { bytes: number; sha256: string; type: DatasetType };
  sent(): number;
  stop(): Promise<void>;
}

export interface Sending {
  source: Source;
  /** Flags are frozen per chain and recorded in each manifest. */
  flags: string[];
  /** Where an incremental stream starts. */
  from: { name: string; guid: string } | null;
  estimate: number | null;
}

/** The arguments of `zfs` for a stream, after `send`. */
export function sendArguments({ source, flags, from }: Omit<Sending, 'estimate'>): string[] {
  return [...flags, ...(from === null ? [] : ['-i', from.name]), snapshotName(source)];
}

export function openSendStream(
  zfs: Zfs,
  sending: Sending,
  deadlines: { stallMs: number; killAfterMs: number },
): SendStream {
  const { source, flags, from, estimate } = sending;
  const measure = createMeasure('sha256');
  const raw = flags.includes(rawFlag);
  const check = createStreamCheck({ guid: source.guid, fromGuid: from?.guid ?? null, raw });
  const stage = startStage({
    name: 'zfs send',
    file: 'zfs',
    args: ['send', ...sendArguments(sending)],
    env: zfs.env,
    stdin: 'none',
    scrub: zfs.scrub,
    killAfterMs: deadlines.killAfterMs,
  });
  let type: DatasetType | undefined;

  async function* bytes(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of readWithin(stage, deadlines.stallMs)) {
        measure.take(chunk);
        check.take(chunk);
        yield chunk;
      }
      await within(deadlines.stallMs, stage.finished, () =>
        broken('zfs send closed its stream and does not end'),
      );
      type = check.finish().type;
      if (estimate !== null && measure.bytes < estimate * farShorter)
        throw broken(`the stream has ${measure.bytes} bytes where zfs expected about ${estimate}`);
    } catch (error) {
      throw blame(error, source);
    } finally {
      await stage.stop();
    }
  }

  return {
    bytes,
    summary: () => {
      if (type === undefined) throw new Error('the stream has not ended');
      return { bytes: measure.bytes, sha256: measure.digest('sha256'), type };
    },
    sent: () => measure.bytes,
    stop: stage.stop,
  };
}

async function* readWithin(stage: Stage, stallMs: number): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer> = stage.stdout[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await within(stallMs, chunks.next(), () =>
      broken('zfs send gave no byte for too long'),
    );
    if (done === true) return;
    yield value;
  }
}

/** The stream's errors are all `source-unreadable`: whoever was at fault, this is no backup. */
function blame(error: unknown, source: Source): unknown {
  if (error instanceof HavenError)
    return new HavenError('source-unreadable', error.message, {
      operation: 'zfs send',
      subject: source.id,
      hint: 'see the host’s log for errors of the pool, then run the backup again',
      cause: error,
    });
  return broken(`the stream broke off (${errnoOf(error) ?? 'closed'})`, source.id);
}

function broken(message: string, subject?: string): HavenError {
  return new HavenError('source-unreadable', message, { operation: 'zfs send', subject });
}
