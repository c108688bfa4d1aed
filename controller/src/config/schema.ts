// haven.yaml. Strict: a field that is misspelt is an error, never a silent default.
import { Cron } from 'croner';
import * as z from 'zod';
import { type StrategyName, strategyNames } from '../contract/request.ts';
import { Notify } from '../notify/targets.ts';
import { longestGap } from './calendar.ts';

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Croner also takes seconds, years and dates: what runs every second by mistake, or once and never again, is no schedule of a backup. */
export function isFiveFields(expression: string): boolean {
  const fields = expression.trim();
  return /^@[a-z]+$/i.test(fields) || fields.split(/\s+/).length === 5;
}

export function isCron(expression: string): boolean {
  try {
    return new Cron(expression, { timezone: 'UTC', paused: true, mode: '5-part' }).nextRun() !== null;
  } catch {
    return false;
  }
}

const units = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 } as const;

const Memory = z
  .string()
  .regex(/^\d+[kmg]$/i, 'a number and k, m or g, such as 512m')
  .transform((text) => Number(text.slice(0, -1)) * units[text.slice(-1).toLowerCase() as keyof typeof units])
  .refine((bytes) => bytes >= 32 * units.m, 'at least 32m: no image runs with less');

const CronExpression = z
  .string()
  .refine(isFiveFields, {
    error: 'five fields are wanted, such as "0 3 * * *" for every day at 3, or @daily, @weekly, @monthly',
    abort: true,
  })
  .refine(isCron, 'not a cron expression that ever comes due; "0 3 * * *" is every day at 3');
/** A cron expression alone, or with how it is kept (docs/operate/schedule.md). */
export const Schedule = z.preprocess(
  (given) => (typeof given === 'string' ? { cron: given } : given),
  z.strictObject({
    cron: CronExpression,
    jitterMinutes: z
      .number()
      .min(0)
      .max(24 * 60)
      .default(0),
    overlap: z.enum(['wait', 'skip']).default('wait'),
  }),
);
export type Schedule = z.infer<typeof Schedule>;

const TimeZone = z.string().refine(isTimeZone, 'no such time zone; "Europe/Berlin" and "UTC" are some');
const DatasetId = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    'small letters, digits and dashes, at most 63, not beginning with a dash',
  );
