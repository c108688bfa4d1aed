/** Custom properties and their limits. */
import { invalidParameter } from '../http/refusal.ts';

/** "124 bytes per property (key + value), UTF-8", "30 private properties per file from any one application". */
const MAX_BYTES = 124;
const MAX_COUNT = 30;

/** Given the properties of a file and a change, return the merged ones; null deletes a key. Throws 400 beyond the limits. */
export function mergeProperties(
  current: Record<string, string>,
  change: unknown,
  field: 'properties' | 'appProperties',
): Record<string, string> {
  if (change === undefined || change === null) {
    return current;
  }
  if (typeof change !== 'object' || Array.isArray(change)) {
    throw invalidParameter(field, `Invalid value for: ${field}`, 'invalid');
  }
  const merged = { ...current };
  for (const [key, value] of Object.entries(change)) {
    if (value === null) {
      delete merged[key];
    } else if (typeof value !== 'string') {
      throw invalidParameter(field, `Invalid value for: ${field}.${key}`, 'invalid');
    } else if (Buffer.byteLength(key) + Buffer.byteLength(value) > MAX_BYTES) {
      throw invalidParameter(
        field,
        `The property ${key} exceeds ${MAX_BYTES} bytes (key + value).`,
        'invalid',
      );
    } else {
      merged[key] = value;
    }
  }
  if (Object.keys(merged).length > MAX_COUNT) {
    throw invalidParameter(field, `A file can not have more than ${MAX_COUNT} ${field}.`, 'invalid');
  }
  return merged;
}
