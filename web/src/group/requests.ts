/** Requests of viewers who want to join in, as the owner sees them, oldest first. Pure. */

import type { Address } from '../client';
import { displayName } from '../ui/names';
import { key } from './mesh';

/** A viewer who would like to publish. */
export interface Request {
  address: Address;
  name: string;
}

/** Somebody who asks again, also as another session, has one request: the newest. */
export function withRequest(requests: Request[], { userId, sessionId }: Address): Request[] {
  const others = requests.filter(({ address }) => address.userId !== userId);
  return [...others, { address: { userId, sessionId }, name: displayName(userId) }];
}

export function withoutRequests(requests: Request[], addresses: Address[]): Request[] {
  const without = new Set(addresses.map(key));
  return requests.filter(({ address }) => !without.has(key(address)));
}
