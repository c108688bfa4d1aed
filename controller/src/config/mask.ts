// `haven config show` prints the configuration; a secret that somebody pasted into it must not be printed with it.
const telling = /pass(word|phrase)|secret|token|credential|private|apikey|api_key/i;
const harmless = /^(tokenUrl)$/;

/** Given any value, return it with every text under a telling name replaced. */
export function maskSecrets(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, name));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, maskSecrets(inner, key)]));
  }
  if (telling.test(name) && !harmless.test(name)) return '***';
  if (typeof value === 'string' && value.includes('PRIVATE KEY')) return '***';
  return value;
}
