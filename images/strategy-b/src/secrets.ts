// The two secrets, read from files, never from environment or argv (CONTRACT.md, section 1).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { errnoOf, HavenError } from './contract/errors.ts';
import type { Credentials } from './drive/connection.ts';

export interface Secrets {
  /** The first encrypts; all decrypt (docs/operate/encryption.md). At least one. */
  passphrases: string[];
  credentials: Credentials;
}

const GoogleOauth = z.object({
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  refresh_token: z.string().min(1),
  signed_in_at: z.string().optional().catch(undefined),
});

/** Given the folder of secrets, return them; throws bad-request that names the file and never its content. */
export function readSecrets(folder: string): Secrets {
  return { passphrases: readPassphrases(folder), credentials: readCredentials(folder) };
}

function readPassphrases(folder: string): string[] {
  const lines = readSecret(folder, 'passphrase').split('\n');
  if (lines[0] === '') throw wrong('passphrase', 'its first line is empty', 'write the passphrase into it');
  return lines.filter((line) => line !== '');
}

function readCredentials(folder: string): Credentials {
  const name = 'google-oauth.json';
  try {
    return GoogleOauth.parse(JSON.parse(readSecret(folder, name)));
  } catch (error) {
    if (error instanceof HavenError) throw error;
    throw wrong(
      name,
      'it must hold client_id, client_secret and refresh_token',
      'sign in: haven auth google',
    );
  }
}

function readSecret(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch (error) {
    throw wrong(name, `it cannot be read (${errnoOf(error)})`, 'it must exist and be readable by uid 1000');
  }
}

function wrong(name: string, what: string, hint: string): HavenError {
  return new HavenError('bad-request', `secret ${name}: ${what}`, {
    operation: 'read secrets',
    subject: name,
    hint,
  });
}
