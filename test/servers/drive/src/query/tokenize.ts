/** The words of a `q` expression. */
export type Token =
  | { kind: 'word'; text: string }
  | { kind: 'string'; text: string }
  | { kind: 'symbol'; text: string };

export class QueryError extends Error {}

const SYMBOLS = ['<=', '>=', '!=', '=', '<', '>', '(', ')', '{', '}'];

/** Given a `q` expression, return its tokens; throws QueryError for a string without end or a character without meaning. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    const rest = text.slice(position);
    const space = /^\s+/.exec(rest);
    const word = /^[A-Za-z][A-Za-z0-9_.]*/.exec(rest);
    const symbol = SYMBOLS.find((candidate) => rest.startsWith(candidate));
    if (space) {
      position += space[0].length;
    } else if (word) {
      tokens.push({ kind: 'word', text: word[0] });
      position += word[0].length;
    } else if (symbol) {
      tokens.push({ kind: 'symbol', text: symbol });
      position += symbol.length;
    } else if (rest.startsWith("'")) {
      const { value, length } = readString(rest);
      tokens.push({ kind: 'string', text: value });
      position += length;
    } else {
      throw new QueryError(`unexpected ${rest[0]} at ${position}`);
    }
  }
  return tokens;
}

function readString(text: string): { value: string; length: number } {
  let value = '';
  for (let i = 1; i < text.length; i++) {
    if (text[i] === "'") {
      return { value, length: i + 1 };
    }
    if (text[i] === '\\') {
      i += 1;
      if (text[i] !== "'" && text[i] !== '\\') {
        throw new QueryError(`unknown escape \\${text[i] ?? ''}`);
      }
    }
    value += text[i];
  }
  throw new QueryError('string without end');
}
