/** JSON answers that honour `fields`. */
import { type Answer, jsonAnswer } from '../http/answer.ts';
import { applyMask, parseMask, type Schema } from './fields-mask.ts';

export function maskedAnswer(
  value: unknown,
  fields: string | null,
  standard: string,
  schema: Schema,
): Answer {
  return jsonAnswer(applyMask(value, parseMask(fields || standard, schema)));
}

/** Refuse a bad mask before anything is done: Google changes nothing for a request that it refuses. */
export function checkMask(fields: string | null, schema: Schema): void {
  if (fields) {
    parseMask(fields, schema);
  }
}
