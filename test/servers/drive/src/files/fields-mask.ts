/**
 * The `fields` parameter: what was not asked for is really dropped, and a field that does not exist is refused. A client
 * that asks for `files(id)` and then reads nextPageToken finds none here, as at Google.
 */
import { invalidParameter } from '../http/refusal.ts';

/** The fields a resource can have. `any`: a scalar, or a map whose keys are not ours to know. */
export interface Schema {
  [field: string]: 'any' | Schema;
}

/** What was asked for: true for everything below, or the fields one by one. */
export type Mask = true | { [field: string]: Mask };

/** Given the text of a mask and the schema, return the mask; throws 400 for bad grammar or an unknown field. */
export function parseMask(text: string, schema: Schema): Mask {
  const tokens = text.match(/[A-Za-z0-9_*-]+|[(),/]|\S/g) ?? [];
  let position = 0;

  function bad(what: string): never {
    throw invalidParameter('fields', `Invalid field selection ${what}`);
  }

  function list(within: Schema | 'any'): Mask {
    let mask: Mask = {};
    do {
      mask = merge(mask, item(within));
    } while (accept(','));
    return mask;
  }

  function item(within: Schema | 'any'): Mask {
    const name = tokens[position] ?? bad(text);
    position += 1;
    if (name === '*') {
      return true;
    }
    if (!/^[A-Za-z0-9_-]+$/.test(name)) {
      bad(name);
    }
    const below = within === 'any' ? 'any' : Object.hasOwn(within, name) ? within[name]! : bad(name);
    if (accept('/')) {
      return { [name]: item(below) };
    }
    if (accept('(')) {
      const inner = list(below);
      return accept(')') ? { [name]: inner } : bad(text);
    }
    return { [name]: true };
  }

  function accept(token: string): boolean {
    if (tokens[position] !== token) {
      return false;
    }
    position += 1;
    return true;
  }

  const mask = list(schema);
  return position === tokens.length ? mask : bad(text);
}

function merge(left: Mask, right: Mask): Mask {
  if (left === true || right === true) {
    return true;
  }
  const merged = { ...left };
  for (const [field, mask] of Object.entries(right)) {
    const other = merged[field];
    merged[field] = other === undefined ? mask : merge(other, mask);
  }
  return merged;
}

/** Given a value and a mask, return a copy that holds only what the mask names; lists are masked element by element. */
export function applyMask(value: unknown, mask: Mask): unknown {
  if (mask === true || typeof value !== 'object' || value === null) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((element) => applyMask(element, mask));
  }
  const kept: Record<string, unknown> = {};
  for (const [field, inner] of Object.entries(value)) {
    const wanted = mask[field];
    if (wanted !== undefined) {
      kept[field] = applyMask(inner, wanted);
    }
  }
  return kept;
}
