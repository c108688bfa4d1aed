// How long backups stay, from the owner's settings.
import type { Settings } from '../settings.ts';

export interface Policy {
  /** As the owner wrote it. */
  keepWithin: string;
  keepWithinMs: number;
  keepChains: number;
}

const days = { d: 1, w: 7, y: 365 } as const;

export function policyOf({ keepWithin, keepChains }: Pick<Settings, 'keepWithin' | 'keepChains'>): Policy {
  const unit = keepWithin.slice(-1) as keyof typeof days;
  const keepWithinMs = Number(keepWithin.slice(0, -1)) * days[unit] * 24 * 3600 * 1000;
  return { keepWithin, keepWithinMs, keepChains };
}
