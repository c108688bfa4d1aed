import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { App } from '../app.ts';
import { configuredStrategies } from '../strategies/configured.ts';
import { sync, writeDurably, writingFailed } from './export-folder.ts';
import { type SheetFile, sheetPage } from './sheet/page.ts';

/** Given the kit's folder and a file, write the page to be printed; it is on the disk when this returns. */
export async function exportSheet(app: App, kit: string, to: string): Promise<void> {
  const files: SheetFile[] = [];
  for (const strategy of configuredStrategies(app.config)) {
    for (const name of (await readdir(join(kit, strategy.name))).toSorted())
      files.push({
        name: `${strategy.name}/${name}`,
        kind: strategy.kit.programs.includes(name) ? 'program' : 'secret',
        bytes: await readFile(join(kit, strategy.name, name)),
      });
  }
  const instructions = await readFile(join(kit, 'RECOVERY.md'), 'utf8');
  const page = sheetPage({ title: app.config.name, at: app.now(), instructions, files });
  try {
    await writeDurably(to, Buffer.from(page));
    await sync(dirname(to));
  } catch (cause) {
    throw writingFailed(to, cause);
  }
}
