// Deadlines for things that must keep moving. A slow thing that moves is never cut off; a still one is not waited for.

/** Given a promise, return it, or throw `late()` when it takes longer. */
export async function within<T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

export interface Watchdog {
  /** Something moved. */
  touch(): void;
  /** Somebody else is being waited for; the time does not count until the next touch. */
  pause(): void;
  end(): void;
}

/** Given a deadline, call `late` once when nothing was touched for so long. */
export function createWatchdog(ms: number, late: () => void): Watchdog {
  let waiting = true;
  let ended = false;
  // One timer for all: a new one for each chunk that passes would be thousands a second.
  const timer = setTimeout(() => {
    if (waiting) late();
  }, ms);
  return {
    touch: () => {
      waiting = true;
      if (!ended) timer.refresh();
    },
    pause: () => {
      waiting = false;
    },
    end: () => {
      ended = true;
      clearTimeout(timer);
    },
  };
}
