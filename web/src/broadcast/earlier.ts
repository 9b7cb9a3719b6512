/** What a broadcast needs of the world before it begins: where an earlier one stopped, and ids of its own. */

import { serverAddress } from '../ui/address';
import { type Numbers, numbersAfter, PLAYLIST, VARIANT } from './names';

const PLAYLIST_TIMEOUT_MS = 3000;

/** Where an earlier run stopped in this room; nothing when there was none, or none that answers in time. */
export async function earlierNumbers(room: string): Promise<Numbers | undefined> {
  try {
    const address = serverAddress(`/live/${encodeURIComponent(room)}/${PLAYLIST}/${VARIANT}/playlist.m3u8`);
    const response = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(PLAYLIST_TIMEOUT_MS) });
    return response.ok ? numbersAfter(await response.text()) : undefined;
  } catch {
    return undefined;
  }
}

/** A UUID, of version 4. */
export function newId(): string {
  return crypto.randomUUID();
}
