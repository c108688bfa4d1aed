// What can go wrong between strategy B and Google Drive, one row a case. The backup has two parts and a manifest: the first part goes in two chunks, the
// others in one. So chunk 1 is the first of a part, 2 a part's last, 4 the manifest; final 1 and 2 end a part, 3 the manifest.

export interface Row {
  /** What of the emulator's catalogue this is about: a fault, a setting, or a corruption. */
  about: string;
  /** For people: where it strikes, and how often. */
  where: string;
  faults?: { name: string; [param: string]: unknown }[];
  /** Of the emulator. */
  settings?: Record<string, unknown>;
  /** Of strategy B. */
  own?: Record<string, unknown>;
  /** What happens to the first file of this kind, after the backup. */
  corrupt?: { of: 'part' | 'manifest'; how: string; [param: string]: unknown };
  /** The verb that it strikes: `audit` is one without the manifests' cache, after a good backup. */
  at?: 'backup' | 'audit';
  /** Of that verb. */
  exit: number;
  /** Codes of the notes, each once, in order. */
  said?: string[];
  /** Of the audit after the backup. */
  audit?: 30;
}

export const forever = 1_000_000;

/** Given a fault and its parameters, return its row. */
export function fault(name: string, where: string, params: object, more: Omit<Row, 'about' | 'where'>): Row {
  return { about: name, where, faults: [{ name, ...params }], ...more };
}

export const cured = { exit: 0, said: ['retry'] };
export const resent = { exit: 0, said: ['resent', 'retry'] };
export const unseen = { exit: 0, said: [] };

export const atAudit = { at: 'audit' } as const;

/** Of the catalogue, what is in no row, and why. */
export const exempt: Record<string, string> = {
  acceptInvertedFinalRange: 'about Python’s client: strategy B knows each file’s size beforehand',
};
