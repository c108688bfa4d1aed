// Of a strategy whose backups need a key that only a restore needs: is it in a kit, and away from here?
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { ownerKeyNote } from '../kit/write-kit.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { OwnerKey, Strategy } from '../strategies/strategy.ts';
import { type Check, ok, warn } from './check.ts';
import { checkSecret } from './file-checks.ts';

/** Given such a key, return what is to be said of it: nothing where it is neither needed nor here. */
export async function checkOwnerKey(
  app: App,
  strategy: Strategy,
  { files, isNeeded }: OwnerKey,
  fix: boolean,
): Promise<Check[]> {
  const secrets = app.home.secrets[strategy.name];
  const checks: Check[] = [];
  for (const file of files)
    if (existsSync(join(secrets, file))) checks.push(await checkSecret(app, strategy, file, fix));
  const [key] = files;
  const name = `secret key ${strategy.name}`;
  const kit = join(app.home.kit, strategy.name);
  const here = [secrets, kit].map((folder) => join(folder, key)).filter(existsSync);
  if (!existsSync(join(kit, ownerKeyNote))) {
    if (!isNeeded(sectionOf(app.config, strategy).settings)) return checks;
    const remedy = `write the secret key, armored, to ${join(secrets, key)}, then \`haven kit\``;
    checks.push(warn(name, 'backups are encrypted to public keys, and no kit holds the secret key', remedy));
  } else if (here.length > 0) {
    const remedy =
      'see that the kit off this server has it, then remove it here; a drill needs it back (docs/operate/encryption.md)';
    checks.push(
      warn(name, `lies on this server (${here.join(', ')}): whoever gets in reads every backup`, remedy),
    );
  } else checks.push(ok(name, 'the kit was made with it, and it is not on this server'));
  return checks;
}
