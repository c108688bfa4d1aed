// Makes one part: piece → compress → encrypt → spool file. Two proofs say that no tool exited 0 after half of its work:
// by counts (count-proof.ts), of every part as it is made; and by decrypting and decompressing what lies on the disk (`provePart`), when the caller has the time.
import { HavenError } from '../contract/errors.ts';
import { startStage } from '../process/child.ts';
import type { Compression } from '../settings.ts';
import type { SpoolFile } from '../spool/spool.ts';
import { drainLast, feedFirst, feedNext } from './copy.ts';
import { createCountProof } from './count-proof.ts';
import { createMeasure, measured } from './measure.ts';
import {
  compressSpec,
  decompressSpec,
  decryptSpec,
  encryptSpec,
  type Seal,
  type ToolBox,
} from './openpgp.ts';
import { runStages } from './run-stages.ts';

export interface MadePart {
  stream: { bytes: number; sha256: string };
  stored: { bytes: number; sha256: string; md5: string };
}

/** Given a piece of the stream, return its hashes once it is in `file`, synced and proven by counts. */
export async function makePart(
  piece: AsyncIterable<Buffer>,
  compression: Compression,
  file: SpoolFile,
  tools: ToolBox,
  seal: Seal,
): Promise<MadePart> {
  const plain = createMeasure('sha256');
  const stored = createMeasure('sha256', 'md5');
  const counts = await createCountProof(compression);
  const compressor = compressSpec(tools, compression);
  const encryptor = encryptSpec(tools, seal);
  const specs = compressor === null ? [encryptor] : [compressor, encryptor];
  const stages = specs.map(startStage);

  await runStages({
    stages,
    stallMs: tools.stallMs,
    stop: tools.stop,
    steps: (watchdog) => [
      feedFirst(measured(piece, plain, counts.takePlain), stages[0]!, watchdog),
      ...stages.slice(1).map((stage, index) => feedNext(stages[index]!, stage, watchdog, counts.takePacked)),
      drainLast(stages.at(-1)!, watchdog, async (chunk) => {
        stored.take(chunk);
        counts.takeStored(chunk);
        await file.write(chunk);
      }),
    ],
  });
  await file.seal();
  if (file.bytes() !== stored.bytes) throw unproven('the spool file has another length than what gpg gave');
  const disagreement = counts.disagreement(plain.bytes);
  if (disagreement !== null) throw unproven(disagreement);

  return {
    stream: { bytes: plain.bytes, sha256: plain.digest('sha256') },
    stored: { bytes: stored.bytes, sha256: stored.digest('sha256'), md5: stored.digest('md5') },
  };
}

/** Given a part in the spool, decrypt and decompress it and compare with the piece; throws `failed` when it is not that piece. */
export async function provePart(
  made: MadePart,
  compression: Compression,
  file: SpoolFile,
  tools: ToolBox,
  { passphrase }: Seal,
): Promise<void> {
  const back = createMeasure('sha256');
  const decompressor = decompressSpec(tools, compression);
  const input = file.openForReading();
  try {
    const decrypt = decryptSpec(tools, input.fd, passphrase);
    const stages = (decompressor === null ? [decrypt] : [decrypt, decompressor]).map(startStage);
    await runStages({
      stages,
      stallMs: tools.stallMs,
      stop: tools.stop,
      steps: (watchdog) => [
        ...stages.slice(1).map((stage, index) => feedNext(stages[index]!, stage, watchdog)),
        drainLast(stages.at(-1)!, watchdog, back.take),
      ],
    });
  } catch (error) {
    if (error instanceof HavenError && error.code === 'interrupted') throw error;
    throw unproven(error instanceof HavenError ? error.message : 'it could not be read back', error);
  } finally {
    input.close();
  }
  if (back.bytes !== made.stream.bytes || back.digest('sha256') !== made.stream.sha256)
    throw unproven('it does not decrypt to what was encrypted');
}

function unproven(message: string, cause?: unknown): HavenError {
  return new HavenError('failed', `a part failed its proof: ${message}`, {
    operation: 'prove part',
    hint: 'the compressor, gpg, the memory or the disk of this host is not to be trusted: check them',
    cause,
  });
}
