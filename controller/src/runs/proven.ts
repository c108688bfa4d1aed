// What passed a full drill, from the history: only near such proof may anything be deleted, and what was proven long ago is drilled next.
import * as z from 'zod';
import type { History } from '../history/history.ts';
import type { Strategy } from '../strategies/strategy.ts';

/** What counts in a drill's record. What looks otherwise proves nothing. */
const Drilled = z.object({
  sources: z.array(
    z.object({
      pass: z.boolean(),
      evidence: z.object({
        source: z.string().optional(),
        startedAt: z.iso.datetime().optional(),
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
type Evidence = z.infer<typeof Drilled>['sources'][number]['evidence'];

type Whose = Pick<Strategy, 'name'>;

/** Given the history, return the ids of all backups that were fetched, received, compared and judged green. */
export function provenBackups(history: History, strategy: Whose): string[] {
  const proven = new Set<string>();
  for (const { backup } of greenDrills(history, strategy))
    if (backup.value !== undefined) proven.add(backup.value.id);
  return [...proven].sort();
}

/** Given the history, return when the newest green full drill of each dataset began, of those since then. */
export function provenSources(history: History, strategy: Whose, since?: Date): Map<string, Date> {
  const proven = new Map<string, Date>();
  for (const { source, startedAt } of greenDrills(history, strategy, since)) {
    if (source === undefined || startedAt === undefined) continue;
    const at = new Date(startedAt);
    if (at > (proven.get(source) ?? new Date(0))) proven.set(source, at);
  }
  return proven;
}

function* greenDrills(history: History, { name }: Whose, since = new Date(0)): Generator<Evidence> {
  for (const { result, ended } of history.runs({ kind: 'drill', strategy: name, since, limit: 10_000 })) {
    const drilled = Drilled.safeParse(result);
    if (!drilled.success || ended === null) continue;
    for (const { pass, evidence } of drilled.data.sources) {
      const { backup, fetched, compared } = evidence;
      const last = evidence.received ?? evidence.sealed;
      const full = fetched.ok && last?.ok === true && compared.ok;
      if (pass && full && backup.ok && backup.value !== undefined) yield evidence;
    }
  }
}
