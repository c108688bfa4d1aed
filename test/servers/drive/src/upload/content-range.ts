/** The Content-Range header of an upload. Only `bytes …` is a range: the guide's own `*` + `/*` without the unit is refused. */
export type UploadRange =
  | { kind: 'status' }
  | { kind: 'total'; total: number }
  | { kind: 'bytes'; first: number; last: number; total?: number }
  /** Python's `bytes N-(N-1)/N` for a stream that ended on a chunk's border. */
  | { kind: 'inverted'; total: number };

/** Given the header's text, return what it says, or undefined when Google could not parse it. */
export function parseContentRange(text: string): UploadRange | undefined {
  const match = /^bytes (?:\*|(\d+)-(\d+))\/(\*|\d+)$/.exec(text);
  if (!match) {
    return undefined;
  }
  const total = match[3] === '*' ? undefined : Number(match[3]);
  if (match[1] === undefined) {
    return total === undefined ? { kind: 'status' } : { kind: 'total', total };
  }
  const first = Number(match[1]);
  const last = Number(match[2]);
  if (last === first - 1 && total === first) {
    return { kind: 'inverted', total };
  }
  if (last < first || (total !== undefined && last >= total)) {
    return undefined;
  }
  return { kind: 'bytes', first, last, ...(total !== undefined && { total }) };
}

/** Chunks but the last are multiples of this, and so is what an interrupted one leaves behind. */
export const GRANULARITY = 256 * 1024;

export function floorToGranularity(bytes: number): number {
  return bytes - (bytes % GRANULARITY);
}
