// Strategy B's own section of the configuration, as the owner writes it in haven.yaml at strategies.b.settings.
import * as z from 'zod';

const Url = z.url({ protocol: /^https?$/ });

export const Settings = z.strictObject({
  /** Name of this set of backups; goes to Google in clear. 60 bytes, so that it fits an appProperty. */
  set: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/, 'letters, digits, dot, dash and underscore, at most 60')
    .default('haven'),
  partBytes: z
    .int()
    .min(65536)
    .max(2 ** 40)
    .default(268435456),
  compression: z
    .union([
      z.strictObject({ method: z.literal('xz'), level: z.int().min(0).max(9).default(1) }),
      z.strictObject({ method: z.literal('none') }),
    ])
    .default({ method: 'xz', level: 1 }),
  /** Prune: backups younger than this stay. */
  keepWithin: z
    .string()
    .regex(/^[1-9][0-9]{0,3}[dwy]$/, 'a number of days, weeks or years, such as 90d, 12w or 1y')
    .default('1y'),
  /** Prune: so many of the newest good chains of each dataset always stay. */
  keepChains: z.int().min(1).max(10_000).default(2),
  api: z
    .strictObject({
      rootUrl: Url.default('https://www.googleapis.com/'),
      tokenUrl: Url.default('https://oauth2.googleapis.com/token'),
      caPem: z.string().startsWith('-----BEGIN CERTIFICATE-----').optional(),
    })
    .prefault({}),
});
export type Settings = z.infer<typeof Settings>;
export type Compression = Settings['compression'];
