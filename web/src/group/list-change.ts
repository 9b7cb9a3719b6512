/** Effect of a new list of publishers on one member of a group. Pure. */

import type { Address, Participant } from '../client';
import { key } from './mesh';
import type { PageState } from './model';
import { withoutRequests } from './requests';

type Changed = Pick<PageState, 'publishers' | 'publishing' | 'owner' | 'returning' | 'asked' | 'requests'>;

export interface ListChange {
  pageState: Changed;
  /** The member publishes from now on. */
  began: boolean;
  /** It was let in although nothing was asked any more: nobody goes on camera by that. */
  isLate: boolean;
}

/** @param returning an earlier page of this person is still listed; the list is without it */
export function listChange(before: PageState, me: Address, publishers: Participant[], returning: boolean): ListChange {
  const publishing = publishers.some((one) => key(one) === key(me));
  const [oldest] = publishers;
  // The server knows one owner only: until the ghost is gone, that is the ghost.
  const owner = !returning && oldest !== undefined && key(oldest) === key(me);
  const [oldestBefore] = before.publishers;
  const sameOwner = oldestBefore && oldest && key(oldestBefore) === key(oldest);
  const began = publishing && !before.publishing;
  // The owner that was asked is gone, or the answer has come: either way nobody is waiting for one.
  const isOver = publishing || (!sameOwner && before.asked !== 'permission');
  const asked = isOver ? 'no' : before.asked;
  const requests = owner ? withoutRequests(before.requests, publishers) : [];
  return {
    pageState: { publishers, publishing, owner, returning, asked, requests },
    began,
    isLate: began && oldestBefore !== undefined && before.asked !== 'waiting',
  };
}
