// What comes back from the browser, by itself or pasted: a code that belongs to the sign-in that we began, or why it does not.

export type Returned = { code: string } | { refused: 'denied' | 'other-sign-in' | 'nothing'; error?: string };

/** Given the query of a redirect, return its code. `state` must be ours: anybody can make a browser call this address. */
export function fromQuery(query: URLSearchParams, state: string): Returned {
  if (query.get('state') !== state) return { refused: query.has('state') ? 'other-sign-in' : 'nothing' };
  const error = query.get('error');
  if (error !== null) return { refused: 'denied', error };
  const code = query.get('code');
  return code ? { code } : { refused: 'nothing' };
}

/** Given a line that the owner pasted, a whole address or the code alone, return its code. */
export function fromPasted(line: string, state: string): Returned {
  const text = line.trim();
  if (/^https?:\/\//.test(text)) {
    const url = URL.parse(text);
    return url === null ? { refused: 'nothing' } : fromQuery(url.searchParams, state);
  }
  return /^[\w/.~%-]{8,512}$/.test(text) ? { code: decoded(text) } : { refused: 'nothing' };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
