// Which backups passed a full drill, from the history: only near such proof may anything be deleted.
import * as z from 'zod';
import type { History } from '../history/history.ts';

/** What counts in a drill's record. What looks otherwise proves nothing. */
const Drilled = z.object({
  sources: z.array(
    z.object({
      pass: z.boolean(),
      evidence: z.object({
        backup: z.object({ ok: z.boolean(), value: z.object({ id: z.string() }).optional() }),
        fetched: z.object({ ok: z.boolean() }),
        received: z.object({ ok: z.boolean() }),
        compared: z.object({ ok: z.boolean() }),
      }),
    }),
  ),
});

/** Given the history, return the ids of all backups that were fetched, received, compared and judged green. */
export function provenBackups(history: History): string[] {
  const proven = new Set<string>();
  for (const { result, ended } of history.runs({ kind: 'drill', strategy: 'b', limit: 10_000 })) {
    const drilled = Drilled.safeParse(result);
    if (!drilled.success || ended === null) continue;
    for (const { pass, evidence } of drilled.data.sources) {
      const { backup, fetched, received, compared } = evidence;
      const full = fetched.ok && received.ok && compared.ok;
      if (pass && full && backup.ok && backup.value !== undefined) proven.add(backup.value.id);
    }
  }
  return [...proven].sort();
}
