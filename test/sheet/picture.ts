// A page's pixels, and where on it a code is: found by what is black and what is white, not by what the page's style says.
import assert from 'node:assert/strict';

export interface Picture {
  width: number;
  height: number;
  isDark(x: number, y: number): boolean;
}

/** Of pixels; right and bottom are the last that belong to it. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Given a PGM of 256 greys, as pdftoppm writes it, return the picture. */
export function pictureOf(pgm: Buffer): Picture {
  const head = /^P5\s(\d+)\s(\d+)\s255\s/.exec(pgm.subarray(0, 40).toString('latin1'));
  assert.ok(head !== null, 'it is a PGM');
  const [width, height] = [Number(head[1]), Number(head[2])];
  const pixels = pgm.subarray(head[0].length);
  assert.equal(pixels.length, width * height);
  return { width, height, isDark: (x, y) => pixels[y * width + x]! < 128 };
}

/** Given a strip of columns and where its writing begins, return the dark block above it, and how much white is around that within the strip. */
export function blockAbove(picture: Picture, strip: { left: number; right: number }, writing: number) {
  const columns = range(Math.max(0, strip.left), Math.min(picture.width - 1, strip.right));
  const hasDark = (y: number) => columns.some((x) => picture.isDark(x, y));
  const up = (from: number, dark: boolean) => {
    let y = from;
    while (y > 0 && hasDark(y - 1) === dark) y -= 1;
    return y;
  };
  const end = up(writing, false);
  const top = up(end, true);
  const rows = range(top, end - 1);
  const filled = columns.filter((x) => rows.some((y) => picture.isDark(x, y)));
  const box: Box = { left: filled[0]!, right: filled.at(-1)!, top, bottom: end - 1 };
  const white = {
    above: top - up(top, false),
    below: writing - end,
    left: box.left - columns[0]!,
    right: columns.at(-1)! - box.right,
  };
  return { box, white };
}

/** Given a picture, return the smallest box that holds all that is dark in it, or null where nothing is. */
export function inkOf(picture: Picture): Box | null {
  const columns = range(0, picture.width - 1);
  const rows = range(0, picture.height - 1);
  const dark = rows.filter((y) => columns.some((x) => picture.isDark(x, y)));
  if (dark.length === 0) return null;
  const filled = columns.filter((x) => dark.some((y) => picture.isDark(x, y)));
  return { left: filled[0]!, right: filled.at(-1)!, top: dark[0]!, bottom: dark.at(-1)! };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}
