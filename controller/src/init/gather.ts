// The wizard's questions, in their order. It changes nothing: whoever is interrupted here has lost nothing but answers.
import { bytes } from '../cli/words.ts';
import { type Config, isCron, isFiveFields, isTimeZone } from '../config/schema.ts';
import type { StrategyName } from '../contract/request.ts';
import type { Command } from '../zfs/command.ts';
import { chooseDatasets, firstBytes } from './choose-datasets.ts';
import { chooseGoogle, chooseSwift } from './choose-stores.ts';
import type { Choices, When } from './draft-config.ts';
import { estimate } from './estimate.ts';
import { findDatasets } from './find-datasets.ts';
import { type Present, strategiesOf } from './present.ts';
import { type Ask, type Question, refuse, text } from './question.ts';

export interface Asking {
  ask: Ask;
  tell: (text: string) => void;
  zfs: Command;
  /** Of this machine, as the first proposal. */
  timezone: string;
}

export async function gather({ ask, tell, zfs, timezone }: Asking, present: Present): Promise<Choices> {
  const { config } = present;
  tell('\n1. What to back up');
  const found = await findDatasets(zfs);
  const entries = await chooseDatasets(ask, tell, found, config?.datasets ?? {});
  tell(
    '\n2. Where to: a is OpenStack Swift, by duplicity; b is Google Drive, by encrypted zfs send streams.',
  );
  tell('One is enough to begin with. With both, no single program or provider can cost you your data.');
  const strategies = await ask(strategiesQuestion(strategiesOf(config)));
  const settingsOf = (name: StrategyName) => config?.strategies[name]?.settings ?? {};
  const stores: Pick<Choices, 'a' | 'b'> = {};
  if (strategies.includes('a')) {
    tell('\nStrategy A: your account at a provider of Swift. Its openrc file has what is asked here.');
    stores.a = await chooseSwift(ask, settingsOf('a'), present.swift);
  }
  if (strategies.includes('b')) {
    tell(
      '\nStrategy B: an OAuth client of your own at Google; docs/operate/google-drive.md leads through it.',
    );
    stores.b = await chooseGoogle(ask, settingsOf('b'), present.google);
  }
  tell('\n3. When');
  const zone = await ask(zoneQuestion(config?.timezone ?? timezone));
  const times = await schedules(ask, config);
  const sizes = strategies.map((name) => firstBytes(entries, found, name === 'b'));
  tell(`\nTo be read for the first backups: ${sizes.map(bytes).join(' and ')}.`);
  tell(estimate(sizes, await ask(uplinkQuestion)));
  return { entries, timezone: zone, ...times, ...stores };
}

/** Each strategy may have hours of its own, which one question cannot ask for: what is there is only changed by an answer. */
async function schedules(ask: Ask, config: Config | undefined): Promise<Pick<Choices, 'backups' | 'drills'>> {
  const names = strategiesOf(config);
  const backups = names.map((name) => config?.strategies[name]?.schedule?.cron);
  const drills = names.map((name) => config?.drill.schedule[name]?.cron);
  return {
    backups: await ask(cronQuestion('backups', 'Backups: a cron expression, or never', backups, '0 3 * * *')),
    drills: await ask(
      cronQuestion('drills', 'Drills, which restore and compare everything', drills, '0 5 * * 0'),
    ),
  };
}

function strategiesQuestion(before: StrategyName[]): Question<StrategyName[]> {
  return {
    key: 'strategies',
    words: 'Which: a, b, or both',
    read: (answer) => {
      const words = answer
        .toLowerCase()
        .split(/[\s,]+|and/)
        .filter(Boolean);
      if (words.join() === 'both') return ['a', 'b'];
      const known = (['a', 'b'] as const).filter((name) => words.includes(name));
      return known.length > 0 && known.length === words.length ? known : refuse('a, b, or both');
    },
    present: before.length === 0 ? undefined : { value: before, shown: before.join(' and ') },
  };
}

function zoneQuestion(before: string): Question<string> {
  return text('timezone', 'Time zone', before, (answer) =>
    isTimeZone(answer) ? answer : refuse('no such time zone; Europe/Berlin and UTC are some'),
  );
}

function cronQuestion(
  key: string,
  words: string,
  before: (string | undefined)[],
  proposal: string,
): Question<When> {
  const shown = [...new Set(before.map((cron) => cron ?? 'never'))].join(' and ');
  return {
    key,
    words,
    read: (answer) => {
      if (answer === 'never') return 'never';
      if (isFiveFields(answer) && isCron(answer)) return { cron: answer };
      return refuse('five fields that ever come due: 0 3 * * * is every day at 3');
    },
    present: before.length === 0 ? { value: { cron: proposal }, shown: proposal } : { value: 'kept', shown },
  };
}

const uplinkQuestion: Question<number | undefined> = {
  key: 'uplink',
  words: 'Your uplink, in megabits per second',
  read: (answer) => {
    const megabits = Number(answer.replace(',', '.'));
    return megabits > 0 && megabits < 1e6 ? megabits : refuse('a number such as 10 or 0.5');
  },
  present: { value: undefined, shown: 'do not know' },
};
