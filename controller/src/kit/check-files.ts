// Is a copy of the kit complete, and is it the present one? It asks nothing but files.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { type Check, failed, ok, warn } from '../doctor/check.ts';
import { HavenError } from '../errors.ts';
import { configuredStrategies, sectionOf } from '../strategies/configured.ts';
import { kitFiles, type Strategy } from '../strategies/strategy.ts';
import { kitText } from './write-kit.ts';

const renew = '`haven kit export`, and put the new one into the drawer';

/** Given a folder, return what a look at its files found, a check a half; throws bad-request when it is no kit at all. */
export async function checkKitFiles(app: App, folder: string, named: string): Promise<Check[]> {
  const strategies = configuredStrategies(app.config);
  if (!strategies.some(({ name }) => existsSync(join(folder, name)))) {
    const message = `${named} is no recovery kit: it has no folder ${strategies.map(({ name }) => name).join(' or ')}`;
    throw new HavenError({
      code: 'bad-request',
      operation: 'check the kit',
      subject: named,
      message,
      hint: 'name what `haven kit export` wrote',
    });
  }
  const checks = [];
  for (const strategy of strategies) checks.push(await checkHalf(app, strategy, folder));
  if (!existsSync(join(folder, 'RECOVERY.md')))
    checks.push(failed('instructions', 'RECOVERY.md is missing', renew));
  return checks;
}

async function checkHalf(app: App, strategy: Strategy, folder: string): Promise<Check> {
  const name = `files of ${strategy.name}`;
  const [missing, outdated, programs]: string[][] = [[], [], []];
  for (const file of kitFiles(strategy)) {
    const found = await readFile(join(folder, strategy.name, file), 'utf8').catch(() => '');
    // An editor, or a person who types in a sheet, ends a file in a line's end or does not.
    const same = found.trimEnd() === (await kitText(app, strategy, file)).trimEnd();
    if (found.trim() === '') missing!.push(file);
    else if (!same) (strategy.kit.programs.includes(file) ? programs : outdated)!.push(file);
  }
  const { ownerKey } = strategy.kit;
  if (
    ownerKey?.isNeeded(sectionOf(app.config, strategy).settings) &&
    !existsSync(join(folder, strategy.name, ownerKey.files[0]))
  )
    missing!.push(ownerKey.files[0]);
  if (missing!.length > 0) return failed(name, `missing or empty: ${missing!.join(', ')}`, renew);
  if (outdated!.length > 0)
    return failed(name, `no longer what this server uses: ${outdated!.join(', ')}`, renew);
  if (programs!.length > 0)
    return warn(name, `of another version of Haven, which still restores: ${programs!.join(', ')}`, renew);
  return ok(name, `${kitFiles(strategy).length} files, all of them as they are on this server`);
}
