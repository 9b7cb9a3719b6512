/**
 * Which failed attempt to broadcast deserves another one, and with what.
 * Not found means make the room, exists already means join it. Who is on air is kept there while the server is away. Pure.
 */

import { Code, type Policy } from '../client';

const ROUNDS = 6;
const RETRY_MS = 2000;
const UNREACHABLE_RETRIES = 60;

export const broadcastPolicy: Policy = (failure, history) => {
  const { everJoined, attempts, roomCreating, resuming } = history;
  switch (failure.kind) {
    case 'noAnswer':
      return everJoined && attempts < UNREACHABLE_RETRIES ? { roomCreating: false, delay: RETRY_MS } : undefined;
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
