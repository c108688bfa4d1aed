import { bytes } from '../cli/words.ts';

/** Given how much is to be read for each strategy and the uplink, return what an owner should expect of the first upload. */
export function estimate(bytesOf: number[], megabits: number | undefined): string {
  const total = bytesOf.reduce((sum, one) => sum + one, 0);
  const much = `The first upload is up to ${bytes(total)}${bytesOf.length > 1 ? `, both strategies together` : ''}; how much Haven's compression saves is not known before.`;
  if (megabits === undefined) return much;
  const seconds = (total * 8) / (megabits * 1e6);
  return `${much}\nAt ${megabits} Mbit/s that takes up to ${long(seconds)}. It may be interrupted at any time, and goes on where it was.`;
}

function long(seconds: number): string {
  if (seconds < 90) return 'a minute';
  if (seconds < 3600) return `${Math.round(seconds / 60)} minutes`;
  if (seconds < 2 * 86_400) return `${Math.round(seconds / 3600)} hours`;
  return `${Math.round(seconds / 86_400)} days`;
}
