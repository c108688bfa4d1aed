// The drill's fetch of a backup of strategy B ÷ the same parts through `curl | gpg | xz` in a shell: from the same emulated Drive, in the same image, into the same sink, in turns.
// There is no ZFS here, so nobody receives: the sink takes all as fast as it comes, and counts it. Needs Docker and the images.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExecaError, execa } from 'execa';
import { accessToken, makeKit } from '../drill/backup-on-drive.ts';
import type { Cost } from './duplicity.ts';
import { type Figure, median, round } from './figure.ts';
import type { Place } from './place.ts';
import { backUp, type Compression } from './strategy-b.ts';
import { streamFile } from './stream.ts';

const image = process.env.HAVEN_IMAGE_DRILL ?? 'haven/drill';
const measure = fileURLToPath(new URL('in-container/measure.py', import.meta.url));
/** A stream is so many parts: with one alone nothing could overlap. */
const parts = 8;

interface Case {
  compression: Compression;
  /** Of the line that each download goes over; null: as fast as the emulator gives it. */
  bytesPerSecond: number | null;
}

const zstd: Compression = { method: 'zstd', level: 3 };
const all: Case[] = [
  // 100 Mbit/s, which is more than most have.
  { compression: zstd, bytesPerSecond: 12e6 },
  { compression: { method: 'xz', level: 1 }, bytesPerSecond: null },
  { compression: zstd, bytesPerSecond: null },
  { compression: { method: 'none' }, bytesPerSecond: null },
];

type Here = Pick<Place, 'work' | 'cache' | 'drive' | 'mebibytes' | 'rounds' | 'tell'>;

export async function drill(place: Here, cases = all): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { compression, bytesPerSecond } of cases) {
    const line = bytesPerSecond === null ? '' : `, ${bytesPerSecond / 1e6} MB/s`;
    const method = compression.method === 'none' ? 'none' : `${compression.method} -${compression.level}`;
    const name = method + line;
    // As in `pipeline`: to make it takes xz many times longer. And a line takes its time.
    const quick = compression.method !== 'xz' && bytesPerSecond === null;
    const mebibytes = quick ? place.mebibytes : Math.ceil(place.mebibytes / 4);
    const job = await prepare(place, mebibytes, compression);
    if (bytesPerSecond !== null)
      await place.drive.fault('slow', { match: 'download', bytesPerSecond, times: 1000 });
    const costs: { shell: Cost[]; ours: Cost[] } = { shell: [], ours: [] };
    try {
      for (let n = 0; n < place.rounds; n += 1) {
        const turns = ['shell', 'ours'] as const;
        // Who goes first changes: what the first one leaves in the page cache would favour nobody twice.
        for (const who of n % 2 === 0 ? turns : turns.toReversed()) costs[who].push(await run(job, who));
        const told = (cost: Cost) => `${round(cost.seconds)} s (CPU ${round(cost.cpuSeconds)})`;
        place.tell(
          `drill, ${name}, ${mebibytes} MiB: shell ${told(costs.shell.at(-1)!)}, ours ${told(costs.ours.at(-1)!)}`,
        );
      }
    } finally {
      await place.drive.admin('DELETE faults');
      rmSync(job.folder, { recursive: true, force: true });
    }
    const speeds = costs.shell.map(({ seconds }, n) => seconds / costs.ours[n]!.seconds);
    const cpus = costs.shell.map(({ cpuSeconds }, n) => costs.ours[n]!.cpuSeconds / cpuSeconds);
    figures.push(
      {
        ...{ scenario: 'drill', what: `${name}: of the shell’s speed`, value: median(speeds), unit: '' },
        target: { atLeast: 0.9 },
        from: speeds.map(round).join(', '),
      },
      {
        ...{ scenario: 'drill', what: `${name}: CPU time ÷ the shell’s`, value: median(cpus), unit: '' },
        from: cpus.map(round).join(', '),
      },
    );
  }
  return figures;
}

interface Job {
  folder: string;
  /** The recovery kit's half, and beside it what the shell needs: an access token, and the addresses of the parts. */
  kit: string;
  bytes: number;
  decompress: string;
}

