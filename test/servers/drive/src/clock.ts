/** The emulator's time: the machine's plus an offset that a test moves, so that a week passes in no time. */
export interface Clock {
  now(): number;
}

export interface MovableClock extends Clock {
  offsetMs(): number;
  advance(ms: number): void;
}

export function createClock(systemNow: () => number, offsetMs: number): MovableClock {
  let offset = offsetMs;
  return {
    now: () => systemNow() + offset,
    offsetMs: () => offset,
    advance: (ms) => {
      offset += ms;
    },
  };
}
