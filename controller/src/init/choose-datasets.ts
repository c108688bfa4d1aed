// Which datasets to back up, by number or name; and the public name of each, because its own goes nowhere in clear.
import { bytes, columns } from '../cli/words.ts';
import type { Config, Entry } from '../config/schema.ts';
import type { Candidate } from './find-datasets.ts';
import { type Ask, refuse } from './question.ts';

type Tell = (text: string) => void;

export async function chooseDatasets(
  ask: Ask,
  tell: Tell,
  found: Candidate[],
  before: Config['datasets'],
): Promise<Entry[]> {
  const rows = found.map(({ name, volume, usedBytes }, at) => {
    return [String(at + 1), name, bytes(usedBytes), volume ? 'volume: strategy B alone' : ''];
  });
  tell(columns([['', 'DATASET', 'USED', ''], ...rows]));
  const chosen = Object.values(before);
  const shown = chosen.map(({ dataset, recursive }) => `${dataset}${recursive ? '+' : ''}`).join(', ');
  const picked = await ask({
    key: 'datasets',
    words: 'Back up which? Numbers or names, commas between; with + also all below it, as in 1+, 3',
    read: (answer) => readChoice(answer, found),
    present: shown === '' ? undefined : { value: chosen.map(pickOf), shown },
  });
  const entries: Entry[] = [];
  const ids = new Set<string>();
  for (const { name, recursive } of picked) {
    const known = Object.entries(before).find(([, { dataset }]) => dataset === name);
    const id = known?.[0] ?? (await askId(ask, name, ids, Object.keys(before)));
    ids.add(id);
    entries.push({ id, dataset: name, recursive, exclude: recursive ? (known?.[1].exclude ?? []) : [] });
  }
  return entries;
}

interface Picked {
  name: string;
  recursive: boolean;
}

function pickOf({ dataset, recursive }: Config['datasets'][string]): Picked {
  return { name: dataset, recursive };
}

/** Given `1+, tank/photos`, return what is meant; throws Refused for what is not there, or twice. */
export function readChoice(answer: string, found: Candidate[]): Picked[] {
  const picks = answer
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean)
    .map((word): Picked => {
      const exact = found.find(({ name }) => name === word);
      const recursive = exact === undefined && word.endsWith('+');
      const wanted = recursive ? word.slice(0, -1).trim() : word;
      const one = exact ?? found.find(({ name }, at) => name === wanted || String(at + 1) === wanted);
      if (one === undefined)
        return refuse(`there is no dataset ${wanted}: numbers, or names as they stand above`);
      return { name: one.name, recursive };
    });
  if (picks.length === 0) refuse('at least one');
  const twice = picks.find(({ name }, at) => picks.findIndex((one) => one.name === name) !== at);
  if (twice !== undefined) refuse(`${twice.name} is named twice`);
  return picks;
}

function askId(ask: Ask, dataset: string, taken: Set<string>, before: string[]): Promise<string> {
  const proposed = freeId(dataset, (id) => taken.has(id) || before.includes(id));
  return ask({
    key: `ids.${dataset}`,
    words: `Public name of ${dataset}, for logs and lists`,
    read: (answer) => {
      if (!/^[a-z0-9][a-z0-9-]{0,53}$/.test(answer))
        return refuse('small letters, digits and dashes, at most 54, not beginning with a dash');
      if (taken.has(answer) || before.includes(answer)) return refuse(`${answer} is taken`);
      return answer;
    },
    present: { value: proposed, shown: proposed },
  });
}

/** Given a dataset's name, return an id made of its last word. */
export function freeId(dataset: string, isTaken: (id: string) => boolean): string {
  const last = dataset.split('/').at(-1)!.toLowerCase();
  const slug =
    last
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 50) || 'data';
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? slug : `${slug}-${number}`;
    if (!isTaken(id)) return id;
  }
}

/** Given what was chosen, return how many bytes a first full backup of it reads. */
export function firstBytes(
  entries: Pick<Entry, 'dataset' | 'recursive'>[],
  found: Candidate[],
  volumes: boolean,
): number {
  return found
    .filter(
      ({ name, volume }) =>
        (volumes || !volume) &&
        entries.some(
          ({ dataset, recursive }) => name === dataset || (recursive && name.startsWith(`${dataset}/`)),
        ),
    )
    .reduce((sum, one) => sum + one.bytes, 0);
}
