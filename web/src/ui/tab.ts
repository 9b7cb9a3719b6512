/**
 * The memory of one tab over a reload: who it is, and how far it came in each room. Kept in sessionStorage, which no
 * other tab sees; where storage is forbidden, in memory only.
 */

import type { HeldToken } from '../access/held-token';
import type { Resume, RoomType, Session } from '../client';
import type { ReturningIdentity } from '../seats/seated-membership';
import { storageKey } from './address';
import { cryptoPick, displayName, randomLetters, randomUserId } from './names';

export interface TabIdentity extends ReturningIdentity {
  /** The name that others read. */
  readonly name: string;
}

/** The identity of this tab in one room: the user of its token, where it has one, else a guest. */
export function tabIdentity(roomType: RoomType, roomId: string, token: HeldToken): TabIdentity {
  const { sub, name } = token.claims;
  const sessionKey = storageKey('session');
  const resumeKey = storageKey(`resume.${roomType}.${roomId}`);
  const stored = read<Session>(sessionKey);
  const isOwn = stored?.userId && stored.sessionId && (sub === undefined || stored.userId === sub);
  let session = isOwn ? stored : newSession(sub);
  write(sessionKey, session);
  // Only what an earlier page left behind is to be skipped when the server repeats it.
  const left = isOwn ? read<Resume>(resumeKey) : undefined;
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
    renew: () => become(newSession(sub)),
    // The user of an earlier page may have had another token.
    adopt: (userId) => (sub === undefined || userId === sub) && become(newSession(userId)),
    token: token.current === undefined ? undefined : token.source,
    name: name ?? displayName(session.userId),
  };
}

function newSession(userId = randomUserId(cryptoPick)): Session {
  return {
    userId,
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
