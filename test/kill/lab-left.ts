// What a killed run left in its state volume: the journal, read here, and the names in the spool.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { execa } from 'execa';

export interface Left {
  /** Of each backup in flight the parts that it has made: number and MD5 of what is to be stored. */
  made: Map<string, Map<number, string>>;
  spool: string[];
}

/** Given how to run the step that tars it, return what is in it. */
export async function readLeft(step: (args: string[]) => Promise<Uint8Array>): Promise<Left> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-kill-'));
  try {
    await execa('tar', ['-x', '-C', folder], { input: await step(['left']) });
    const spool = readFileSync(join(folder, 'spool'), 'utf8').split('\n').filter(Boolean);
    return { spool, made: readJournal(join(folder, 'journal.sqlite')) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readJournal(path: string): Left['made'] {
  if (!existsSync(path)) return new Map(); // no run yet
  // Not read-only: a transaction that was cut is rolled back, as the next run will do.
  const database = new DatabaseSync(path);
  try {
    const backups = database
      .prepare('SELECT id FROM backup')
      .all()
      .map(({ id }) => String(id));
    const parts = database.prepare('SELECT n, made FROM file WHERE backup = ? AND n >= 0');
    return new Map(
      backups.map((id) => [
        id,
        new Map(
          parts.all(id).map(({ n, made }) => [Number(n), JSON.parse(String(made)).stored.md5 as string]),
        ),
      ]),
    );
  } finally {
    database.close();
  }
}

/** Parts that a killed run had begun or made, and that are stored as something else now: encrypted twice they differ. */
export function madeTwice({ made, spool }: Left, md5Of: ReadonlyMap<string, string | undefined>): number {
  const lost = [...made].flatMap(([backup, parts]) =>
    [...parts].filter(([n, md5]) => md5Of.get(partName(backup, n)) !== md5),
  );
  const journalled = new Set(
    [...made].flatMap(([backup, parts]) => [...parts.keys()].map((n) => partName(backup, n))),
  );
  const begun = spool.filter((name) => !name.endsWith('-manifest') && !journalled.has(name));
  return lost.length + begun.length;
}

export const partName = (backup: string, n: number) => `h1-${backup}-${String(n).padStart(6, '0')}`;
