// Which backups passed a full drill, from the history: only near such proof may anything be deleted.
import * as z from 'zod';
import type { History } from '../history/history.ts';
import type { Strategy } from '../strategies/strategy.ts';

/** What counts in a drill's record. What looks otherwise proves nothing. */
const Drilled = z.object({
  sources: z.array(
    z.object({
      pass: z.boolean(),
      evidence: z.object({
        backup: z.object({ ok: z.boolean(), value: z.object({ id: z.string() }).optional() }),
        fetched: z.object({ ok: z.boolean() }),
        /** The last step of a restore, by how the strategy reads. */
        received: z.object({ ok: z.boolean() }).optional(),
        sealed: z.object({ ok: z.boolean() }).optional(),
        compared: z.object({ ok: z.boolean() }),
      }),
    }),
  ),
});

/** Given the history, return the ids of all backups that were fetched, received, compared and judged green. */
export function provenBackups(history: History, strategy: Pick<Strategy, 'name'>): string[] {
  const proven = new Set<string>();
  for (const { result, ended } of history.runs({ kind: 'drill', strategy: strategy.name, limit: 10_000 })) {
    const drilled = Drilled.safeParse(result);
    if (!drilled.success || ended === null) continue;
    for (const { pass, evidence } of drilled.data.sources) {
      const { backup, fetched, compared } = evidence;
      const last = evidence.received ?? evidence.sealed;
      const full = fetched.ok && last?.ok === true && compared.ok;
      if (pass && full && backup.ok && backup.value !== undefined) proven.add(backup.value.id);
    }
  }
  return [...proven].sort();
}
