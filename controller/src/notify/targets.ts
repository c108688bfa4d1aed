// haven.yaml: notify. Where news goes. Addresses that are secrets themselves (a ping URL, a topic, a webhook) are files in HAVEN_HOME/secrets/notify, never in
// the configuration.
import * as z from 'zod';

/** `backup-b`: what a run is a run of. */
const Job = z
  .string()
  .regex(
    /^(backup|drill|stream|audit|prune)-[ab]$/,
    'backup, drill, stream, audit or prune, a dash, and the strategy, such as backup-b',
  );

const SecretFile = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    'the name of a file in HAVEN_HOME/secrets/notify, without a path',
  );

const Occasion = z.enum(['failure', 'recovery', 'success']);
export type Occasion = z.infer<typeof Occasion>;

/** Whatever the target, only news of these jobs; default: of all. */
const jobs = z.array(Job).min(1).optional();
const on = z.array(Occasion).min(1).default(['failure', 'recovery']);

const Mailbox = z.string().regex(/^[^\s@]+@[^\s@]+$/, 'an e-mail address');

/** These are told of every run, for their silence is the alarm. */
const Healthchecks = z.strictObject({
  kind: z.literal('healthchecks'),
  urlFile: SecretFile,
  jobs,
  /** Sends the end of the run's log along. It names no dataset, but ids, sizes and errors. */
  log: z.boolean().default(false),
});
const UptimeKuma = z.strictObject({ kind: z.literal('uptime-kuma'), urlFile: SecretFile, jobs });

/** These are told when something changes: once when it fails, once when it works again. */
const Ntfy = z.strictObject({
  kind: z.literal('ntfy'),
  urlFile: SecretFile,
  tokenFile: SecretFile.optional(),
  jobs,
  on,
});
const Webhook = z.strictObject({ kind: z.literal('webhook'), urlFile: SecretFile, jobs, on });
const Apprise = z.strictObject({ kind: z.literal('apprise'), urlFile: SecretFile, jobs, on });
const Smtp = z
  .strictObject({
    kind: z.literal('smtp'),
    host: z.string().min(1),
    port: z.int().min(1).max(65535).default(587),
    /** `none` only on a line that nobody else has. */
    security: z.enum(['starttls', 'tls', 'none']).default('starttls'),
    user: z.string().min(1).optional(),
    passwordFile: SecretFile.optional(),
    from: Mailbox,
    to: z.array(Mailbox).min(1),
    jobs,
    on,
  })
  .refine(({ user, passwordFile }) => (user === undefined) === (passwordFile === undefined), {
    message: 'user and passwordFile go together',
    path: ['user'],
  });

export const Notify = z
  .strictObject({
    targets: z
      .array(z.discriminatedUnion('kind', [Healthchecks, UptimeKuma, Ntfy, Webhook, Apprise, Smtp]))
      .default([]),
  })
  .prefault({});
export type Notify = z.infer<typeof Notify>;
export type Target = Notify['targets'][number];
export type TargetOf<K extends Target['kind']> = Extract<Target, { kind: K }>;
