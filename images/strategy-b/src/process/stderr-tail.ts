// The end of what a tool said on stderr, without any name of a dataset or snapshot.

export type Scrub = (text: string) => string;

const keep = 32 * 1024;
const show = 600;

/** Given the names that must not be told, return what removes them: each of them, and whatever a tool puts in quotes, since `zfs` quotes every name that it tells. */
export function createScrub(names: string[]): Scrub {
  const longestFirst = names.filter((name) => name !== '').sort((a, b) => b.length - a.length);
  return (text) => {
    const named = longestFirst.reduce((rest, name) => rest.replaceAll(name, '…'), text);
    return named.replace(/'[^'\n]*'|"[^"\n]*"/g, "'…'").replace(/(^|\s)\/(?!dev\/zfs)\S+/g, '$1…');
  };
}

export function createTail(scrub: Scrub): { take(chunk: Buffer): void; text(): string } {
  let kept = Buffer.alloc(0);
  return {
    take: (chunk) => {
      kept = Buffer.concat([kept, chunk]).subarray(-keep);
    },
    text: () =>
      scrub(kept.toString('utf8'))
        .trim()
        .replace(/\s*\n\s*/g, '; ')
        .slice(-show),
  };
}
