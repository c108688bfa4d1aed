// A file as lines that a person can type in from paper: each with a short checksum in front, which is also of its number, so that the first wrong, missing or
// doubled line is found, and with a mark at its end, so that spaces there are seen: `.` where the file's line ends too, `+` where it goes on. RECOVERY.md holds the
// two commands that check what was typed and make the file of it; a test runs them.
import { createHash } from 'node:crypto';

/** So that a line fits on A4 and on Letter, and into what an eye can follow. */
const width = 60;

/** Given a file, return the lines to be typed; null when nobody could type them in from what is seen on paper. */
export function typedLines(bytes: Buffer): string[] | null {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes) || !canBeTyped(text)) return null;
  const lines = text.replace(/\n$/, '').split('\n');
  const typed = lines.flatMap((line) => {
    const pieces = piecesOf(line);
    return pieces.map((piece, i) => `${piece}${i === pieces.length - 1 ? '.' : '+'}`);
  });
  return typed.map((line, i) => `${lineSum(i + 1, line)} ${line}`);
}

/** No character that no keyboard has, no space that only looks like one, no letter and its accent as two characters, which a keyboard makes one. */
function canBeTyped(text: string): boolean {
  return !/[^\n\P{C}]|[^ \P{Z}]|\p{M}/u.test(text) && text === text.normalize('NFC');
}

function lineSum(number: number, line: string): string {
  return createHash('sha256').update(`${number} ${line}`).digest('hex').slice(0, 4);
}

function piecesOf(line: string): string[] {
  const characters = [...line];
  const count = Math.max(1, Math.ceil(characters.length / width));
  return Array.from({ length: count }, (_, i) => characters.slice(i * width, (i + 1) * width).join(''));
}
