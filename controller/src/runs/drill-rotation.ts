// Whose turn it is to be restored in full, where a drill cannot restore everything: earliest deadline first, and of these as many as keep the amount of each drill even.
// Pure. Whatever was missed or red: what could not wait until the next regular drill is always among them.
import { ago } from '../cli/words.ts';

/** A dataset that could be drilled now. */
export interface Waiting {
  id: string;
  /** What a restore of it weighs. */
  bytes: number;
  /** When it was last restored in full and found the same; null: never yet. */
  provenAt: Date | null;
  /** Since when it is expected to be. */
  since: Date;
}

export interface Rhythm {
  withinDays: number;
  /** Regular times of the drills that follow this one, ascending. */
  coming: Date[];
  /** The longest time between two of them: so much earlier than promised everything is done, so that one drill may be missed. */
  gapMs: number;
}

export interface Turn {
  source: string;
  why: string;
}

export interface Rotation {
  now: Turn[];
  later: Turn[];
}

/** Given what could be drilled, return what is drilled now, and what can wait, each with its reason. */
export function takeTurns(waiting: Waiting[], { withinDays, coming, gapMs }: Rhythm, now: Date): Rotation {
  const queue = waiting
    .map((one) => {
      const from = one.provenAt ?? one.since;
      const deadline = new Date(from.getTime() + withinDays * 86_400_000 - gapMs);
      return { ...one, deadline };
    })
    .toSorted((a, b) => a.deadline.getTime() - b.deadline.getTime() || (a.id < b.id ? -1 : 1));
  const fair = fairShare(queue, coming);
  const next = coming[0];
  let taken = 0;
  const count = queue.findIndex(({ bytes, deadline }, at) => {
    const canWait = at > 0 && next !== undefined && deadline >= next;
    // To the nearest whole dataset: what is too little today makes tomorrow's share larger.
    if (canWait && taken + bytes / 2 > fair) return true;
    taken += bytes;
    return false;
  });
  const turns = queue.map((one) => ({ source: one.id, why: last(one, now), by: one.deadline }));
  const first = count === -1 ? turns.length : count;
  return {
    now: turns.slice(0, first).map(({ source, why }) => ({ source, why })),
    later: turns.slice(first).map(({ source, why, by }) => {
      return { source, why: `${why}; its turn comes by ${by.toISOString().slice(0, 10)}` };
    }),
  };
}

/** The least amount for every drill from now on with which each deadline can be met; the queue is in the order of deadlines. */
function fairShare(queue: { bytes: number; deadline: Date }[], coming: Date[]): number {
  let sum = 0;
  let drills = 1;
  let most = 0;
  for (const { bytes, deadline } of queue) {
    sum += bytes;
    while (drills <= coming.length && coming[drills - 1]! <= deadline) drills += 1;
    most = Math.max(most, sum / drills);
  }
  return most;
}

function last({ provenAt }: Waiting, now: Date): string {
  return provenAt === null ? 'never restored in full yet' : `last restored in full ${ago(provenAt, now)}`;
}
