// A file as QR codes, each of them small enough for a phone: the file's very bytes, one piece after the other.
import { gzipSync } from 'node:zlib';
import { encode } from 'uqr';

/** Of a secret, with a quarter of the code in reserve for a stain; of a program there are more, and lost paper can be replaced by the Internet. */
const secret = { bytes: 500, ecc: 'Q' } as const;
const program = { bytes: 900, ecc: 'L' } as const;

export interface Codes {
  packed: boolean;
  /** One SVG each, without any size: the page gives it. */
  images: string[];
}

/** Given a file, return its codes; a program is packed by gzip first. */
export function codesOf(bytes: Buffer, kind: 'secret' | 'program'): Codes {
  const packed = kind === 'program';
  const { bytes: most, ecc } = packed ? program : secret;
  const data = packed ? gzipSync(bytes, { level: 9 }) : bytes;
  const images = [];
  for (let at = 0; at < data.length; at += most) images.push(svgOf([...data.subarray(at, at + most)], ecc));
  return { packed, images };
}

/** A row of dark modules is one stroke of a path: a tenth of the size that a square each would have. */
function svgOf(data: number[], ecc: 'L' | 'Q'): string {
  const { data: rows, size } = encode(data, { ecc, border: 4 });
  const strokes = rows.flatMap((row, y) =>
    runsOf(row).map(({ from, length }) => `M${from} ${y}h${length}v1h-${length}z`),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${strokes.join('')}"/></svg>`;
}

function runsOf(row: boolean[]): { from: number; length: number }[] {
  const runs: { from: number; length: number }[] = [];
  for (const [x, dark] of row.entries()) {
    const last = runs.at(-1);
    if (!dark) continue;
    if (last !== undefined && last.from + last.length === x) last.length += 1;
    else runs.push({ from: x, length: 1 });
  }
  return runs;
}
