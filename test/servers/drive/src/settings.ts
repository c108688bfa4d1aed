/**
 * Switches for behaviour that is undocumented, differs between accounts, or is disputed (facts are named in README.md).
 * They are kept on disk: a restarted emulator goes on behaving like the same Google.
 */
export interface Settings {
  /** X-Range-MD5 on 308 answers: real but undocumented, so clients must live with all three. */
  xRangeMd5: 'on' | 'off' | 'wrong';
  /** What a dead session answers: Drive documents 404; 410 is seen at Cloud Storage. */
  deadSessionStatus: 404 | 410;
  sessionLifetimeMs: number;
  /** Google documents both "after one week" and "after one week of inactivity". */
  sessionExpiry: 'absolute' | 'idle';
  /** Where a used id is refused in a resumable upload. Undocumented; at the finish it is always refused. */
  idConflictAt: 'start' | 'finish';
  idConflictReason: 'fileIdInUse' | 'duplicate';
  /** Accept Python's odd `bytes N-(N-1)/N` end of a stream. The real server probably refuses it. */
  acceptInvertedFinalRange: boolean;
  /** "A small fraction may not have SHA1 or SHA256." */
  shaChecksums: boolean;
  /** Files younger than this are missing from lists (files.get sees them at once). */
  listLagMs: number;
  /** A page never holds more than this, whatever pageSize asks for. */
  maxPageSize: number;
  accessTokenSeconds: number;
  /** null: unlimited, as `about` shows it by leaving `limit` out. */
  storageLimitBytes: number | null;
  dailyUploadLimitBytes: number;
  /** What all uploads together get of the line; 0: as fast as it goes. */
  uploadBytesPerSecond: number;
  /** Each nth chunk is read and answered 503, nothing of it kept; 0: none. */
  failEveryNthChunk: number;
  /** The connection is reset after each so many bytes of uploads; 0: never. Less than 256 KiB and nothing is ever persisted. */
  resetEveryBytes: number;
}

export const DEFAULT_SETTINGS: Settings = {
  xRangeMd5: 'on',
  deadSessionStatus: 404,
  sessionLifetimeMs: 7 * 24 * 3600 * 1000,
  sessionExpiry: 'absolute',
  idConflictAt: 'start',
  idConflictReason: 'fileIdInUse',
  acceptInvertedFinalRange: false,
  shaChecksums: true,
  listLagMs: 0,
  maxPageSize: 1000,
  accessTokenSeconds: 3600,
  storageLimitBytes: 15 * 1024 ** 3,
  dailyUploadLimitBytes: 750e9,
  uploadBytesPerSecond: 0,
  failEveryNthChunk: 0,
  resetEveryBytes: 0,
};

const CHOICES: Partial<Record<keyof Settings, readonly unknown[]>> = {
  xRangeMd5: ['on', 'off', 'wrong'],
  deadSessionStatus: [404, 410],
  sessionExpiry: ['absolute', 'idle'],
  idConflictAt: ['start', 'finish'],
  idConflictReason: ['fileIdInUse', 'duplicate'],
};

/** Given settings and a change from outside, return the new settings; throws with the reason when a change makes no sense. */
export function changeSettings(current: Settings, change: Record<string, unknown>): Settings {
  for (const [key, value] of Object.entries(change)) {
    if (!(key in DEFAULT_SETTINGS)) {
      throw new Error(`unknown setting "${key}"; known: ${Object.keys(DEFAULT_SETTINGS).join(', ')}`);
    }
    const name = key as keyof Settings;
    const choices = CHOICES[name];
    if (choices && !choices.includes(value)) {
      throw new Error(`setting "${key}" must be one of ${choices.join(', ')}`);
    }
    const unlimited = name === 'storageLimitBytes' && value === null;
    if (!unlimited && typeof value !== typeof DEFAULT_SETTINGS[name]) {
      throw new Error(`setting "${key}" must be a ${typeof DEFAULT_SETTINGS[name]}`);
    }
    if (typeof value === 'number' && !(value >= 0)) {
      throw new Error(`setting "${key}" must not be negative`);
    }
  }
  return { ...current, ...change };
}
