// The owner's own OAuth client: from the JSON that Google's console offers for download, from a plain file, or from the present sign-in.
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { HavenError } from '../errors.ts';

export const OauthClient = z.object({
  client_id: z.string().trim().min(1),
  client_secret: z.string().trim().min(1),
});
export type OauthClient = z.infer<typeof OauthClient>;

/** Given the path of a client file, return the client; throws bad-request that names the file and never its content. */
export function readClientFile(path: string): OauthClient {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw wrong(path, code === undefined ? 'is not JSON' : `cannot be read (${code})`);
  }
  const { installed, web } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (web !== undefined) throw wrong(path, 'is of a "Web application" client, which cannot sign in here');
  const client = OauthClient.safeParse(installed ?? value);
  if (!client.success) throw wrong(path, 'holds no client_id and client_secret');
  return client.data;
}

function wrong(path: string, what: string): HavenError {
  return new HavenError({
    code: 'bad-request',
    operation: 'read the OAuth client',
    subject: path,
    message: `${path} ${what}`,
    hint: 'download it in the Google Cloud console, at "Clients" (docs/operate/google-drive.md)',
  });
}

/** Google's ids begin with the project's number. Files made by one project cannot be seen by another. */
export function projectOf(clientId: string): string {
  return clientId.split('-')[0]!;
}
