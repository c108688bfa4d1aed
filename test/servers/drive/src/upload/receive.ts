/**
 * Writes the body of a request to the end of a blob, piece by piece: memory stays constant whatever the size. The faults that
 * spoil a body on its way in act here, before anything is persisted.
 *
 * Guarantees: on return the blob holds exactly what is persisted. When the body ended early for any reason, that is a
 * multiple of 256 KiB, as Google keeps it.
 */
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange } from '../exchange.ts';
import { Refusal } from '../http/refusal.ts';
import { floorToGranularity } from './content-range.ts';

export interface Received {
  bytes: number;
  /** complete: all that was announced came and was kept. */
  outcome: 'complete' | 'short' | 'too-long' | 'interrupted';
}

export interface Incoming {
  blob: string;
  source: AsyncIterable<Uint8Array>;
  /** What is persisted already: that many bytes of the body are repeated ones, and ignored. */
  skip: number;
  /** Announced length of the body, if it was. */
  expected?: number;
}

export async function receiveBody(exchange: Exchange, incoming: Incoming): Promise<Received> {
  const { emulator, noted } = exchange;
  const { blob, skip, expected } = incoming;
  const digests = await emulator.uploads.digestsOf(blob);
  const before = emulator.store.blobSize(blob);
  const file = openSync(emulator.store.blobPath(blob), 'a', 0o600);
  const source = spoiled(exchange, incoming.source, expected);
  const keep = keepLimit(exchange, expected);
  let received = 0;
  let outcome: Received['outcome'] = 'complete';
  try {
    for await (const piece of source) {
      const from = Math.max(0, skip - received);
      const to = Math.min(piece.length, keep - received);
      received += piece.length;
      noted.bodyBytes = received;
      if (expected !== undefined && received > expected) {
        outcome = 'too-long';
        break;
      }
      if (from < to) {
        const bytes = piece.subarray(from, to);
        writeSync(file, bytes);
        digests.update(bytes);
      }
    }
    if (outcome === 'complete' && (keep < received || (expected !== undefined && received < expected))) {
      outcome = 'short';
    }
  } catch (error) {
    if (error instanceof Refusal || (error as NodeJS.ErrnoException).syscall === 'write') {
      throw error;
    }
    // The connection broke, by the client, the network, or a fault: what came so far counts.
    outcome = 'interrupted';
  } finally {
    closeSync(file);
  }
  if (outcome !== 'complete') {
    const kept =
      outcome === 'too-long' ? before : Math.max(before, floorToGranularity(emulator.store.blobSize(blob)));
    truncateSync(emulator.store.blobPath(blob), kept);
    emulator.uploads.forgetDigests(blob);
  }
  return { bytes: received, outcome };
}

function keepLimit({ faults }: Exchange, expected: number | undefined): number {
  if (expected === undefined) {
    return Number.POSITIVE_INFINITY;
  }
  if (faults.take('fruitless-308')) {
    return 0;
  }
  const short = faults.take('short-persist');
  return short ? floorToGranularity(Math.max(0, expected - Number(short.lose))) : Number.POSITIVE_INFINITY;
}

/** The body as the faults and the line let it arrive. */
async function* spoiled(
  { emulator, faults, cut, gone }: Exchange,
  source: AsyncIterable<Uint8Array>,
  expected = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array> {
  const stall = faults.take('stall');
  const slow = faults.take('slow');
  const reset = faults.take('reset-inside-body', ({ afterBytes }) => Number(afterBytes) < expected);
  const flip = faults.take('bit-flip-on-wire', ({ offset }) => Number(offset) < expected);
  let arrived = 0;
  for await (const piece of source) {
    if (stall && arrived + piece.length > Number(stall.afterBytes)) {
      await sleep(Number(stall.seconds) * 1000, undefined, { signal: gone });
    }
    const flipAt = flip ? Number(flip.offset) - arrived : -1;
    if (flipAt >= 0 && flipAt < piece.length) {
      piece[flipAt]! ^= 1;
    }
    if (reset && arrived + piece.length > Number(reset.afterBytes)) {
      yield piece.subarray(0, Math.max(0, Number(reset.afterBytes) - arrived));
      cut();
      throw new Error('the planned fault reset-inside-body cut the connection');
    }
    const room = emulator.line.bytesUntilReset();
    await emulator.line.travel(Math.min(piece.length, room), gone);
    if (piece.length >= room) {
      yield piece.subarray(0, room);
      cut();
      throw new Error('the line broke, as the setting resetEveryBytes says');
    }
    arrived += piece.length;
    if (slow) {
      await sleep((piece.length / Number(slow.bytesPerSecond)) * 1000, undefined, { signal: gone });
    }
    yield piece;
  }
}
