// secrets/b/google-oauth.json. It is replaced whole and durably or not at all. The one before stays beside it as `.bak` until the new one was
// tried: whatever is killed when, there is always one whole file, and the last one that worked is not lost.
import { chownSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { HavenError } from '../errors.ts';
import { syncFolder, writeWhole } from '../files/write-whole.ts';
import { OauthClient } from './client.ts';

const uidOfB = 1000;
/** As `haven doctor` demands: B only reads it, and we replace it. */
const ownership = { mode: 0o400, uid: uidOfB };

export const SignIn = z.object({
  ...OauthClient.shape,
  refresh_token: z.string().min(1),
  signed_in_at: z.string().optional(),
  /** E-mail address of the Google account, once it was asked. */
  account: z.string().optional(),
});
export type SignIn = z.infer<typeof SignIn>;
const PartialSignIn = SignIn.partial();
export type PartialSignIn = z.infer<typeof PartialSignIn>;

/** Given the path, return what is in it; undefined where there is no file or no JSON in it. Any field may be missing. */
export function readSignIn(path: string): PartialSignIn | undefined {
  try {
    const parsed = PartialSignIn.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Puts a new sign-in into its place. A `.bak` that is there already is of a sign-in that worked; what it was to be replaced by was never tried. */
export function placeSignIn(path: string, signIn: SignIn): void {
  guarded(path, () => {
    makeFolder(dirname(path));
    if (existsSync(path) && !existsSync(backupOf(path))) linkSync(path, backupOf(path));
    writeWhole(path, `${JSON.stringify(signIn, null, 2)}\n`, ownership);
  });
}

/** The new one works: it is written once more with what the try told, and the one before goes. */
export function keepSignIn(path: string, signIn: SignIn): void {
  guarded(path, () => {
    writeWhole(path, `${JSON.stringify(signIn, null, 2)}\n`, ownership);
    rmSync(backupOf(path), { force: true });
    syncFolder(dirname(path));
  });
}

/** The new one does not work: the one before comes back. Says whether there was one. */
export function restoreSignIn(path: string): boolean {
  if (!existsSync(backupOf(path))) return false;
  guarded(path, () => {
    renameSync(backupOf(path), path);
    syncFolder(dirname(path));
  });
  return true;
}

/** Is the sign-in before still kept, because the present one was never seen working? */
export function existsBackup(path: string): boolean {
  return existsSync(backupOf(path));
}

function backupOf(path: string): string {
  return `${path}.bak`;
}

function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.getuid?.() === 0) chownSync(folder, uidOfB, uidOfB);
}

function guarded(path: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    throw new HavenError(
      {
        code: full ? 'local-full' : 'failed',
        operation: 'write the sign-in',
        subject: path,
        message: `${path} could not be written (${code})`,
        hint: full ? 'free space there, then sign in again' : `check owner and mode of ${dirname(path)}`,
      },
      { cause },
    );
  }
}
