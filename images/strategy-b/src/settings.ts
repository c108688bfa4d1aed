// Strategy B's own section of the configuration, as the owner writes it in haven.yaml at strategies.b.settings.
import * as z from 'zod';

const Url = z.url({ protocol: /^https?$/ });

/** Of the compressor. Each takes memory and a core. */
const threads = z.int().min(1).max(64).default(1);

export const Settings = z.strictObject({
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
  /** Held against what a slow machine can do in docs/decisions/0006-compression.md. */
  compression: z
    .discriminatedUnion('method', [
      z.strictObject({ method: z.literal('xz'), level: z.int().min(0).max(9).default(1), threads }),
      z.strictObject({ method: z.literal('zstd'), level: z.int().min(1).max(19).default(3), threads }),
      z.strictObject({ method: z.literal('none') }),
    ])
    .default({ method: 'xz', level: 1, threads: 1 }),
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
