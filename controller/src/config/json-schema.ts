// The configuration's shape as JSON Schema, for editors. What no schema can say (does this time zone exist? is that cron expression ever due?) `haven config validate` says.
import * as z from 'zod';
import { Config, Schedule } from './schema.ts';

export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(Config, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if ((zodSchema as unknown) !== Schedule) return;
      // It is written as a string mostly; what makes an object of that is code, which a schema does not see.
      const written = { ...jsonSchema };
      for (const key of Object.keys(jsonSchema)) delete (jsonSchema as Record<string, unknown>)[key];
      jsonSchema.anyOf = [{ type: 'string' }, written];
    },
  });
}
