// Reads what an image writes: events from stdout, words for people from stderr, both kept in the run's folder as they come.
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageEvent, isKnown, type Result, readEvent } from '../contract/events.ts';
import { cutLines } from './lines.ts';

/** A result tells of each source: a server with a dataset for each of its containers has hundreds. */
const longestEvent = 1024 * 1024;
const longestWord = 8 * 1024;

export interface Read {
  results: Result[];
  resultWasLast: boolean;
  garbage: string[];
  events: number;
}

export interface OutputReader {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
  finish(): Read;
}

/** Given the run's folder (or null: keep nothing), return a reader that hands each event on as soon as it is whole. */
export function outputReader(
  folder: string | null,
  verb: string,
  onEvent: (event: ImageEvent) => void,
): OutputReader {
  const open = (name: string) => (folder === null ? null : openSync(join(folder, name), 'a', 0o600));
  const eventsFile = open('events.jsonl');
  const logFile = open('log.txt');
  const read: Read = { results: [], resultWasLast: false, garbage: [], events: 0 };
  const garble = (reason: string): void => {
    if (read.garbage.length < 20) read.garbage.push(reason);
    read.resultWasLast = false;
  };
  const keep = (file: number | null, line: string): void => {
    if (file !== null) writeSync(file, `${line}\n`);
  };
  const stdout = cutLines(longestEvent, (line, whole) => {
    if (!whole) return garble('a line longer than 1 MiB');
    const parsed = readEvent(line);
    if (!parsed.ok) {
      keep(logFile, `[${verb} stdout, ${parsed.reason}] ${line}`);
      return garble(parsed.reason);
    }
    keep(eventsFile, line);
    read.events += 1;
    const { event } = parsed;
    const isResult = isKnown(event) && event.event === 'result';
    if (isResult) read.results.push(event);
    read.resultWasLast = isResult;
    onEvent(event);
  });
  const stderr = cutLines(longestWord, (line) => keep(logFile, `[${verb}] ${line}`));
  return {
    stdout: (chunk) => stdout.push(chunk),
    stderr: (chunk) => stderr.push(chunk),
    finish() {
      stdout.end();
      stderr.end();
      for (const file of [eventsFile, logFile]) if (file !== null) closeSync(file);
      return read;
    },
  };
}
