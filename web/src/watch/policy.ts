/**
 * Decides which failed attempt to watch deserves another one. A viewer is patient: the broadcast may start in a
 * while, or start again after its end, so that nearly everything is tried again every three seconds. Pure.
 */

import { CloseCode, Code, isPatient, type Policy } from '../client';

export const RETRY_MS = 3000;

export const watchPolicy: Policy = (failure, history) => {
  const again = { roomCreating: false, delay: RETRY_MS };
  switch (failure.kind) {
    case 'roomClosed':
    case 'gaveUp':
      return again;
    case 'noAnswer':
      return history.everJoined || isPatient(history) ? again : undefined;
    case 'closed':
      // The tab was duplicated: two may watch, each as somebody of its own.
      return failure.code === CloseCode.SESSION_REPLACED ? { ...again, delay: 0, newIdentity: true } : undefined;
    case 'refused':
      if (failure.code === Code.ROOM_NOT_FOUND) return again;
      return failure.code === Code.PERMISSION_NOT_FOUND && history.resuming
        ? { ...again, delay: 0, newIdentity: true }
        : undefined;
    case 'kicked':
    case 'unauthorized':
      return undefined;
  }
};
