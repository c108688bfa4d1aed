import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { contractSchema, readExample } from './schema.ts';

const schemas = { request: contractSchema('request'), event: contractSchema('event') };

for (const kind of ['valid', 'invalid'] as const) {
  const names = readdirSync(new URL(`../../images/contract/examples/${kind}/`, import.meta.url));
  assert.ok(names.length > 5, `examples/${kind} has lost its examples`);
  for (const name of names) {
    test(`the contract calls ${name} ${kind}`, () => {
      const validate = schemas[name.startsWith('request.') ? 'request' : 'event'];

      const accepted = validate(readExample(kind, name));

      assert.equal(accepted, kind === 'valid', JSON.stringify(validate.errors, null, 1));
    });
  }
}
