import { readFileSync } from 'node:fs';
import { HavenError } from '../errors.ts';
import { configError, parseConfig } from './parse.ts';
import type { Config } from './schema.ts';

/** Given a path, return the configuration in it; throws bad-request with all that is wrong, or with the next step when there is no file. */
export function loadConfig(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new HavenError(
      {
        code: 'bad-request',
        operation: 'read the configuration',
        subject: path,
        message: missing ? `${path} does not exist` : `${path} cannot be read: ${(cause as Error).message}`,
        hint: missing
          ? 'run `haven init`, which asks and writes it; or copy haven.example.yaml (in the same folder, or in the repository) to that place and change its datasets'
          : 'check its owner and mode',
      },
      { cause },
    );
  }
  const parsed = parseConfig(text);
  if (!parsed.ok) throw configError(path, parsed.problems);
  return parsed.config;
}
