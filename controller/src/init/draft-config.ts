// The answers as haven.yaml. One that is there keeps its comments, and every field that the wizard did not ask about.
import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, parseDocument } from 'yaml';
import type { Config, Entry } from '../config/schema.ts';
import { strategyNames } from '../contract/request.ts';
import type { GoogleStore, SwiftStore } from './choose-stores.ts';

/** A cron expression; by hand only; or whatever each strategy has. */
export type When = { cron: string } | 'never' | 'kept';

export interface Choices {
  entries: Entry[];
  timezone: string;
  backups: When;
  drills: When;
  a?: SwiftStore;
  b?: GoogleStore;
}

const start = `# Haven's configuration, written by \`haven init\`, which may be run again: it keeps what is changed here by hand.
# haven.example.yaml shows every field; \`haven config validate\` names every mistake.
name: haven
`;

/** Given what was chosen and what is there, return the text of the new haven.yaml; the same text when nothing changes. */
export function draftConfig(choices: Choices, text: string | undefined, before: Config | undefined): string {
  const document = parseDocument(text ?? start);
  const original = document.toString({ lineWidth: 0 });
  const set = setter(document);
  set(['timezone'], before?.timezone ?? 'UTC', choices.timezone);
  draftDatasets(document, set, choices.entries, before);
  for (const name of strategyNames) {
    const store = choices[name];
    if (store === undefined) {
      remove(document, ['strategies', name]);
      remove(document, ['drill', 'schedule', name]);
      continue;
    }
    const section = before?.strategies[name];
    const at = ['strategies', name];
    if (!isMap(document.getIn(at))) set(at, undefined, {});
    const now = section?.schedule?.cron;
    const when = section === undefined ? ofOthers(choices.backups, before, 'backups') : choices.backups;
    draftSchedule(document, set, [...at, 'schedule'], now, when);
    draftStore(document, set, [...at, 'settings'], section?.settings, store);
    const drill = before?.drill.schedule[name]?.cron;
    const drillWhen = section === undefined ? ofOthers(choices.drills, before, 'drills') : choices.drills;
    draftSchedule(document, set, ['drill', 'schedule', name], drill, drillWhen);
  }
  const drafted = document.toString({ lineWidth: 0 });
  return text !== undefined && drafted === original ? text : drafted;
}

type Set = (path: (string | number)[], before: unknown, after: unknown) => void;

/** Touches nothing that stays as it is: how somebody wrote it, with or without quotes, stays too. */
function setter(document: Document): Set {
  return (path, before, after) => {
    if (isDeepStrictEqual(before, after)) return;
    for (let depth = 1; depth < path.length; depth += 1) {
      const parent = path.slice(0, depth);
      if (!isMap(document.getIn(parent, true))) document.setIn(parent, document.createNode({}));
    }
    document.setIn(path, document.createNode(after));
  };
}

function remove(document: Document, path: string[]): void {
  if (document.hasIn(path)) document.deleteIn(path);
}

function draftDatasets(document: Document, set: Set, entries: Entry[], before: Config | undefined): void {
  const known = before?.datasets ?? {};
  for (const { id, dataset, recursive, exclude } of entries) {
    const entry = {
      dataset,
      ...(recursive ? { recursive } : {}),
      ...(exclude.length > 0 ? { exclude } : {}),
    };
    const { dataset: name, recursive: was, exclude: left } = known[id] ?? {};
    const old = {
      dataset: name,
      ...(was ? { recursive: was } : {}),
      ...(left?.length ? { exclude: left } : {}),
    };
    set(['datasets', id], old, entry);
  }
  const dropped = Object.keys(known).filter((id) => !entries.some((entry) => entry.id === id));
  for (const id of dropped) remove(document, ['datasets', id]);
  // Their backups stay in the stores; a drill would be red for what it takes for forgotten.
  const retired = (before?.retired ?? []).filter((id) => !entries.some((entry) => entry.id === id));
  set(['retired'], before?.retired ?? [], [...new Set([...retired, ...dropped])]);
}

function draftSchedule(
  document: Document,
  set: Set,
  path: string[],
  before: string | undefined,
  after: When,
): void {
  if (after === 'kept') return;
  if (after === 'never') remove(document, path);
  // With jitter and the like it is an object, of which only the time was asked.
  else if (isMap(document.getIn(path, true))) set([...path, 'cron'], before, after.cron);
  else set(path, before, after.cron);
}

/** A strategy that is new keeps the hours of the one that was there: then both are of one and the same snapshot. */
function ofOthers(when: When, before: Config | undefined, what: 'backups' | 'drills'): When {
  if (when !== 'kept' || before === undefined) return when;
  const crons = strategyNames.map((name) =>
    what === 'backups' ? before.strategies[name]?.schedule?.cron : before.drill.schedule[name]?.cron,
  );
  const cron = crons.find((one) => one !== undefined);
  return cron === undefined ? 'never' : { cron };
}

/** Field by field, so that one answer changes one line. */
function draftStore(
  document: Document,
  set: Set,
  path: string[],
  before: Record<string, unknown> | undefined,
  store: SwiftStore | GoogleStore,
): void {
  // A section that is there and does not name it has this one.
  const usual = before === undefined ? undefined : 'haven';
  if ('set' in store) {
    set([...path, 'set'], before?.set ?? usual, store.set);
    return;
  }
  set([...path, 'container'], before?.container ?? usual, store.container);
  const auth = (before?.auth ?? {}) as Record<string, unknown>;
  for (const field of Object.keys(auth).filter((name) => !(name in store.auth)))
    remove(document, [...path, 'auth', field]);
  for (const [field, value] of Object.entries(store.auth)) set([...path, 'auth', field], auth[field], value);
}
