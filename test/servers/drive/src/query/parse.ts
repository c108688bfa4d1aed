/**
 * The grammar of `q`, by recursive descent. Whatever is not known is an error: a server that lets unknown terms match
 * everything hides exactly the mistakes that tests are for.
 *
 *   expression := factor (('and' | 'or') factor)*      left to right, neither binds stronger
 *   factor     := 'not' factor | '(' expression ')' | term
 *   term       := field operator value | 'id' in collection | properties has { key='k' and value='v' }
 */
import { QueryError, type Token, tokenize } from './tokenize.ts';

export type Query =
  | { kind: 'and' | 'or'; left: Query; right: Query }
  | { kind: 'not'; query: Query }
  | { kind: 'compare'; field: string; operator: string; value: string | boolean }
  | { kind: 'in'; collection: string; value: string }
  | { kind: 'has'; collection: string; key: string; value: string };

const STRING_OPERATORS = ['contains', '=', '!='];
const DATE_OPERATORS = ['<=', '<', '=', '!=', '>', '>='];
const BOOLEAN_OPERATORS = ['=', '!='];
const OPERATORS: Record<string, readonly string[]> = {
  name: STRING_OPERATORS,
  mimeType: STRING_OPERATORS,
  modifiedTime: DATE_OPERATORS,
  createdTime: DATE_OPERATORS,
  trashed: BOOLEAN_OPERATORS,
  starred: BOOLEAN_OPERATORS,
  sharedWithMe: BOOLEAN_OPERATORS,
};
const IN_COLLECTIONS = ['parents', 'owners', 'writers', 'readers'];
const HAS_COLLECTIONS = ['properties', 'appProperties'];

/** Given a `q` expression, return its tree; throws QueryError saying what was not understood. */
export function parseQuery(text: string): Query {
  const tokens = tokenize(text);
  let position = 0;

  function next(): Token {
    const token = tokens[position];
    if (!token) {
      throw new QueryError('unexpected end');
    }
    position += 1;
    return token;
  }

  function accept(text: string): boolean {
    const token = tokens[position];
    if (!token || token.kind === 'string' || token.text !== text) {
      return false;
    }
    position += 1;
    return true;
  }

  function expect(text: string): void {
    if (!accept(text)) {
      throw new QueryError(`expected ${text} before ${tokens[position]?.text ?? 'the end'}`);
    }
  }

  function string(): string {
    const token = next();
    if (token.kind !== 'string') {
      throw new QueryError(`expected a quoted string, found ${token.text}`);
    }
    return token.text;
  }

  function expression(): Query {
    let left = factor();
    for (;;) {
      if (accept('and')) {
        left = { kind: 'and', left, right: factor() };
      } else if (accept('or')) {
        left = { kind: 'or', left, right: factor() };
      } else {
        return left;
      }
    }
  }

  function factor(): Query {
    if (accept('not')) {
      return { kind: 'not', query: factor() };
    }
    if (accept('(')) {
      const inner = expression();
      expect(')');
      return inner;
    }
    return term();
  }

  function term(): Query {
    const token = next();
    if (token.kind === 'string') {
      expect('in');
      return { kind: 'in', collection: collection(next(), IN_COLLECTIONS), value: token.text };
    }
    if (HAS_COLLECTIONS.includes(token.text)) {
      return has(token.text);
    }
    return compare(token.text);
  }

  function collection(token: Token, known: readonly string[]): string {
    if (token.kind !== 'word' || !known.includes(token.text)) {
      throw new QueryError(`unknown collection ${token.text}`);
    }
    return token.text;
  }

  function has(name: string): Query {
    expect('has');
    expect('{');
    expect('key');
    expect('=');
    const key = string();
    expect('and');
    expect('value');
    expect('=');
    const value = string();
    expect('}');
    return { kind: 'has', collection: name, key, value };
  }

  function compare(field: string): Query {
    const operators = OPERATORS[field];
    if (!operators) {
      throw new QueryError(`unknown term ${field}`);
    }
    const operator = next().text;
    if (!operators.includes(operator)) {
      throw new QueryError(`${field} does not take ${operator}`);
    }
    return { kind: 'compare', field, operator, value: value(field, operators) };
  }

  function value(field: string, operators: readonly string[]): string | boolean {
    if (operators === BOOLEAN_OPERATORS) {
      const token = next();
      if (token.kind !== 'word' || (token.text !== 'true' && token.text !== 'false')) {
        throw new QueryError(`${field} is true or false, not ${token.text}`);
      }
      return token.text === 'true';
    }
    const text = string();
    if (operators === DATE_OPERATORS && Number.isNaN(Date.parse(text))) {
      throw new QueryError(`${text} is no date`);
    }
    return text;
  }

  const query = expression();
  if (position < tokens.length) {
    throw new QueryError(`unexpected ${tokens[position]!.text}`);
  }
  return query;
}
