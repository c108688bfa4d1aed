// When the kit was last exported, and with which secrets: kit-exported.json in HAVEN_HOME. It holds digests under a salt of its own and no secret, so that status and
// doctor can say that what lies in the drawer is older than a secret.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, rename, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import type { App } from '../app.ts';
import { ago } from '../cli/words.ts';
import { type StrategyName, strategyNames } from '../contract/request.ts';
import { configuredStrategies } from '../strategies/configured.ts';
import { kitFiles, type Strategy } from '../strategies/strategy.ts';
import { kitText } from './write-kit.ts';

export const exportForms = ['folder', 'encrypted file', 'sheet'] as const;
export type ExportForm = (typeof exportForms)[number];

const Exported = z.object({
  at: z.iso.datetime(),
  form: z.enum(exportForms),
  salt: z.string().regex(/^[0-9a-f]{64}$/),
  halves: z.partialRecord(z.enum(strategyNames), z.string()),
});
type Exported = z.infer<typeof Exported>;

export interface KitExport {
  state: 'current' | 'outdated' | 'never';
  at: string | null;
  form: ExportForm | null;
  /** Strategies whose half was never exported as it is now. */
  outdated: StrategyName[];
}

/** Remembers that the kit as it is now was written to where it counts. */
export async function rememberExport(app: App, form: ExportForm): Promise<void> {
  const salt = app.randomHex(32);
  const halves: Exported['halves'] = {};
  for (const strategy of configuredStrategies(app.config))
    halves[strategy.name] = await digestOf(app, strategy, salt);
  const next = `${app.home.kitExported}.next`;
  const exported: Exported = { at: app.now().toISOString(), form, salt, halves };
  await writeFile(next, `${JSON.stringify(exported, null, 2)}\n`, { mode: 0o600 });
  await chmod(next, 0o600);
  await rename(next, app.home.kitExported);
}

/** Given an app, return whether the last export holds the present secrets. */
export async function lookAtExport(app: App): Promise<KitExport> {
  const strategies = configuredStrategies(app.config);
  const exported = readExported(app.home.kitExported);
  if (exported === null)
    return { state: 'never', at: null, form: null, outdated: strategies.map(({ name }) => name) };
  const outdated: StrategyName[] = [];
  for (const strategy of strategies) {
    // A secret that is missing was changed too: doctor says what to do about that.
    const digest = await digestOf(app, strategy, exported.salt).catch(() => null);
    if (digest === null || digest !== exported.halves[strategy.name]) outdated.push(strategy.name);
  }
  const state = outdated.length === 0 ? 'current' : 'outdated';
  return { state, at: exported.at, form: exported.form, outdated };
}

/** Given what is known of the last export, return what the owner must hear; null when there is nothing to be said. */
export function kitNag({ state, at, outdated }: KitExport, now: Date): string | null {
  if (state === 'current') return null;
  if (state === 'never')
    return 'THE RECOVERY KIT WAS NEVER EXPORTED. If this server is lost, so is the way to its backups: `haven kit export`.';
  const whose = outdated.length === 1 ? `strategy ${outdated[0]}` : `strategies ${outdated.join(' and ')}`;
  return `THE RECOVERY KIT IS OUT OF DATE: secrets of ${whose} changed since its last export, ${ago(new Date(at!), now)}: \`haven kit export\`.`;
}

function readExported(path: string): Exported | null {
  try {
    const read = Exported.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return read.success ? read.data : null;
  } catch {
    // Missing or unreadable: then nobody knows of any export, which is what must be said.
    return null;
  }
}

/** Of what a restore cannot do without: the secrets and where the store is. A newer restore program makes no kit useless. */
async function digestOf(app: App, strategy: Strategy, salt: string): Promise<string> {
  const hmac = createHmac('sha256', Buffer.from(salt, 'hex'));
  for (const name of kitFiles(strategy).filter((file) => !strategy.kit.programs.includes(file))) {
    const text = await kitText(app, strategy, name);
    hmac.update(`${name}\0${Buffer.byteLength(text)}\0${text}`);
  }
  return hmac.digest('hex');
}
