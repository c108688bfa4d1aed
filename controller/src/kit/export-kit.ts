// An export in every form that is wanted: the kit is written anew first, so that what goes into the drawer is what the next drill restores with.
import type { App } from '../app.ts';
import { exportFolder } from './export-folder.ts';
import { demandFree, type Place } from './export-place.ts';
import { exportSealed } from './export-sealed.ts';
import { exportSheet } from './export-sheet.ts';
import { type ExportForm, rememberExport } from './exported.ts';
import { writeKit } from './write-kit.ts';

export type Wanted =
  | { form: 'folder'; place: Place }
  | { form: 'sheet'; place: Place }
  | { form: 'encrypted file'; place: Place; passphrase: string };

export interface KitExported {
  form: ExportForm;
  target: string;
  /** Whether status and doctor are content with it. */
  counts: boolean;
  /** Of a folder: what is of the kit there, and what is not. */
  files: string[];
  others: string[];
  warnings: string[];
}

/** Given what is wanted, return what was written; throws before anything is written when something is in the way. */
export async function exportKit(app: App, wanted: Wanted[], force: boolean): Promise<KitExported[]> {
  for (const { form, place } of wanted)
    demandFree(place, { force, as: form === 'folder' ? 'folder' : 'file' });
  const kit = await writeKit(app);
  const all: KitExported[] = [];
  for (const one of wanted) {
    const { named, notCounted } = one.place;
    const written = { files: [], others: [], warnings: [], ...(await write(app, kit, one)) };
    const counts = notCounted === null;
    if (!counts) written.warnings.push(`${notCounted}: this does not count as an export`);
    all.push({ form: one.form, target: named, counts, ...written });
  }
  const counted = all.find(({ counts }) => counts);
  if (counted !== undefined) await rememberExport(app, counted.form);
  return all;
}

async function write(
  app: App,
  kit: string,
  wanted: Wanted,
): Promise<Partial<Pick<KitExported, 'files' | 'others' | 'warnings'>>> {
  const { path } = wanted.place;
  if (wanted.form === 'folder') return await exportFolder(kit, path);
  if (wanted.form === 'sheet') await exportSheet(app, kit, path);
  else await exportSealed(kit, path, wanted.passphrase);
  return {};
}
