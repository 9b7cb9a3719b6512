/** Inputs of a broadcast before it begins: where an earlier one stopped, and ids of its own. */

import type { TokenSource } from '../client';
import { serverAddress } from '../ui/address';
import { type Numbers, numbersAfter, PLAYLIST, VARIANT } from './names';

const PLAYLIST_TIMEOUT_MS = 3000;

/** Where an earlier run stopped in this room; nothing when there was none, or none that answers in time. */
export async function earlierNumbers(room: string, token?: TokenSource): Promise<Numbers | undefined> {
  try {
    const address = serverAddress(`/live/${encodeURIComponent(room)}/${PLAYLIST}/${VARIANT}/playlist.m3u8`);
    const bearer = typeof token === 'function' ? await token() : token;
    const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const signal = AbortSignal.timeout(PLAYLIST_TIMEOUT_MS);
    const response = await fetch(address, { headers, cache: 'no-store', signal });
    return response.ok ? numbersAfter(await response.text()) : undefined;
  } catch {
    return undefined;
  }
}

/** A UUID, of version 4. */
export function newId(): string {
  return crypto.randomUUID();
}
