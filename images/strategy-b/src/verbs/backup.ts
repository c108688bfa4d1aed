// `backup`: each source in turn. One that fails does not keep the others from being tried, and is never hidden by them.

import { join } from 'node:path';
import type { Context } from '../context.ts';
import { HavenError, reportError } from '../contract/errors.ts';
import type { Backup, Result, SourceOutcome } from '../contract/events.ts';
import type { BackupRequest, Source } from '../contract/request.ts';
import { ensureFolder, readCatalogue } from '../drive/catalogue.ts';
import { toHavenError } from '../drive/errors.ts';
import { loadManifests } from '../manifest/load-manifests.ts';
import { withUnlisted } from '../manifest/unlisted.ts';
import { backupSource, type Ground } from '../pipeline/backup-source.ts';
import { readRecipients } from '../pipeline/recipients.ts';
import { imageVersion, toolVersions } from '../process/tool-versions.ts';
import { createSpool } from '../spool/spool.ts';
import { type Journal, openJournal } from '../state/journal.ts';

export async function backup(request: BackupRequest, context: Context): Promise<Result> {
  const { surroundings, events } = context;
  const journal = openJournal(surroundings.paths.state, () =>
    events.note('warn', 'journal-damaged', 'the journal could not be read: a backup in flight begins anew'),
  );
  try {
    return await backUpAll(request, journal, context);
  } finally {
    journal.close();
  }
}

async function backUpAll(request: BackupRequest, journal: Journal, context: Context): Promise<Result> {
  const backups: Backup[] = [];
  const outcomes: SourceOutcome[] = [];
  let ground: Ground | undefined;
  for (const source of request.sources) {
    try {
      ground ??= await prepare(journal, context);
      const onCommit = (committed: Backup) => void backups.push(committed);
      const made = await backupSource({ source, kind: request.kind, onCommit }, ground, context);
      outcomes.push({ id: source.id, outcome: 'ok', backup: made.id });
    } catch (thrown) {
      outcomes.push(failure(source, thrown, context));
    }
  }
  return { ...verdict(outcomes), backups, sources: outcomes };
}

/** What all sources share: asked of the store once. What the state volume knew of backups is only a cache of it. */
async function prepare(journal: Journal, context: Context): Promise<Ground> {
  const { store, settings, surroundings, memory, events } = context;
  const recipients = await readRecipients(settings.publicKeys, context.tools());
  const spool = createSpool(join(surroundings.paths.state, 'spool'));
  spool.keepOnly(journal.spooled());
  const listed = await readCatalogue(store, settings.set, true);
  const catalogue = await withUnlisted(listed, memory.known(), store);
  const { readable, unreadable } = await loadManifests(
    catalogue.manifests.filter(({ trashed }) => !trashed),
    context,
  );
  for (const { error } of unreadable) events.note('warn', 'unreadable-manifest', error.message);
  return {
    ...{ spool, journal, catalogue, recipients },
    manifests: readable.map(({ manifest }) => manifest),
    committed: new Set([
      ...catalogue.manifests.map(({ properties }) => properties.backup!),
      ...memory.known().map((known) => known.backup),
    ]),
    folder: await ensureFolder(store, settings.set),
    writer: { haven: imageVersion(), ...(await toolVersions(surroundings.toolPath)) },
  };
}

function failure(source: Source, thrown: unknown, context: Context): SourceOutcome {
  const stopped = context.surroundings.stop.aborted;
  const error = stopped
    ? reportError(
        new HavenError('interrupted', 'stopped by SIGTERM', { operation: 'backup', subject: source.id }),
        'backup',
      )
    : reportError(toHavenError(thrown, 'backup', source.id), 'backup');
  context.log.error({ source: source.id, ...error }, 'a source was not backed up');
  return { id: source.id, outcome: stopped ? 'interrupted' : 'failed', error };
}

/** All: ok. None: the first one's error. Some: partial. Stopped: interrupted, whatever was done before. */
function verdict(outcomes: SourceOutcome[]): Pick<Result, 'outcome' | 'error'> {
  const bad = outcomes.filter(({ outcome }) => outcome !== 'ok');
  const first = bad[0]?.error;
  if (first === undefined) return { outcome: 'ok' };
  const stop = bad.find(({ outcome }) => outcome === 'interrupted');
  if (stop?.error !== undefined) return { outcome: 'interrupted', error: stop.error };
  if (bad.length === outcomes.length) return { outcome: 'failed', error: first };
  const failed = bad.map(({ id }) => id).join(', ');
  const error = {
    code: 'partial' as const,
    operation: 'backup',
    subject: failed,
    message: `${bad.length} of ${outcomes.length} sources failed; the first: ${first.message}`,
    hint: first.hint ?? 'see sources[] for each one’s error',
  };
  return { outcome: 'partial', error };
}
