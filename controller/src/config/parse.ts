// Text of haven.yaml to a Config, or every problem at once, each with its path and line.
import { isNode, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { HavenError } from '../errors.ts';
import { Config } from './schema.ts';

export interface Problem {
  path: string;
  line: number | null;
  message: string;
}

export type Parsed = { ok: true; config: Config } | { ok: false; problems: Problem[] };

export function parseConfig(text: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      return { path: '', line: lines.linePos(error.pos[0]).line, message: error.message };
    });
    return { ok: false, problems };
  }
  const lineOf = (path: PropertyKey[]): number | null => {
    // A missing field has no line of its own: the nearest parent's is the next best.
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return null;
  };
  const parsed = Config.safeParse(document.toJS() ?? {});
  if (parsed.success) return { ok: true, config: parsed.data };
  return { ok: false, problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, lineOf)) };
}

function problemsOf(issue: z.core.$ZodIssue, lineOf: (path: PropertyKey[]) => number | null): Problem[] {
  const problem = (path: PropertyKey[], message: string): Problem => {
    return { path: path.map(String).join('.'), line: lineOf(path), message };
  };
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => problem([...issue.path, key], 'unknown field; is it misspelt?'));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) => problem(issue.path, `not a valid name: ${inner.message}`));
  }
  if (issue.code === 'invalid_type' && issue.message.includes('received undefined')) {
    return [problem(issue.path, `missing: ${issue.expected} expected`)];
  }
  return [problem(issue.path, issue.message)];
}

/** Given the problems of a file, return the error that names them all. */
export function configError(file: string, problems: Problem[]): HavenError {
  const list = problems.map(({ path, line, message }) => {
    return `  ${path === '' ? '(file)' : path}${line === null ? '' : ` (line ${line})`}: ${message}`;
  });
  return new HavenError({
    code: 'bad-request',
    operation: 'read the configuration',
    subject: file,
    message: `${file} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${list.join('\n')}`,
    hint: 'haven.example.yaml shows every field; `haven config validate` checks again',
  });
}