async function prepare(place: Here, mebibytes: number, compression: Compression): Promise<Job> {
  const { drive } = place;
  const partBytes = Math.ceil((mebibytes * 2 ** 20) / parts);
  const stream = streamFile(place.cache, mebibytes);
  const { stdout } = await backUp({ stream, compression, store: 'drive', partBytes }, place);
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { backups: { id: string }[] };
  const { id } = last.backups[0]!;
  const files = (await drive.admin('GET files')).files as { id: string; name: string }[];
  const ofBackup = files
    .filter(({ name }) => name.startsWith(`h1-${id}-`) && !name.endsWith('manifest'))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const folder = mkdtempSync(join(place.work, 'drill-'));
  const kit = await makeKit(drive);
  const { rootUrl, caPem } = JSON.parse(readFileSync(join(kit, 'store.json'), 'utf8')) as Store;
  writeFileSync(join(kit, 'passphrase'), 'bench\n');
  writeFileSync(join(kit, 'ca.pem'), caPem);
  writeFileSync(join(kit, 'authorization'), `Authorization: Bearer ${await accessToken(drive as never)}\n`);
  const addresses = ofBackup.map((file) => `${rootUrl}drive/v3/files/${file.id}?alt=media\n`);
  writeFileSync(join(kit, 'parts'), addresses.join(''));
  const request = { contract: '1.0', verb: 'fetch', run: 'bench', strategy: 'b', backups: [id] };
  writeFileSync(join(folder, 'request.json'), JSON.stringify(request));
  const packed = compression.method !== 'none';
  return {
    ...{ folder, kit, bytes: statSync(stream).size },
    decompress: packed ? `| ${compression.method} --decompress --stdout` : '',
  };
}

interface Store {
  rootUrl: string;
  caPem: string;
}

const scripts = {
  shell: ({ decompress }: Job) => `set -o pipefail
mkdir -m 700 /tmp/gnupg
while read -r part; do
  curl --silent --fail --cacert /haven/kit/ca.pem --header @/haven/kit/authorization "$part" |
    gpg --batch --quiet --no-options --homedir /tmp/gnupg --pinentry-mode loopback --passphrase-file /haven/kit/passphrase --decrypt ${decompress} || exit 1
done < /haven/kit/parts | wc --bytes`,
  ours: () => `(until [ -p /haven/pipe/stream-000 ]; do sleep 0.05; done; wc --bytes < /haven/pipe/stream-000) & sink=$!
python3 -s -m haven_drill fetch >&2 || exit 1
wait $sink`,
};

/** Given a job, do it once, in a container that is measured from its inside; throws when not all of the stream arrived. */
async function run(job: Job, who: keyof typeof scripts): Promise<Cost> {
  const volumes = Object.entries({ pipe: '/haven/pipe', work: '/haven/work' }).flatMap(([name, to]) => {
    const path = join(job.folder, name);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
    chmodSync(path, 0o777);
    return ['--volume', `${path}:${to}`];
  });
  const args = [
    ...['run', '--rm', '--network', 'host', '--user', '0', '--cap-drop', 'ALL', '--read-only'],
    ...['--tmpfs', '/tmp', '--volume', `${measure}:/measure.py:ro`, '--volume', `${job.kit}:/haven/kit:ro`],
    ...['--volume', `${join(job.folder, 'request.json')}:/haven/request.json:ro`, ...volumes],
    ...['--entrypoint', 'python3', image, '/measure.py', 'bash', '-c', scripts[who](job)],
  ];
  try {
    const { stdout, stderr } = await execa('docker', args);
    if (!stderr.split('\n').includes(String(job.bytes)))
      throw new Error(`${who}: not all ${job.bytes} bytes came through: ${stderr.slice(-2000)}`);
    return JSON.parse(stdout) as Cost;
  } catch (error) {
    const { stderr = '', message } = error as ExecaError;
    throw new Error(`${who} failed: ${message.slice(0, 300)} ${String(stderr).slice(-3000)}`, {
      cause: error,
    });
  }
}
