/** When a session lives, and what it answers once it is dead. */
import type { Emulator } from '../exchange.ts';
import { plainRefusal, type Refusal } from '../http/refusal.ts';
import type { UploadSession } from '../state/records.ts';

/** Given a session's id, return it; throws what a dead, expired or unknown one answers. `kill` ends it now, with that status. */
export function liveSession(emulator: Emulator, id: string, kill?: number): UploadSession {
  const { store, settings, clock } = emulator;
  const session = store.sessions.get(id);
  if (!session) {
    throw plainRefusal(settings.deadSessionStatus, reasonFor(settings.deadSessionStatus));
  }
  const since = settings.sessionExpiry === 'absolute' ? session.createdAt : session.usedAt;
  if (session.state !== 'dead') {
    const expired = clock.now() - since >= settings.sessionLifetimeMs;
    const status = kill ?? (expired ? settings.deadSessionStatus : undefined);
    if (status !== undefined) {
      throw killSession(emulator, session, status, reasonFor(status));
    }
    return session;
  }
  throw plainRefusal(session.deadAnswer!.status, session.deadAnswer!.text);
}

/** Ends a session for good; the same refusal meets whoever comes back to it. */
export function killSession(
  emulator: Emulator,
  session: UploadSession,
  status: number,
  text: string,
): Refusal {
  emulator.store.saveSession(dead(session, status, text));
  if (session.state === 'open') {
    emulator.store.removeBlob(session.blob);
  }
  emulator.uploads.forgetDigests(session.blob);
  return plainRefusal(status, text);
}

export function dead(session: UploadSession, status: number, text: string): UploadSession {
  return { ...session, state: 'dead', deadAnswer: { status, text } };
}

function reasonFor(status: number): string {
  return status === 410 ? 'Gone' : 'Not Found';
}
