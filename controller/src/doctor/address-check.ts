import type { App } from '../app.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type Check, warn } from './check.ts';

const ofThisMachine = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Backups are ciphertext on any line; the password or the token that they are stored with is not. Nothing is said where all is well. */
export function checkAddress(app: App, strategy: Strategy): Check[] {
  const address = strategy.addressOf(sectionOf(app.config, strategy).settings);
  if (address === undefined) return [];
  const { protocol, hostname } = new URL(address);
  if (protocol !== 'http:' || ofThisMachine.test(hostname)) return [];
  return [
    warn(
      `address of ${strategy.name}`,
      'it begins with http://: whoever is on the network between reads what signs in there, and can delete the backups',
      `begin it with https:// in strategies.${strategy.name}.settings, or keep that network to yourself`,
    ),
  ];
}
