/**
 * What a group looks like from its facts: one state with a name, and the words for it. Pure.
 * The only place that decides which buttons there are.
 */

import type { Address, Participant } from '../client';
import { displayName } from '../ui/names';
import type { Words } from '../ui/words';

export type GroupState =
  | 'lobby'
  | 'connecting'
  | 'returning'
  | 'watching'
  | 'taking-part'
  | 'reconnecting'
  | 'left'
  | 'failed';

/** A viewer who would like to publish. */
export interface Request {
  address: Address;
  name: string;
}

export interface Facts {
  stage: 'lobby' | 'joining' | 'joined' | 'recovering' | 'gone' | 'failed';
  failure?: Words | undefined;
  unreachable: boolean;
  offline: boolean;
  /** Oldest first; the first is the owner. */
  publishers: Participant[];
  publishing: boolean;
  owner: boolean;
  /** An earlier page of this person, which ended without a goodbye, is still in the room. */
  returning: boolean;
  asked: 'no' | 'waiting' | 'declined' | 'unanswered';
  requests: Request[];
  /** What could not be done, until something else is. */
  notice?: string | undefined;
}

export interface GroupModel {
  state: GroupState;
  status: string;
  title: string;
  detail: string;
  panel: boolean;
  retry: boolean;
  /** The label of the button that asks to publish; without one there is no button. */
  ask: string;
  canAsk: boolean;
}

const NOTHING = { title: '', detail: '', panel: false, retry: false, ask: '', canAsk: false };

export function describe(facts: Facts): GroupModel {
  switch (facts.stage) {
    case 'lobby':
      return words(
        'lobby',
        'Not in the group yet',
        'Ready to join?',
        'Whoever comes first opens the group; everyone else watches and can ask to join in.',
      );
    case 'joining':
      return words(
        'connecting',
        'Connecting…',
        'Connecting…',
        facts.unreachable ? 'The server does not answer yet.' : '',
      );
    case 'recovering':
      return recovering(facts);
    case 'gone':
      return {
        ...words('left', 'You left the group', 'You left the group', 'You can come back any time.'),
        retry: true,
      };
    case 'failed':
      return failed(facts);
    case 'joined':
      if (facts.returning && !hasCompany(facts)) return returning();
      return facts.publishing ? takingPart(facts) : watching(facts);
  }
}

function hasCompany({ publishers, publishing }: Facts): boolean {
  return publishers.length > (publishing ? 1 : 0);
}

function returning(): GroupModel {
  const title = 'Your earlier page still holds your place';
  const detail = 'It closed without leaving the group. You get your place back by yourself in a few seconds.';
  return words('returning', 'Waiting for your place in the group…', title, detail);
}

function recovering({ offline, publishers }: Facts): GroupModel {
  const title = offline ? 'You are offline' : 'Connection lost';
  const shown = words('reconnecting', offline ? `${title}. Waiting…` : `${title}. Reconnecting…`, title, '');
  return { ...shown, panel: publishers.length === 0 };
}

function failed({ failure }: Facts): GroupModel {
  const title = failure?.title ?? 'Something went wrong';
  return { ...words('failed', title, title, failure?.detail ?? ''), retry: failure?.canRetry ?? true };
}

function takingPart({ publishers, owner }: Facts): GroupModel {
  const company = publishers.length - 1;
  const alone = owner ? 'You’re the only one here so far' : 'Nobody else is on camera right now';
  const status = company === 0 ? alone : `You and ${company === 1 ? '1 other' : `${company} others`}`;
  return { ...NOTHING, state: 'taking-part', status };
}

function watching(facts: Facts): GroupModel {
  const [owner] = facts.publishers;
  if (!owner) return words('watching', 'Nobody is on camera right now', 'Waiting for someone to return', '');
  const count = facts.publishers.length;
  const ask = {
    no: 'Ask to join in',
    waiting: 'Waiting for an answer…',
    declined: 'Ask again',
    unanswered: 'Ask again',
  }[facts.asked];
  const status = {
    no: count === 1 ? `Watching ${displayName(owner.userId)}` : `Watching ${count} people`,
    waiting: `Waiting for ${displayName(owner.userId)} to let you in`,
    declined: `${displayName(owner.userId)} declined for now`,
    unanswered: `${displayName(owner.userId)} has not answered`,
  }[facts.asked];
  return { ...NOTHING, state: 'watching', status, ask, canAsk: facts.asked !== 'waiting' };
}

function words(state: GroupState, status: string, title: string, detail: string): GroupModel {
  return { ...NOTHING, state, status, title, detail, panel: true };
}
