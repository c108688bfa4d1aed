// Strategy B: `zfs send` streams to Google Drive.
import * as z from 'zod';
import type { Strategy } from './strategy.ts';

// What the kit must know of the settings; everything else in them, and whether they are right, is the image's own business.
const StoreSettings = z.looseObject({
  set: z.string().default('haven'),
  partBytes: z
    .number()
    .default(2 ** 28)
    .catch(2 ** 28),
  api: z
    .looseObject({
      rootUrl: z.string().default('https://www.googleapis.com/'),
      tokenUrl: z.string().default('https://oauth2.googleapis.com/token'),
      caPem: z.string().optional(),
    })
    .prefault({}),
  publicKeys: z.array(z.unknown()).catch([]),
});

export const strategyB: Strategy = {
  name: 'b',
  part: 'strategy-b',
  uid: 1000,
  secretFiles: ['passphrase', 'google-oauth.json'],
  reads: 'streams',
  notKept: ['properties of the dataset, such as quota and compression', 'snapshots before its full'],
  // One travels while the next is made.
  waitingBytes: (settings) => StoreSettings.parse(settings).partBytes * 2,
  addressOf: (settings) => {
    const { rootUrl } = StoreSettings.parse(settings).api;
    return URL.canParse(rootUrl) ? rootUrl : undefined;
  },
  kit: {
    programs: ['restore-b.sh'],
    storeOf: (settings) => {
      const { set, api } = StoreSettings.parse(settings);
      return {
        format: 'haven-b/1',
        set,
        rootUrl: api.rootUrl,
        tokenUrl: api.tokenUrl,
        caPem: api.caPem ?? null,
      };
    },
    ownerKey: {
      files: ['secret-key.asc', 'secret-key-passphrase'],
      isNeeded: (settings) => StoreSettings.parse(settings).publicKeys.length > 0,
    },
  },
  scratch: {
    image: 'haven/drive-emulator',
    args: ['--load', '/haven/copy', '--client', 'scratch:scratch', '--refresh-token', 'scratch'],
    state: { path: '/state', uid: 1000 },
    ready: '"event":"ready"',
    ca: 'ca.pem',
    secrets: {
      'google-oauth.json': JSON.stringify({
        client_id: 'scratch',
        client_secret: 'scratch',
        refresh_token: 'scratch',
      }),
    },
    settings: (settings, caPem) => {
      const rootUrl = 'https://localhost:8443/';
      return { ...settings, api: { rootUrl, tokenUrl: `${rootUrl}token`, caPem } };
    },
  },
};
