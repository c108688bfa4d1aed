// What the suite must be told about an image: how it is run and which of its verbs can be made to wait.
import type { Privileges } from './container.ts';

export const canary = 'canary-hunter2-3f9a';

export interface Profile {
  strategy: 'a' | 'b' | null;
  privileges: Privileges;
  secrets: Record<string, string>;
  kit?: Record<string, string>;
  /** A valid request for each verb that the suite sends; the suite also breaks each of them. */
  requests: Record<string, (blackHole: string) => Record<string, unknown>>;
  /** Verbs among them that an image may do without. */
  optional?: string[];
  /** The verb that waits for something that never comes (a store that never answers, a pipe that nobody opens). */
  waits: string;
}

const common = { contract: '1.0', run: 'conformance-1' };

const throwaway = { scratch: '/haven/work', pool: 'haven-drill-0123abcd' };

const googleOauth = JSON.stringify({
  client_id: `id-${canary}`,
  client_secret: `secret-${canary}`,
  refresh_token: `token-${canary}`,
});

const strategyBSettings = (blackHole: string) => ({
  api: { rootUrl: `http://${blackHole}/`, tokenUrl: `http://${blackHole}/token` },
});

const strategyASettings = (blackHole: string) => ({
  auth: { version: 1, url: `http://${blackHole}/auth/v1.0` },
});

export const profiles: Record<string, Profile> = {
  'haven/strategy-a': {
    strategy: 'a',
    privileges: { user: '0', capabilities: ['DAC_READ_SEARCH'], network: 'bridge' },
    secrets: {
      passphrase: `${canary}\n`,
      'swift.json': JSON.stringify({ user: 'haven:backup', password: `password-${canary}` }),
    },
    requests: {
      list: (blackHole) => ({ ...common, verb: 'list', settings: strategyASettings(blackHole) }),
      audit: (blackHole) => ({ ...common, verb: 'audit', settings: strategyASettings(blackHole) }),
      prune: (blackHole) => {
        return { ...common, verb: 'prune', settings: strategyASettings(blackHole), proven: [] };
      },
      selftest: (blackHole) => ({ ...common, verb: 'selftest', settings: strategyASettings(blackHole) }),
      copy: (blackHole) => {
        return {
          ...common,
          verb: 'copy',
          settings: strategyASettings(blackHole),
          backups: ['0f'.repeat(16)],
        };
      },
    },
    optional: ['selftest', 'copy'],
    waits: 'list',
  },
  'haven/strategy-b': {
    strategy: 'b',
    privileges: { user: '1000:1000', capabilities: [], network: 'bridge' },
    secrets: { passphrase: `${canary}\n`, 'google-oauth.json': googleOauth },
    requests: {
      list: (blackHole) => ({ ...common, verb: 'list', settings: strategyBSettings(blackHole) }),
      audit: (blackHole) => ({ ...common, verb: 'audit', settings: strategyBSettings(blackHole) }),
      prune: (blackHole) => {
        return { ...common, verb: 'prune', settings: strategyBSettings(blackHole), proven: [] };
      },
      selftest: (blackHole) => ({ ...common, verb: 'selftest', settings: strategyBSettings(blackHole) }),
      copy: (blackHole) => {
        return {
          ...common,
          verb: 'copy',
          settings: strategyBSettings(blackHole),
          backups: ['0f'.repeat(16)],
        };
      },
    },
    optional: ['selftest', 'copy'],
    waits: 'list',
  },
  'haven/drill': {
    strategy: null,
    privileges: { user: '1000:1000', capabilities: [], network: 'bridge' },
    secrets: {},
    kit: {
      'store.json': '{}',
      passphrase: `${canary}\n`,
      'google-oauth.json': googleOauth,
      // Nobody opens the other end of the pipe: fetch waits, whatever the kit's program does.
      'restore-b.sh': 'exec sleep 300\n',
    },
    requests: {
      fetch: () => ({ ...common, verb: 'fetch', strategy: 'b', backups: ['0f'.repeat(16)] }),
      look: () => ({ ...common, verb: 'look', strategy: 'b' }),
      parse: () => ({ ...common, verb: 'parse', streams: 1 }),
      restore: () => {
        return { ...common, verb: 'restore', dataset: 'tank/restored', type: 'filesystem', streams: 1 };
      },
      'copy-out': () => ({ ...common, verb: 'copy-out', step: 'look', path: '', really: false }),
      prepare: () => ({ ...common, verb: 'prepare', ...throwaway, sizeBytes: 1 << 30 }),
      seal: () => ({ ...common, verb: 'seal', ...throwaway }),
      alter: () => ({ ...common, verb: 'alter', alterations: ['content'] }),
    },
    waits: 'fetch',
  },
  'haven/noop': {
    strategy: null,
    privileges: { user: '1000:1000', capabilities: [], network: 'none' },
    secrets: { passphrase: `${canary}\n` },
    requests: {
      list: () => ({ ...common, verb: 'list', settings: { script: { sleepMs: 60_000 } } }),
    },
    waits: 'list',
  },
};
