// What is there already: a wizard that is run again offers it, and changes nothing that it was not told to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type PartialSignIn, readSignIn } from '../auth/sign-in-file.ts';
import { configError, parseConfig } from '../config/parse.ts';
import type { Config } from '../config/schema.ts';
import { type StrategyName, strategyNames } from '../contract/request.ts';
import { HavenError } from '../errors.ts';
import type { Home } from '../home.ts';

export interface SwiftLogin {
  user: string;
  password: string;
}

export interface Present {
  /** Of haven.yaml, with its comments. */
  text: string | undefined;
  config: Config | undefined;
  passphrases: Record<StrategyName, boolean>;
  swift: PartialLogin;
  google: PartialSignIn;
}

const Swift = z.object({ user: z.string(), password: z.string() }).partial();
export type PartialLogin = z.infer<typeof Swift>;

/** Throws bad-request when there is a haven.yaml that has a mistake: to guess what it means would be to overwrite it. */
export function readPresent(home: Home): Present {
  const text = contentOf(home.config);
  const parsed = text === undefined ? undefined : parseConfig(text);
  if (parsed?.ok === false) throw mendFirst(configError(home.config, parsed.problems));
  const swift = contentOf(join(home.secrets.a, 'swift.json'));
  return {
    text,
    config: parsed?.config,
    passphrases: {
      a: hasPassphrase(home, 'a'),
      b: hasPassphrase(home, 'b'),
    },
    swift: swift === undefined ? {} : (Swift.safeParse(asJson(swift)).data ?? {}),
    google: readSignIn(join(home.secrets.b, 'google-oauth.json')) ?? {},
  };
}

export function strategiesOf(config: Config | undefined): StrategyName[] {
  return strategyNames.filter((name) => config?.strategies[name] !== undefined);
}

function hasPassphrase(home: Home, name: StrategyName): boolean {
  return (contentOf(join(home.secrets[name], 'passphrase'))?.trim() ?? '') !== '';
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const message = `${path} cannot be read (${code})`;
    throw new HavenError({ code: 'bad-request', operation: 'look at what is there', message }, { cause });
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function mendFirst(error: HavenError): HavenError {
  const hint = 'mend it, or move it away, then run `haven init` again';
  return new HavenError({ ...error.report, hint }, { cause: error });
}
