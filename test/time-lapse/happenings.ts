// What happens to a server in years. Drawn from a seed, but each kind as often as the span allows, so that no run is without one.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeKit } from '../../controller/src/kit/write-kit.ts';
import type { Random } from '../kill/seeded-random.ts';
import type { Life } from './life.ts';

/** How long a trouble lasts. */
export interface Hours {
  short: number;
  long: number;
}

export interface Happening {
  day: number;
  what: string;
  strike(life: Life): Promise<void> | void;
}

/** Given the length of the story, return what happens on which day. */
export function happeningsOf(days: number, hours: Hours, random: Random): Happening[] {
  const within = (from: number, to: number) =>
    Math.floor(days * from) + random.below(Math.max(1, Math.floor(days * (to - from))));
  return [
    outage(within(0.15, 0.2), hours.short),
    outage(within(0.45, 0.5), hours.long),
    outage(within(0.8, 0.85), hours.short),
    machineOff(within(0.3, 0.34), hours.long),
    machineOff(within(0.7, 0.74), hours.short),
    lostState(within(0.22, 0.28)),
    lostState(within(0.86, 0.9)),
    lostObject(within(0.55, 0.6), random),
    newPassphrase(within(0.62, 0.68)),
  ];
}

function outage(day: number, hours: number): Happening {
  return {
    day,
    what: `Drive is down for ${hours} hours`,
    strike: async ({ drive, off, clock }) => {
      off.provider = clock.now() + hours * 3_600_000;
      // Not of the token's address: Google's client library tries that one again by a clock of its own.
      for (const match of ['api', 'upload'])
        await drive.fault('server-error-503', { match, times: 1_000_000 });
    },
  };
}

function machineOff(day: number, hours: number): Happening {
  return {
    day,
    what: `the server is off for ${hours} hours`,
    strike: ({ off, clock }) => {
      off.machine = clock.now() + hours * 3_600_000;
    },
  };
}

function lostState(day: number): Happening {
  return { day, what: 'the state volume is lost', strike: ({ stateLost }) => stateLost() };
}

/** As docs/operate/encryption.md tells: the new one before the old one, and then a new kit. */
function newPassphrase(day: number): Happening {
  return {
    day,
    what: 'the passphrase is changed',
    strike: async ({ app }) => {
      const path = join(app.home.secrets.b, 'passphrase');
      const old = readFileSync(path, 'utf8');
      writeFileSync(path, `of day ${day}\n${old}`);
      await writeKit(app);
    },
  };
}

function lostObject(day: number, random: Random): Happening {
  return {
    day,
    what: 'Drive loses one object of the newest chain',
    strike: async ({ drive, app }) => {
      const [last] = app.history.runs({ kind: 'backup', outcome: 'ok', limit: 1 });
      const { chain } = (last!.result as { backups: { chain: string }[] }).backups[0]!;
      const files = (await drive.admin('GET files')).files as {
        id: string;
        name: string;
        trashed: boolean;
      }[];
      const parts = files.filter(({ name, trashed }) => !trashed && name.startsWith(`h1-${chain}-0`));
      assert.ok(parts.length > 0, 'there is an object to lose');
      await drive.admin(`POST files/${parts[random.below(parts.length)]!.id}/corrupt`, { how: 'delete' });
    },
  };
}
