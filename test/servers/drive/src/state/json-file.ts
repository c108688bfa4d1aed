/** JSON documents that a kill can not leave half-written: written beside, then renamed. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

export function writeJson(path: string, value: unknown): void {
  const beside = `${path}.new`;
  writeFileSync(beside, `${JSON.stringify(value, null, 1)}\n`, { mode: 0o600 });
  renameSync(beside, path);
}

export function readJson<T>(path: string, absent: T): T {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : absent;
}