const DatasetName = z
  .string()
  .regex(
    /^[^@#/\s-][^@#\u0000-\u001f]{0,254}$/,
    'the full name of a dataset, such as tank/home, without a snapshot',
  );
/** `*` stands for anything within one part of a name; what it matches goes with all below it, or with `/.` at its end alone. */
const Exclude = DatasetName.regex(
  /^[^/]/,
  'the full name of a dataset, such as tank/home/cache or tank/home/*/tmp',
);
const DatasetEntry = z
  .strictObject({
    dataset: DatasetName,
    recursive: z.boolean().default(false),
    exclude: z.array(Exclude).default([]),
  })
  .superRefine(({ dataset, recursive, exclude }, context) => {
    const say = (index: number, message: string) =>
      context.addIssue({ code: 'custom', path: ['exclude', index], message });
    for (const [index, pattern] of exclude.entries()) {
      if (!recursive) say(index, 'only with `recursive: true` is there something to exclude');
      else if (pattern === dataset) say(index, `excludes everything; '${dataset}/.' excludes it alone`);
      else if (!pattern.startsWith(`${dataset}/`)) say(index, `is not below ${dataset}`);
    }
  });
const AbsolutePath = z.string().regex(/^\/[^\u0000]*$/, 'an absolute path');
const Image = z.string().min(1);

const Limits = z
  .strictObject({ memory: Memory.prefault('1g'), pids: z.int().min(16).max(4096).default(200) })
  .prefault({});

/** Beside the one that follows every backup: a look at the store when nothing was backed up for long. */
const Audit = z.strictObject({ schedule: Schedule.optional() }).prefault({});

const section = (image: string) =>
  z.strictObject({
    image: Image.default(image),
    network: z.string().min(1).default('bridge'),
    schedule: Schedule.optional(),
    audit: Audit,
    datasets: z.array(DatasetId).min(1).optional(),
    maxHours: z
      .number()
      .positive()
      .default(24 * 30),
    limits: Limits,
    settings: z.record(z.string(), z.unknown()).default({}),
  });

const Strategies = z
  .strictObject({ a: section('haven/strategy-a').optional(), b: section('haven/strategy-b').optional() })
  .refine(({ a, b }) => a !== undefined || b !== undefined, 'name at least one strategy: a, b, or both');

const Drill = z
  .strictObject({
    image: Image.default('haven/drill'),
    schedule: z.strictObject({ a: Schedule.optional(), b: Schedule.optional() }).default({}),
    /** Drills of level `stream`: everything is downloaded and read, nothing is restored. They replace none of the others. */
    stream: z
      .strictObject({
        schedule: z.strictObject({ a: Schedule.optional(), b: Schedule.optional() }).default({}),
      })
      .prefault({}),
    /** Not everything at each drill, but each dataset within so many days. */
    everyDatasetWithinDays: z.int().min(2).max(3650).optional(),
    scratch: AbsolutePath.optional(),
    maxHours: z.number().positive().default(72),
    limits: Limits,
  })
  .prefault({});

/** One drill may be missed, and still each dataset must have its turn. */
function rotationTooRare(
  { schedule, everyDatasetWithinDays: days }: z.infer<typeof Drill>,
  strategy: StrategyName,
  timezone: string,
): string | null {
  const cron = schedule[strategy]?.cron;
  // What is wrong with these is told already.
  if (days === undefined || cron === undefined || !isCron(cron) || !isTimeZone(timezone)) return null;
  const gapMs = longestGap({ cron, timezone }, new Date('2026-01-01T00:00:00Z'));
  const least = gapMs === null ? Number.POSITIVE_INFINITY : Math.ceil((2 * gapMs) / 86_400_000);
  if (least <= days) return null;
  return `drill.schedule.${strategy} comes due too rarely for that: at least ${least} days, or more frequent drills`;
}

const Host = z
  .strictObject({
    dockerSocket: AbsolutePath.default('/var/run/docker.sock'),
    zfsDevice: AbsolutePath.default('/dev/zfs'),
    zfs: z.string().min(1).default('zfs'),
    zpool: z.string().min(1).default('zpool'),
  })
  .prefault({});

/** What monitors may ask over HTTP: /healthz and /metrics. Without a password, so nothing in there is a secret or a name. */
const Monitor = z
  .strictObject({
    enabled: z.boolean().default(true),
    address: z.union([z.ipv4(), z.ipv6()], 'an IP address of this machine').default('127.0.0.1'),
    port: z.int().min(1).max(65535).default(9786),
  })
  .prefault({});

export const Config = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'small letters, digits and dashes, at most 31')
      .default('haven'),
    timezone: TimeZone.default('UTC'),
    datasets: z
      .record(DatasetId, DatasetEntry)
      .refine((all) => Object.keys(all).length > 0, 'name at least one dataset to back up'),
    /** Ids that are no longer backed up, or by one strategy alone, on purpose: whose backups in the stores alarm nobody. */
    retired: z.array(DatasetId).default([]),
    strategies: Strategies,
    drill: Drill,
    notify: Notify,
    monitor: Monitor,
    host: Host,
  })
  .superRefine((config, context) => {
    const say = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    for (const name of strategyNames) {
      for (const [index, id] of config.strategies[name]?.datasets?.entries() ?? []) {
        if (!(id in config.datasets))
          say(['strategies', name, 'datasets', index], `no dataset has the id '${id}' in datasets`);
      }
      if (config.drill.schedule[name] !== undefined && config.strategies[name] === undefined)
        say(['drill', 'schedule', name], `there is no strategy ${name} whose backups could be drilled`);
      if (config.drill.stream.schedule[name] !== undefined && config.strategies[name] === undefined)
        say(
          ['drill', 'stream', 'schedule', name],
          `there is no strategy ${name} whose backups could be drilled`,
        );
      const tooRare = rotationTooRare(config.drill, name, config.timezone);
      if (tooRare !== null) say(['drill', 'everyDatasetWithinDays'], tooRare);
    }
    for (const [id, entry] of Object.entries(config.datasets)) {
      if (!entry.recursive || id.length <= 54) continue;
      const message =
        'at most 54 characters where it is recursive: the ids of what is below it are longer by 9';
      say(['datasets', id], message);
    }
    const names = Object.values(config.datasets).map((entry) => entry.dataset);
    if (new Set(names).size < names.length) say(['datasets'], 'two ids name the same dataset');
  });
export type Config = z.infer<typeof Config>;

export interface Dataset {
  id: string;
  dataset: string;
}

/** A dataset as the configuration names it, with what is to be taken below it. */
export interface Entry extends Dataset {
  recursive: boolean;
  exclude: string[];
}

/** Given a configuration, return the entries that a strategy backs up: those that it names, or all. What they stand for today: runs/sources.ts. */
export function entriesOf(config: Config, strategy: StrategyName): Entry[] {
  const ids = config.strategies[strategy]?.datasets ?? Object.keys(config.datasets);
  return ids.map((id) => ({ id, ...config.datasets[id]! }));
}
