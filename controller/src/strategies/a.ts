// Strategy A: the files of a snapshot, by duplicity, to OpenStack Swift.
import * as z from 'zod';
import type { Strategy } from './strategy.ts';

// What the kit must know of the settings; everything else in them, and whether they are right, is the image's own business.
const StoreSettings = z.looseObject({
  container: z.string().default('haven'),
  auth: z.record(z.string(), z.unknown()).default({}),
  volumeMiB: z.number().default(200).catch(200),
});

export const strategyA: Strategy = {
  name: 'a',
  part: 'strategy-a',
  uid: 0,
  secretFiles: ['passphrase', 'swift.json'],
  reads: 'trees',
  notKept: [
    'volumes (zvols)',
    'times of the last access and of the last change of an inode, birth times, and inode numbers',
    'extended attributes that only a privileged process sees (trusted.*)',
    'where exactly a file’s holes are, when the blocks of the pool are larger',
    'properties of the dataset, such as quota and compression',
    'snapshots as such: each backup is the files of one',
  ],
  // Two volumes and the signatures, of which the default leaves room for half a volume.
  waitingBytes: (settings) => StoreSettings.parse(settings).volumeMiB * 2.5 * 2 ** 20,
  addressOf: (settings) => {
    const { url } = StoreSettings.parse(settings).auth;
    return typeof url === 'string' && URL.canParse(url) ? url : undefined;
  },
  kit: {
    programs: ['restore-a.sh', 'attributes.py'],
    storeOf: (settings) => {
      const { container, auth } = StoreSettings.parse(settings);
      return { format: 'haven-a/1', container, auth };
    },
  },
  scratch: {
    image: 'haven/swift',
    args: ['--load', '/haven/copy'],
    // It needs a disk with extended attributes, and gets a volume of its own.
    state: null,
    ready: 'swift: ready',
    ca: null,
    secrets: { 'swift.json': JSON.stringify({ user: 'haven:backup', password: 'havenpass' }) },
    settings: (settings) => ({
      ...settings,
      container: 'haven',
      auth: { version: 1, url: 'http://localhost:8080/auth/v1.0' },
    }),
  },
};
