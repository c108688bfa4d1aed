/** Storage and the daily upload allowance, both counted from what is stored. */
import type { Emulator } from '../exchange.ts';
import { storageFull } from '../faults/refusals.ts';
import { apiRefusal } from '../http/refusal.ts';
import { isTrashed } from './resource.ts';

const DAY_MS = 24 * 3600 * 1000;

export function storageUsage(emulator: Emulator): { used: number; trashed: number } {
  let used = 0;
  let trashed = 0;
  for (const file of emulator.store.files.values()) {
    const size = file.content?.size ?? 0;
    used += size;
    trashed += isTrashed(file, emulator) ? size : 0;
  }
  return { used, trashed };
}

/** Given the size of an upload as far as it is known, throw 403 if it does not fit, or if today's allowance is used up. */
export function checkQuota(emulator: Emulator, size: number): void {
  const { storageLimitBytes, dailyUploadLimitBytes } = emulator.settings;
  if (storageLimitBytes !== null && storageUsage(emulator).used + size > storageLimitBytes) {
    throw storageFull();
  }
  const since = emulator.clock.now() - DAY_MS;
  const contents = [...emulator.store.files.values()].flatMap(({ content }) => content ?? []);
  const today = contents
    .filter(({ uploadedAt }) => uploadedAt > since)
    .reduce((sum, content) => sum + content.size, 0);
  if (today >= dailyUploadLimitBytes) {
    throw apiRefusal(403, {
      domain: 'usageLimits',
      reason: 'userRateLimitExceeded',
      message: 'User rate limit exceeded.',
    });
  }
}
