// What an incremental of one per cent takes off-site ÷ what the same in a shell would: nothing may be added but the manifest.
import type { Figure } from './figure.ts';
import type { Place } from './place.ts';
import { shellPipeline } from './shell.ts';
import { backUp } from './strategy-b.ts';
import { streamFile } from './stream.ts';

export async function incremental(place: Place): Promise<Figure[]> {
  const stream = streamFile(place.cache, Math.max(1, Math.round(place.mebibytes / 100)), 1);
  const compression = { method: 'xz', level: 1 } as const;
  const before = await storedInDrive(place);
  await backUp({ stream, compression, store: 'drive' }, place);
  const ours = (await storedInDrive(place)) - before;
  const shell = Number((await shellPipeline(stream, compression, '| wc -c', place)).stdout);
  place.tell(`incremental: ${ours} bytes off-site, the shell’s message has ${shell}`);
  const what = 'bytes off-site ÷ the shell’s';
  return [{ scenario: 'incremental', what, value: ours / shell, unit: '', target: { atMost: 1.02 } }];
}

/** With the manifest. */
async function storedInDrive({ drive }: Place): Promise<number> {
  const files = (await drive.admin('GET files')).files as { blobSize?: number }[];
  return files.reduce((sum, { blobSize = 0 }) => sum + blobSize, 0);
}
