// Strategy B's own section of the configuration, as the owner writes it in haven.yaml at strategies.b.settings.
import * as z from 'zod';
import { BadTimetable, meanRate, parseTimetable } from './limit/timetable.ts';
import { isTimezone } from './limit/week-clock.ts';

const Url = z.url({ protocol: /^https?$/ });

const unitMs = { h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_557_600_000 } as const;

/** `12h`, `90d`, `8w`, `1y`: parsed to milliseconds. */
const Duration = z
  .string()
  .regex(/^[1-9][0-9]{0,5}[hdwy]$/, 'a number and h, d, w or y, such as 90d')
  .transform((text) => Number(text.slice(0, -1)) * unitMs[text.slice(-1) as keyof typeof unitMs]);
/** Of the compressor. Each takes memory and a core. */
const threads = z.int().min(1).max(64).default(1);

/** A session lives for six days at most (drive/send-session.ts): a part must be through well before. */
const partSeconds = 3 * 24 * 3600;

const Limit = z.string().transform((text, context) => {
  try {
    return parseTimetable(text);
  } catch (error) {
    if (!(error instanceof BadTimetable)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

const Certificate = z
  .string()
  .transform((text) => text.trim())
  .refine((text) => !text.includes('PRIVATE KEY'), {
    abort: true,
    message: 'this is a secret key: take it out of here, and off this host',
  })
  .refine(
    (text) => /^-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*-----END PGP PUBLIC KEY BLOCK-----$/.test(text),
    'one armored OpenPGP certificate: -----BEGIN PGP PUBLIC KEY BLOCK----- …',
  );

const Fields = z.strictObject({
  /** Name of this set of backups; goes to Google in clear. 60 bytes, so that it fits an appProperty. */
  set: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/, 'letters, digits, dot, dash and underscore, at most 60')
    .default('haven'),
  partBytes: z
    .int()
    .min(65536)
    .max(2 ** 36)
    .default(268435456),
  /** A chain gets no more incrementals once its full is that old. */
  fullEvery: Duration.prefault('180d'),
  /** Backups in a chain, the full included: a restore needs them all. */
  chainLength: z.int().min(1).max(10_000).default(200),
  /** Options of `zfs send`; a chain keeps those that its full was made with. */
  sendFlags: z
    .array(z.enum(['--large-block', '--compressed', '--embed', '--raw']))
    .max(4)
    .default([]),
  /** The default keeps a slow processor from holding up a slow uplink (docs/decisions/0006). */
  compression: z
    .discriminatedUnion('method', [
      z.strictObject({ method: z.literal('xz'), level: z.int().min(0).max(9).default(1), threads }),
      z.strictObject({ method: z.literal('zstd'), level: z.int().min(1).max(19).default(3), threads }),
      z.strictObject({ method: z.literal('none') }),
    ])
    .default({ method: 'zstd', level: 3, threads: 1 }),
  /** Prune: backups younger than this stay. */
  keepWithin: z
    .string()
    .regex(/^[1-9][0-9]{0,3}[dwy]$/, 'a number of days, weeks or years, such as 90d, 12w or 1y')
    .default('1y'),
  /** Prune: so many of the newest good chains of each dataset always stay. */
  keepChains: z.int().min(1).max(10_000).default(2),
  /** Of uploads: rclone's timetable, and `pause` (docs/operate/upload-limits.md). */
  limit: Limit.prefault('off'),
  /** Where the limit's times are; the container's own zone is UTC. */
  limitTimezone: z.string().refine(isTimezone, 'a time zone such as Europe/Berlin').default('UTC'),
  /** What Google takes from one account in a day. Less, where other programs upload to the same account. */
  dailyUploadBytes: z.int().min(262_144).default(750e9),
  /** Certificates that parts are encrypted to, so that this host cannot read its own backups (docs/operate/encryption.md). Manifests stay under the passphrase. */
  publicKeys: z.array(Certificate).max(16).default([]),
  api: z
    .strictObject({
      rootUrl: Url.default('https://www.googleapis.com/'),
      tokenUrl: Url.default('https://oauth2.googleapis.com/token'),
      caPem: z.string().startsWith('-----BEGIN CERTIFICATE-----').optional(),
    })
    .prefault({}),
});

export const Settings = Fields.superRefine(({ limit, partBytes }, context) => {
  const seconds = partBytes / meanRate(limit);
  if (seconds <= partSeconds) return;
  const message = Number.isFinite(seconds)
    ? `a part of ${partBytes} bytes (partBytes) would take ${Math.round(seconds / 86400)} days, and three is the most: set a smaller partBytes or a higher limit`
    : 'pauses all week: nothing would ever be sent';
  context.addIssue({ code: 'custom', path: ['limit'], message });
});
export type Settings = z.infer<typeof Settings>;
export type Compression = Settings['compression'];
