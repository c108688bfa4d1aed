/** Whether a file matches a parsed `q`. */
import type { Query } from './parse.ts';

/** What a query can see of a file. */
export interface Searchable {
  name: string;
  mimeType: string;
  parents: readonly string[];
  modifiedTime: number;
  createdTime: number;
  trashed: boolean;
  starred: boolean;
  owner: string;
  properties: Record<string, string>;
  appProperties: Record<string, string>;
}

/** Given a query, a file and the id that the word `root` stands for, return whether the file is found. */
export function matches(query: Query, file: Searchable, rootId: string): boolean {
  switch (query.kind) {
    case 'and':
      return matches(query.left, file, rootId) && matches(query.right, file, rootId);
    case 'or':
      return matches(query.left, file, rootId) || matches(query.right, file, rootId);
    case 'not':
      return !matches(query.query, file, rootId);
    case 'in':
      return query.collection === 'parents'
        ? file.parents.includes(query.value === 'root' ? rootId : query.value)
        : query.value === 'me' || query.value === file.owner;
    case 'has':
      return propertiesOf(file, query.collection)[query.key] === query.value;
    case 'compare':
      return compare(file, query.field, query.operator, query.value);
  }
}

function propertiesOf(file: Searchable, collection: string): Record<string, string> {
  return collection === 'properties' ? file.properties : file.appProperties;
}

function compare(file: Searchable, field: string, operator: string, value: string | boolean): boolean {
  switch (field) {
    case 'name':
      // Google compares names without regard to case.
      return text(file.name.toLowerCase(), operator, String(value).toLowerCase(), startsAWord);
    case 'mimeType':
      return text(file.mimeType, operator, String(value), (whole, part) => whole.startsWith(part));
    case 'trashed':
      return (file.trashed === value) === (operator === '=');
    case 'starred':
      return (file.starred === value) === (operator === '=');
    case 'sharedWithMe':
      return (value === false) === (operator === '=');
    default:
      return order(
        field === 'modifiedTime' ? file.modifiedTime : file.createdTime,
        operator,
        instant(String(value)),
      );
  }
}

function text(
  whole: string,
  operator: string,
  wanted: string,
  contains: (whole: string, part: string) => boolean,
): boolean {
  if (operator === 'contains') {
    return contains(whole, wanted);
  }
  return (whole === wanted) === (operator === '=');
}

/** "The contains operator only performs prefix matching for a name": 'World' does not find HelloWorld. */
function startsAWord(name: string, part: string): boolean {
  for (let at = name.indexOf(part); at >= 0; at = name.indexOf(part, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(name[at - 1]!)) {
      return true;
    }
  }
  return false;
}

/** "RFC 3339 format, default time zone is UTC", whatever zone this machine is in. */
function instant(text: string): number {
  return Date.parse(
    /(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text.includes('T') ? text : `${text}T00:00:00`}Z`,
  );
}

function order(left: number, operator: string, right: number): boolean {
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '=':
      return left === right;
    default:
      return left !== right;
  }
}
