// The same pipeline as an experienced owner would write it in a shell.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './place.ts';
import { figuresOf, type ProcessFigures } from './process-figures.ts';
import type { Compression } from './strategy-b.ts';

const gpg =
  'gpg --batch --no-tty --quiet --no-options --no-autostart --homedir "$1" --pinentry-mode loopback --passphrase-file "$1/passphrase" ' +
  '--symmetric --cipher-algo AES256 --compress-algo none --s2k-digest-algo SHA512 --s2k-count 8388608';

/** Given a stream and what takes the message, run `cat stream | xz | gpg | …`. */
export async function shellPipeline(
  stream: string,
  compression: Compression,
  sink: string,
  { work }: Pick<Place, 'work'>,
): Promise<ProcessFigures> {
  writeFileSync(join(work, 'passphrase'), 'bench\n', { mode: 0o600 });
  const compressor = {
    xz: (level: number) => `| xz --compress --stdout -${level} --threads=1`,
    zstd: (level: number) => `| zstd --compress --stdout -${level} --quiet --check --single-thread`,
  };
  const packed = compression.method === 'none' ? '' : compressor[compression.method](compression.level);
  const script = `set -o pipefail; cat "$2" ${packed} | ${gpg} ${sink}`;
  return figuresOf(['bash', '-c', script, 'shell', work, stream]);
}
