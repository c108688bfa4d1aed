// What the self-test saw, and what the emulator of Google Drive says in the same place: where they differ, the tests stand on wrong ground.

/** The open questions (developers.google.com/workspace/drive/api/guides/manage-uploads leaves them open), and the emulator's answers. */
export const questions = {
  'chunk-md5': ['X-Range-MD5 on the answer to a chunk', 'there, equal to ours'],
  'status-md5': ['X-Range-MD5 on the answer to a status query', 'there, equal to ours'],
  'resent-range': ['bytes that are persisted already, sent again', 'HTTP 308, 262144 bytes persisted'],
  granularity: ['a chunk that is cut off in the middle', 'whole multiples of 256 KiB are kept'],
  'checksums-at-once': ['checksums in the answer to the last chunk', 'md5 and sha256, equal to ours'],
  'status-after-end': ['a status query after the end', 'HTTP 200 with the file'],
  'list-by-property': ['the new file in a listing by appProperties', 'at once'],
  'list-by-name': ['the new file in a listing by name', 'at once'],
  'id-in-use': ['a second upload with the same id', 'HTTP 409 at the start'],
  gap: ['a chunk that leaves a gap', 'HTTP 400; the session lives on'],
  'total-equals-persisted': ['`bytes */N` when N bytes are persisted', 'HTTP 200, the file is finished'],
  'small-chunk': ['a chunk of 1000 bytes in the middle', 'HTTP 400; the session is dead (HTTP 400)'],
  cancel: ['DELETE on a session', 'HTTP 404; the session lives on'],
  delete: ['a deleted file, asked for by its id', 'HTTP 404 notFound'],
  'retry-after': ['Retry-After on any answer', 'never seen'],
} as const satisfies Record<string, [string, string]>;

export type Question = keyof typeof questions;

export interface Observation {
  id: Question;
  question: string;
  /** `not settled: …` when no answer was had. */
  saw: string;
  settled: boolean;
  emulator: string;
  same: boolean;
  status?: number;
  headers?: Record<string, string>;
}

export function observation(
  id: Question,
  saw: string,
  more: Pick<Observation, 'status' | 'headers'> = {},
): Observation {
  const [question, emulator] = questions[id];
  return { id, question, saw, settled: true, emulator, same: saw === emulator, ...more };
}

export function unsettled(id: Question, why: string): Observation {
  const [question, emulator] = questions[id];
  return { id, question, saw: `not settled: ${why}`, settled: false, emulator, same: false };
}
