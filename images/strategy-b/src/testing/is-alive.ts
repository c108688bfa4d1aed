import { readFileSync } from 'node:fs';

/** Given a pid, say whether it runs. A zombie, which only waits for its parent, does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
