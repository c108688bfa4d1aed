// The owner's public keys: read and tried before a backup begins, so that a certificate that gpg cannot encrypt to costs no snapshot and no upload.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HavenError } from '../contract/errors.ts';
import { encryptSpec, type Seal, showKeysSpec, type ToolBox } from './openpgp.ts';
import { isEncrypted } from './openpgp-frame.ts';
import { through } from './through.ts';

export interface Recipient {
  /** Of the certificate's primary key. */
  fingerprint: string;
  /** Where the certificate lies, for this run. */
  file: string;
}

/** Given armored certificates, return them as files; throws bad-request, which tells which one cannot be used and why. */
export async function readRecipients(certificates: string[], tools: ToolBox): Promise<Recipient[]> {
  const recipients: Recipient[] = [];
  for (const [index, armored] of certificates.entries()) {
    const file = join(tools.gnupgHome, `recipient-${index}.asc`);
    writeFileSync(file, armored);
    const fingerprint = await fingerprintOf(armored, index, tools);
    await tryOut({ fingerprint, file }, index, tools);
    recipients.push({ fingerprint, file });
  }
  return recipients;
}

/**
 * Given the recipients, return what a part is sealed with. Without public keys that is the owner's passphrase. With them it is a passphrase that exists for this one part and in
 * memory alone: the part is proven by it before it travels, and then it can be opened by the secret keys only, which are not on this host.
 */
export function sealPart(recipients: Recipient[], tools: ToolBox, randomId: () => string): Seal {
  if (recipients.length === 0) return sealManifest(tools);
  return { passphrase: randomId() + randomId(), certificates: recipients.map(({ file }) => file) };
}

/** Always the owner's passphrase, never a public key: whoever knows a public key could write a manifest (docs/decisions/0009). */
export function sealManifest({ passphrases }: ToolBox): Seal {
  return { passphrase: passphrases[0]!, certificates: [] };
}

async function fingerprintOf(armored: string, index: number, tools: ToolBox): Promise<string> {
  const shown = await through(showKeysSpec(tools), Buffer.from(armored), tools).catch((error) => {
    throw unusable(index, 'gpg cannot read it', error);
  });
  const lines = shown
    .toString('utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const primary = lines.filter(([record]) => record === 'pub');
  if (primary.length !== 1) throw unusable(index, `it holds ${primary.length} public keys, not one`);
  return lines.find(([record]) => record === 'fpr')![9]!;
}

/** An expired key, one for signing only, one of a kind that this gpg does not know: it says so by failing. */
async function tryOut({ fingerprint, file }: Recipient, index: number, tools: ToolBox): Promise<void> {
  const seal = { passphrase: 'of a message that nobody keeps', certificates: [file] };
  const message = await through(encryptSpec(tools, seal), Buffer.from('to be or not'), tools).catch(
    (error) => {
      throw unusable(index, `nothing can be encrypted to ${fingerprint}`, error);
    },
  );
  if (isEncrypted(message)) return;
  throw unusable(index, `what is encrypted to ${fingerprint} is not of the form that FORMAT.md describes`);
}

function unusable(index: number, what: string, cause?: unknown): HavenError {
  if (cause instanceof HavenError && cause.code === 'interrupted') return cause;
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new HavenError('bad-request', `settings.publicKeys[${index}] cannot be used: ${what}${why}`, {
    operation: 'read public keys',
    subject: `publicKeys[${index}]`,
    hint: 'each entry is one OpenPGP certificate, not expired, with a key for encryption: `gpg --armor --export NAME`',
    cause,
  });
}
