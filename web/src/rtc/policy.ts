/**
 * Decides which failed attempt to get into a call deserves another one, and with what. A call exists once the first
 * person comes: not found means create it, exists already means join it, and two who arrive in the same instant may
 * need a few rounds of that. A page that may not create one waits for it. Pure.
 */

import { type Attempt, Code, type Failure, type History, isPatient, type Policy, type RuleId } from '../client';

/** Rules of the watchdog about other people. */
const WAITS: readonly (RuleId | undefined)[] = ['callee', 'answer'];
const ROUNDS = 3;
const SEAT_RETRY_MS = 1000;
const RETRY_MS = 3000;
const UNREACHABLE_RETRIES = 40;

/**
 * The policy of a call in which a seat may be that of an earlier page of this browser: waits until it is free.
 * @param isHeld whether that is so; must become false after a while
 */
export function seatPolicy(isHeld: () => boolean): Policy {
  return (failure, history) => {
    const isFull = failure.kind === 'refused' && failure.code === Code.ROOM_FULL;
    if (isFull && isHeld()) return { roomCreating: false, delay: SEAT_RETRY_MS, waiting: true };
    return callPolicy(failure, history);
  };
}

/** The room does not exist, and the token of this member does not let it create one. */
function isNotOpened(failure: Failure, { roomCreating }: History): boolean {
  return roomCreating && failure.kind === 'refused' && failure.code === Code.PERMISSION_NOT_FOUND;
}

/** A page in a call is kept there while the server is away; one that is not yet gets told. */
function unreachable(history: History): Attempt | undefined {
  if (!history.everJoined)
    return isPatient(history) ? { roomCreating: history.roomCreating, delay: RETRY_MS } : undefined;
  return history.attempts < UNREACHABLE_RETRIES ? { roomCreating: false, delay: RETRY_MS } : undefined;
}

export const callPolicy: Policy = (failure, history) => {
  if (failure.kind === 'noAnswer') return unreachable(history);
  // Nobody came, or somebody does not answer: how long to wait for people is for the person here to say.
  if (failure.kind === 'gaveUp' && WAITS.includes(failure.rule)) return { roomCreating: false, delay: 0 };
  if (failure.kind !== 'refused') return undefined;
  if (isNotOpened(failure, history)) return { roomCreating: false, delay: RETRY_MS, waiting: true };
  if (failure.code === Code.PERMISSION_NOT_FOUND && history.resuming) {
    return { roomCreating: false, delay: 0, newIdentity: true };
  }
  if (history.attempts >= 2 * ROUNDS) return undefined;
  if (failure.code === Code.ROOM_NOT_FOUND && !history.roomCreating) return { roomCreating: true, delay: 0 };
  if (failure.code === Code.ALREADY_EXIST_ROOM && history.roomCreating) return { roomCreating: false, delay: 0 };
  return undefined;
};
