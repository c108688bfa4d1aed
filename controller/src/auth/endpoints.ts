// Where Google's sign-in is. Only B's `settings.api` is looked at; whether the rest of the settings is right is the image's own business.
import * as z from 'zod';
import { HavenError } from '../errors.ts';

/** Haven sees only the files that it made itself. Google's device flow offers nothing wider. */
export const scope = 'https://www.googleapis.com/auth/drive.file';

const Api = z.looseObject({
  rootUrl: z.url({ protocol: /^https?$/ }).default('https://www.googleapis.com/'),
  tokenUrl: z.url({ protocol: /^https?$/ }).default('https://oauth2.googleapis.com/token'),
  caPem: z.string().optional(),
});

export interface Endpoints {
  token: string;
  deviceCode: string;
  /** The page that a browser is sent to. */
  consent: string;
  api: string;
  caPem: string | undefined;
}

/** Given B's settings, return where to sign in; throws bad-request when `api` cannot be read. */
export function endpointsOf(settings: Record<string, unknown>): Endpoints {
  const parsed = Api.safeParse(settings.api ?? {});
  if (!parsed.success) {
    const message = `strategies.b.settings.api: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`;
    throw new HavenError({ code: 'bad-request', operation: 'read the configuration', message });
  }
  const { rootUrl, tokenUrl, caPem } = parsed.data;
  const isGoogle = new URL(tokenUrl).hostname === 'oauth2.googleapis.com';
  return {
    token: tokenUrl,
    deviceCode: new URL('device/code', tokenUrl).href,
    consent: new URL('/o/oauth2/v2/auth', isGoogle ? 'https://accounts.google.com' : tokenUrl).href,
    api: rootUrl,
    caPem,
  };
}
