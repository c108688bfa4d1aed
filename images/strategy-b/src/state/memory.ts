// Which backups were seen to exist. A store that shows fewer was rolled back, emptied, or is another one: `audit` then says so.
// It is a cache: without it nothing is lost but this one question.
import { join } from 'node:path';
import * as z from 'zod';
import { cacheJsonFile, readJsonFile, writeJsonFile } from './json-file.ts';

const Known = z.object({ backup: z.string(), file: z.string() });
export type Known = z.infer<typeof Known>;

export interface Memory {
  known(): Known[];
  remember(...backups: Known[]): void;
  /** A backup that is about to be deleted on purpose: its absence is no finding. */
  forget(backup: string): void;
}

/** Given the state folder and the set's name, return what is remembered of that set. */
export function openMemory(stateFolder: string, set: string): Memory {
  const path = join(stateFolder, 'known', `${set}.json`);
  function known(): Known[] {
    const parsed = z.array(Known).safeParse(readJsonFile(path));
    return parsed.success ? parsed.data : [];
  }
  return {
    known,
    remember: (...backups) => {
      const all = new Map([...known(), ...backups].map((entry) => [entry.backup, entry]));
      if (all.size > known().length) cacheJsonFile(path, [...all.values()]);
    },
    forget: (backup) => {
      const rest = known().filter((entry) => entry.backup !== backup);
      // Not as a cache: who cannot write this down must not delete.
      if (rest.length < known().length) writeJsonFile(path, rest);
    },
  };
}
