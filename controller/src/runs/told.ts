// Gathers what `list` and `prune` tell, one event a thing, in a bounded memory: an image gone mad must not take the controller with it.
import { type ImageEvent, isKnown, type KnownEvent } from '../contract/events.ts';
import { HavenError } from '../errors.ts';
import type { Strategy } from '../strategies/strategy.ts';

/** As JSON: some 70 000 backups, or twenty datasets every day for ten years. */
const mostBytes = 32 * 2 ** 20;

type Kind = 'backup' | 'planned';
/** What an event tells: all but its name and time. */
type Content<K extends Kind> = Omit<Extract<KnownEvent, { event: K }>, 'event' | 'at'>;

export interface Told<K extends Kind> {
  take(event: ImageEvent): void;
  /** Aborted when there is more than fits. */
  overflow: AbortSignal;
  /** Given the count of the result, return all; throws when it is another, or when there were too many. */
  all(count: number | undefined): Content<K>[];
}

export function gatherTold<K extends Kind>(
  kind: K,
  { name }: Pick<Strategy, 'name'>,
  limit = mostBytes,
): Told<K> {
  const overflow = new AbortController();
  let told: Content<K>[] = [];
  let bytes = 0;

  return {
    overflow: overflow.signal,
    take: (given) => {
      if (!isKnown(given) || given.event !== kind || overflow.signal.aborted) return;
      const { event: _event, at: _at, ...content } = given;
      const one = content as unknown as Content<K>;
      bytes += JSON.stringify(one).length;
      if (bytes <= limit) return void told.push(one);
      told = [];
      overflow.abort();
    },
    all: (count) => {
      if (overflow.signal.aborted) throw wrong(name, kind, `more than ${limit} bytes of them were told`);
      if (count !== told.length)
        throw wrong(name, kind, `${count ?? 'none'} were counted and ${told.length} told`);
      return told;
    },
  };
}

function wrong(strategy: string, kind: Kind, what: string): HavenError {
  const hint = 'this is a fault of the image: its events are in runs/; build the images again';
  const message = `strategy ${strategy}'s events '${kind}' cannot be believed: ${what}`;
  return new HavenError({ code: 'failed', operation: `read events '${kind}'`, message, hint });
}
