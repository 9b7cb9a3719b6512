/**
 * Decides which failed attempt to broadcast deserves another one, and with what. Not found means make the room,
 * exists already means join it. A page that is on air is kept there while the server is away. Pure.
 */

import { type Attempt, Code, type History, isPatient, type Policy } from '../client';

const ROUNDS = 6;
const RETRY_MS = 2000;
const UNREACHABLE_RETRIES = 60;

function unreachable(history: History): Attempt | undefined {
  const { everJoined, attempts, roomCreating } = history;
  if (everJoined) return attempts < UNREACHABLE_RETRIES ? { roomCreating: false, delay: RETRY_MS } : undefined;
  return isPatient(history) ? { roomCreating, delay: RETRY_MS } : undefined;
}

export const broadcastPolicy: Policy = (failure, history) => {
  const { attempts, roomCreating, resuming } = history;
  switch (failure.kind) {
    case 'noAnswer':
      return unreachable(history);
    case 'refused':
      if (failure.code === Code.PERMISSION_NOT_FOUND && resuming) {
        return { roomCreating: false, delay: 0, newIdentity: true };
      }
      if (attempts >= ROUNDS) return undefined;
      if (failure.code === Code.ROOM_NOT_FOUND && !roomCreating) return { roomCreating: true, delay: 0 };
      return failure.code === Code.ALREADY_EXIST_ROOM ? { roomCreating: false, delay: 0 } : undefined;
    default:
      return undefined;
  }
};
