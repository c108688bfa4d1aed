// Where the backups go, and as whom. The words of OpenStack's own openrc files stand beside each question: that is where most find the answers.
import type { PartialLogin, SwiftLogin } from './present.ts';
import { type Ask, refuse, secret, someText, text } from './question.ts';

export interface SwiftStore {
  container: string;
  auth: Record<string, unknown>;
  login: SwiftLogin;
}

export interface GoogleStore {
  set: string;
  client: { client_id: string; client_secret: string };
}

/** Keystone's, and strategy A's where nothing else is written. */
const usualDomain = 'Default';

export async function chooseSwift(
  ask: Ask,
  settings: Record<string, unknown>,
  before: PartialLogin,
): Promise<SwiftStore> {
  const auth = (settings.auth ?? {}) as Record<string, unknown>;
  const version = await ask({
    key: 'a.version',
    words: 'Version of the sign-in (OS_IDENTITY_API_VERSION; OVHcloud has 3)',
    read: (answer) => (/^[123]$/.test(answer) ? Number(answer) : refuse('1, 2 or 3')),
    present: { value: Number(auth.version ?? 3), shown: String(auth.version ?? 3) },
  });
  const url = await ask(text('a.url', 'Address of the sign-in (OS_AUTH_URL)', auth.url, address));
  const kept = version === auth.version ? auth : {};
  const project = version === 1 ? {} : await chooseProject(ask, version, kept);
  const container = await ask(
    text('a.container', 'Container', settings.container ?? 'haven', (answer) =>
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(answer)
        ? answer
        : refuse('1 to 100 letters, digits, dots, dashes or underscores'),
    ),
  );
  const user = await ask(text('a.user', 'User (OS_USERNAME)', before.user));
  const password = await ask(secret('a.password', 'Password (OS_PASSWORD; not shown)', before.password));
  const { caPem } = auth;
  const authority = caPem === undefined ? {} : { caPem };
  return { container, auth: { version, url, ...project, ...authority }, login: { user, password } };
}

async function chooseProject(
  ask: Ask,
  version: number,
  before: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const none = { value: '', shown: 'none' };
  const regionBefore = text('a.region', '', before.region).present ?? none;
  const region = await ask({
    key: 'a.region',
    words: 'Region (OS_REGION_NAME)',
    read: (answer) => (answer === 'none' ? '' : someText(answer)),
    present: regionBefore,
  });
  const where = region === '' ? {} : { region };
  // Who wrote a projectId by hand named the project already.
  const named =
    typeof before.projectId === 'string'
      ? { projectId: before.projectId }
      : {
          project: await ask(
            text('a.project', 'Project (OS_PROJECT_NAME or OS_TENANT_NAME)', before.project),
          ),
        };
  if (version < 3) return { ...where, ...named };
  const domains: Record<string, string> = {};
  for (const [field, words] of [
    ['userDomain', 'Domain of the user (OS_USER_DOMAIN_NAME)'],
    ['projectDomain', 'Domain of the project (OS_PROJECT_DOMAIN_NAME)'],
  ] as const) {
    const domain = await ask(text(`a.${field}`, words, before[field] ?? usualDomain));
    // What is so anyhow need not be written.
    if (domain !== usualDomain || field in before) domains[field] = domain;
  }
  return { ...where, ...named, ...domains };
}

export async function chooseGoogle(
  ask: Ask,
  settings: Record<string, unknown>,
  before: { client_id?: string | undefined; client_secret?: string | undefined },
): Promise<GoogleStore> {
  const client_id = await ask(text('b.clientId', 'Client ID of your OAuth client', before.client_id));
  const client_secret = await ask(
    secret('b.clientSecret', 'Client secret (not shown)', before.client_secret),
  );
  const set = await ask(text('b.set', 'Name of the set of backups', settings.set ?? 'haven'));
  return { set, client: { client_id, client_secret } };
}

function address(answer: string): string {
  const url = URL.canParse(answer) ? new URL(answer) : undefined;
  const good = url && /^https?:$/.test(url.protocol) && !url.username && !url.search && !url.hash;
  return good ? answer : refuse('an address such as https://auth.cloud.ovh.net/v3, without user, ? or #');
}
