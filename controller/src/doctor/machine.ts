// Where the machine itself is looked at. A container sees the host's memory in /proc, and in its own root the filesystem of Docker's data.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Machine {
  /** /proc, or what stands for it. */
  proc: string;
  /** A folder on the filesystem that holds Docker's volumes, and with them the strategies' state. */
  dockerData: string;
  /** Docker gives a container the beginning of its id as its name. */
  hostname: string;
}

export function thisMachine(): Machine {
  return {
    proc: '/proc',
    dockerData: existsSync('/.dockerenv') ? '/' : '/var/lib/docker',
    hostname: hostname(),
  };
}
