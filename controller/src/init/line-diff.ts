/** Given two texts, return what changes from one to the other, line by line, with two lines of context; '' when nothing does. */
export function lineDiff(before: string, after: string): string {
  const [old, fresh] = [before.split('\n'), after.split('\n')];
  const marked = marks(old, fresh, commonLengths(old, fresh));
  const near = (at: number): boolean =>
    marked.slice(Math.max(0, at - 2), at + 3).some((line) => !line.startsWith(' '));
  const kept: string[] = [];
  for (const [at, line] of marked.entries()) {
    if (near(at)) kept.push(line);
    else if (kept.length > 0 && kept.at(-1) !== '  …') kept.push('  …');
  }
  if (kept.at(-1) === '  …') kept.pop();
  return kept.join('\n');
}

/** `lengths[i][j]`: how many lines the rests from i and from j have in common, in order. */
function commonLengths(old: string[], fresh: string[]): number[][] {
  const lengths = Array.from({ length: old.length + 1 }, () => new Array<number>(fresh.length + 1).fill(0));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      lengths[i]![j] =
        old[i] === fresh[j]
          ? lengths[i + 1]![j + 1]! + 1
          : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  return lengths;
}

function marks(old: string[], fresh: string[], lengths: number[][]): string[] {
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) {
      lines.push(`  ${old[i]}`);
      i += 1;
      j += 1;
    } else if (j === fresh.length || (i < old.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      lines.push(`- ${old[i]}`);
      i += 1;
    } else {
      lines.push(`+ ${fresh[j]}`);
      j += 1;
    }
  }
  return lines;
}
