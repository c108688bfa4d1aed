// What a run's events look like while it runs: a bar on a terminal, lines in the log otherwise.
import { Presets, SingleBar } from 'cli-progress';
import type { Logger } from 'pino';
import { type ImageEvent, isKnown } from '../contract/events.ts';
import type { Verb } from '../contract/request.ts';
import { bytes } from './words.ts';

type OnEvent = (verb: Verb, event: ImageEvent) => void;

export function progressBar(stream: NodeJS.WriteStream): OnEvent {
  let bar: SingleBar | undefined;
  let shown = '';
  const end = (): void => {
    bar?.stop();
    bar = undefined;
    shown = '';
  };
  return (verb, event) => {
    if (!isKnown(event)) return;
    if (event.event === 'note' && event.level === 'warn') {
      end();
      stream.write(`${verb}: ${event.message}\n`);
    }
    // fetch and receive run side by side on one line of the terminal: the one that knows its total is shown.
    if (event.event === 'result' && shown.startsWith(`${verb} `)) end();
    if (event.event !== 'progress' || (event.total === null && bar !== undefined)) return;
    const title = `${verb} ${event.phase}`;
    if (title !== shown) {
      end();
      const format = `${title} [{bar}] {percentage}% {doneText}`;
      bar = new SingleBar({ format, stream, hideCursor: true, clearOnComplete: true }, Presets.legacy);
      bar.start(event.total ?? event.done, event.done, { doneText: '' });
      shown = title;
    }
    const doneText = event.unit === 'bytes' ? bytes(event.done) : `${event.done} ${event.unit}`;
    if (event.total !== null) bar?.setTotal(event.total);
    bar?.update(event.done, { doneText });
  };
}

/** Notes and parts as they come, progress once a minute: a run of two weeks must leave a log that can be read. */
export function eventLogger(log: Logger, nowMs: () => number): OnEvent {
  let progressAt = 0;
  return (verb, event) => {
    if (!isKnown(event) || event.event === 'started' || event.event === 'result') return;
    // Answers, told by whoever asked.
    if (event.event === 'backup' || event.event === 'planned') return;
    if (event.event === 'progress') {
      if (nowMs() - progressAt < 60_000) return;
      progressAt = nowMs();
    }
    // `level` is pino's own word.
    const { at: _at, event: kind, level, ...facts } = event;
    if (level === 'warn') log.warn({ verb, ...facts }, kind);
    else log.info({ verb, ...facts }, kind);
  };
}
