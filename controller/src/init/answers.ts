// Answers from a file, for whoever sets up servers by program: the same questions as at the terminal, each by its key.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { HavenError } from '../errors.ts';
import { type Ask, keys, Refused } from './question.ts';

const operation = 'read the answers';
const hint = '`haven init --help` lists the keys; docs/operate/init.md shows a file';

/** Given YAML or JSON, nested or with dots, return an Ask; throws bad-request for a key that no question has. */
export function answersAsk(text: string, source: string): Ask {
  const answers = new Map(flat(asMap(text, source), ''));
  const unknown = [...answers.keys()].filter((key) => !isKnown(key));
  if (unknown.length > 0) throw wrong(source, `no question has the key ${unknown.join(', ')}`);
  return async ({ key, read, hidden = false, present }) => {
    const answer = answers.get(key) ?? (hidden ? fromFile(answers.get(`${key}File`), source) : undefined);
    if (answer === undefined) {
      if (present !== undefined) return present.value;
      throw wrong(source, `there is no answer to ${key} (${keys[key] ?? keys['ids.DATASET']})`);
    }
    try {
      return read(answer.trim());
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      throw wrong(source, `${key}: ${thrown.message}`);
    }
  };
}

function isKnown(key: string): boolean {
  return key in keys || key.startsWith('ids.') || key === 'a.passwordFile' || key === 'b.clientSecretFile';
}

function asMap(text: string, source: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    // The parser's own words repeat a line of the file, which may be a password.
    throw wrong(source, 'it is neither YAML nor JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw wrong(source, 'it is no list of `key: answer`');
}

function flat(value: Record<string, unknown>, before: string): [string, string][] {
  return Object.entries(value).flatMap(([name, inner]): [string, string][] => {
    const key = before + name;
    if (Array.isArray(inner)) return [[key, inner.join(', ')]];
    if (typeof inner === 'object' && inner !== null) return flat(inner as Record<string, unknown>, `${key}.`);
    return [[key, String(inner ?? '')]];
  });
}

function fromFile(path: string | undefined, source: string): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8').replace(/\n$/, '');
  } catch (cause) {
    throw wrong(source, `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`);
  }
}

function wrong(source: string, message: string): HavenError {
  return new HavenError({
    code: 'bad-request',
    operation,
    subject: source,
    message: `${source}: ${message}`,
    hint,
  });
}
