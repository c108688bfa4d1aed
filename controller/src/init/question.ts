// What the wizard wants to know, apart from how it gets to know it: from a person at a terminal, or from a file of answers.

export interface Question<T> {
  /** Its name in a file of answers. */
  key: string;
  words: string;
  /** Not shown while it is typed. */
  hidden?: boolean;
  /** Returns what the answer means; throws Refused when it means nothing. */
  read: (answer: string) => T;
  /** What holds when nothing is answered, and how that is shown. */
  present?: { value: T; shown: string } | undefined;
}

export type Ask = <T>(question: Question<T>) => Promise<T>;

/** An answer that cannot be taken; the message says what could. */
export class Refused extends Error {}

export function refuse(message: string): never {
  throw new Refused(message);
}

/** Every question, in their order, as the help and docs/operate/init.md explain them. */
export const keys: Record<string, string> = {
  datasets: 'what to back up: full names, commas between; with + at its end also all that is below it',
  'ids.DATASET': 'for each of them the public name, shown in logs and lists (photos for tank/photos)',
  timezone: 'of the schedule: Europe/Berlin',
  backups: 'when, as a cron expression: "0 3 * * *"; never: by hand only',
  drills: 'when, as a cron expression: "0 5 * * 0"; never: by hand only',
  uplink: 'megabits per second, to tell how long the first upload takes; left out: it is not told',
  strategies: 'a, b, or a and b',
  'a.version': 'of the sign-in to Swift (OS_IDENTITY_API_VERSION): 3, 2 or 1',
  'a.url': 'where to sign in (OS_AUTH_URL)',
  'a.region': 'OS_REGION_NAME; none: the only one. Not for version 1',
  'a.project': 'OS_PROJECT_NAME or OS_TENANT_NAME. Not for version 1',
  'a.userDomain': 'OS_USER_DOMAIN_NAME. For version 3 alone',
  'a.projectDomain': 'OS_PROJECT_DOMAIN_NAME. For version 3 alone',
  'a.container': 'the container, which Haven makes',
  'a.user': 'OS_USERNAME',
  'a.password': 'OS_PASSWORD; or a.passwordFile, which names a file that holds it',
  'b.clientId': 'of your OAuth client (docs/operate/google-drive.md)',
  'b.clientSecret': 'of your OAuth client; or b.clientSecretFile',
  'b.set': 'the name of the set of backups in Google Drive',
  write: 'yes: write, or overwrite, haven.yaml and the secrets',
  delegate: 'yes: run the `zfs allow` that strategy B needs',
  test: 'yes: put, get, list and delete a few small objects in each store',
  backup: 'yes: make the first backup',
  drill: 'yes: restore it and compare every byte',
};

export function yesOrNo(answer: string): boolean {
  if (/^(y|yes|true)$/i.test(answer)) return true;
  if (/^(n|no|false)$/i.test(answer)) return false;
  return refuse('yes or no');
}

export function confirm(key: string, words: string, value?: boolean): Question<boolean> {
  const present = value === undefined ? undefined : { value, shown: value ? 'yes' : 'no' };
  return { key, words, read: yesOrNo, present };
}

/** A question for a word or two, where what holds now is what was answered before. */
export function text(
  key: string,
  words: string,
  before: unknown,
  read: (answer: string) => string = someText,
): Question<string> {
  const present = typeof before === 'string' && before !== '' ? { value: before, shown: before } : undefined;
  return { key, words, read, present };
}

/** A secret; what holds now is kept unseen. */
export function secret(key: string, words: string, before: unknown): Question<string> {
  const present =
    typeof before === 'string' && before !== '' ? { value: before, shown: 'as it is' } : undefined;
  return { key, words, hidden: true, read: someText, present };
}

export function someText(answer: string): string {
  if (/^[^\u0000-\u001f\u007f]{1,255}$/.test(answer)) return answer;
  return refuse('1 to 255 characters, none of them a control character');
}
