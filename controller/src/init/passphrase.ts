// A passphrase that nobody has to remember, but that somebody may have to type from paper: no 0 and o, no 1 and l.
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
const groups = 6;
const lettersInGroup = 5;

/** Given a source of random bytes, return 150 bits in six groups: two strategies never get the same. */
export function makePassphrase(random: (bytes: number) => Buffer): string {
  // 32 letters: each takes exactly five bits of its byte, so none is likelier than another.
  const letters = [...random(groups * lettersInGroup)].map((byte) => alphabet[byte % alphabet.length]!);
  return Array.from({ length: groups }, (_, group) =>
    letters.slice(group * lettersInGroup, (group + 1) * lettersInGroup).join(''),
  ).join('-');
}
