// The contract's schemas, compiled: the one judge of what an image reads and writes.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const folder = new URL('../../images/contract/', import.meta.url);

export function readExample(kind: 'valid' | 'invalid', name: string): unknown {
  return JSON.parse(readFileSync(new URL(`examples/${kind}/${name}`, folder), 'utf8'));
}

/** Given 'request' or 'event', return a validator whose `errors` say what was wrong. */
export function contractSchema(name: 'request' | 'event'): ValidateFunction {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(readFileSync(new URL(`schema/${name}.schema.json`, folder), 'utf8')));
}
