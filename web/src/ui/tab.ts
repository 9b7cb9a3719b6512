/**
 * What one tab remembers over a reload: who it is, and how far it came in each room.
 * Kept in sessionStorage, which no other tab sees; where storage is forbidden, in memory only.
 */

import type { Resume, RoomType, Session } from '../client';
import type { ReturningIdentity } from '../seats/seated-membership';
import { storageKey } from './address';
import { cryptoPick, randomLetters, randomUserId } from './names';

/** The identity of this tab in one room. */
export function tabIdentity(roomType: RoomType, roomId: string): ReturningIdentity {
  const sessionKey = storageKey('session');
  const resumeKey = storageKey(`resume.${roomType}.${roomId}`);
  const stored = read<Session>(sessionKey);
  let session = stored?.userId && stored.sessionId ? stored : newSession();
  write(sessionKey, session);
  // Only what an earlier page left behind is to be skipped when the server repeats it.
  const left = read<Resume>(resumeKey);
  let resume = left?.token ? { ...left, skipReplay: true } : undefined;
  const become = (next: Session) => {
    session = next;
    resume = undefined;
    write(sessionKey, session);
    write(resumeKey, undefined);
  };
  return {
    session: () => session,
    resume: () => resume,
    keep(progress) {
      resume = { ...progress, skipReplay: false };
      write(resumeKey, progress);
    },
    renew: () => become(newSession()),
    adopt: (userId) => become({ ...newSession(), userId }),
  };
}

function newSession(): Session {
  return {
    userId: randomUserId(cryptoPick),
    sessionId: randomLetters(20, cryptoPick),
    category: 'stream',
    host: 'Web',
    deviceId: randomLetters(20, cryptoPick),
  };
}

function read<T>(key: string): T | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(key) ?? 'null') as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(key: string, value: unknown): void {
  try {
    if (value === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage may be forbidden or full: a reload then joins as somebody new.
  }
}
