/**
 * The view of a group, derived from the state of the page: one state with a name, and the texts for it. Pure. The
 * only place that decides which buttons there are.
 */

import type { Participant } from '../client';
import type { Departure } from '../rtc/silence';
import { memberName } from '../ui/names';
import { noWayThroughMessage, type UserMessage } from '../ui/user-messages';
import type { Request } from './requests';

export type GroupState =
  | 'lobby'
  | 'connecting'
  | 'returning'
  | 'not-started'
  | 'watching'
  | 'taking-part'
  | 'reconnecting'
  | 'left'
  | 'failed';

export interface PageState {
  stage: 'lobby' | 'joining' | 'joined' | 'recovering' | 'gone' | 'failed';
  failure?: UserMessage | undefined;
  /** The group does not exist, and somebody else has to open it. */
  notOpened: boolean;
  unreachable: boolean;
  offline: boolean;
  /** Oldest first; the first is the owner. */
  publishers: Participant[];
  publishing: boolean;
  owner: boolean;
  /** An earlier page of this person, which ended without a goodbye, is still in the room. */
  returning: boolean;
  /** The request to take part; `permission` while the browser still asks the person for the devices. */
  asked: 'no' | 'permission' | 'waiting' | 'declined' | 'unanswered';
  requests: Request[];
  /** Names of publishers whose media did not come about within the bound. */
  unreached: string[];
  /** The last publisher to go, for as long as it takes to read. */
  departed?: { name: string; how: Departure } | undefined;
  /** The last request that failed, until another one is made. */
  notice?: string | undefined;
}

/** The state of a page that has just opened. */
export const INITIAL_STATE: Readonly<PageState> = {
  stage: 'lobby',
  notOpened: false,
  unreachable: false,
  offline: false,
  publishers: [],
  publishing: false,
  owner: false,
  returning: false,
  asked: 'no',
  requests: [],
  unreached: [],
};

export interface GroupModel {
  state: GroupState;
  status: string;
  title: string;
  detail: string;
  panel: boolean;
  retry: boolean;
  /** The label of the button that asks to publish; without one there is no button. */
  ask: string;
  /** A request waits for its answer, and can be taken back. */
  canWithdraw: boolean;
  /** About media that did not come about; there is a button that tries anew. */
  route: string;
}

/** The time is the default of `--room-linger`; the server does not tell its own. */
const EMPTY_GROUP = 'If nobody does, the group ends: after 30 seconds, unless this server is set otherwise.';

const NOTHING = { title: '', detail: '', panel: false, retry: false, ask: '', canWithdraw: false, route: '' };

export function describe(pageState: PageState): GroupModel {
  switch (pageState.stage) {
    case 'lobby':
      return model(
        'lobby',
        'Not in the group yet',
        'Ready to join?',
        'Whoever comes first opens the group; everyone else watches and can ask to join in.',
      );
    case 'joining':
      if (pageState.notOpened) return notOpened();
      return model(
        'connecting',
        'Connecting…',
        'Connecting…',
        pageState.unreachable ? 'The server does not answer yet.' : '',
      );
    case 'recovering':
      return recovering(pageState);
    case 'gone':
      return {
        ...model('left', 'You left the group', 'You left the group', 'You can come back any time.'),
        retry: true,
      };
    case 'failed':
      return failed(pageState);
    case 'joined':
      if (pageState.returning && !hasCompany(pageState)) return returning();
      return withNews(pageState, pageState.publishing ? takingPart(pageState) : watching(pageState));
  }
}

/** Adds the people who are gone, and those whose media do not come. */
function withNews({ departed, unreached, publishers, publishing, asked }: PageState, shown: GroupModel): GroupModel {
  const news = { ...shown, route: routeWords(unreached) };
  const others = publishers.length - (publishing ? 1 : 0);
  if (unreached.length > 0 && unreached.length === others && asked === 'no') news.status = noConnection(unreached);
  if (!departed) return news;
  const gone = `${departed.name} ${departed.how === 'lost' ? 'lost the connection' : 'left the group'}`;
  return { ...news, status: gone, detail: shown.panel ? `${gone}. ${shown.detail}`.trim() : shown.detail };
}

function noConnection(names: string[]): string {
  const [name = ''] = names;
  return noWayThroughMessage(names.length === 1 ? name : `${names.length} people`).title;
}

function routeWords(names: string[]): string {
  return names.length > 0 ? `${noConnection(names)}. ${noWayThroughMessage('').detail}` : '';
}

function hasCompany({ publishers, publishing }: PageState): boolean {
  return publishers.length > (publishing ? 1 : 0);
}

function notOpened(): GroupModel {
  const title = 'This group has not started';
  const detail = 'Keep this page open. You will join by yourself when someone who may open the group does so.';
  return model('not-started', title, title, detail);
}

function returning(): GroupModel {
  const title = 'Your earlier page still holds your place';
  const detail = 'It closed without leaving the group. You get your place back by yourself in a few seconds.';
  return model('returning', 'Waiting for your place in the group…', title, detail);
}

function recovering({ offline, publishers }: PageState): GroupModel {
  const title = offline ? 'You are offline' : 'Connection lost';
  const shown = model('reconnecting', offline ? `${title}. Waiting…` : `${title}. Reconnecting…`, title, '');
  return { ...shown, panel: publishers.length === 0 };
}

function failed({ failure }: PageState): GroupModel {
  const title = failure?.title ?? 'Something went wrong';
  return { ...model('failed', title, title, failure?.detail ?? ''), retry: failure?.canRetry ?? true };
}

function takingPart({ publishers, owner }: PageState): GroupModel {
  const company = publishers.length - 1;
  const alone = owner ? 'You’re the only one here so far' : 'Nobody else is on camera right now';
  const status = company === 0 ? alone : `You and ${company === 1 ? '1 other' : `${company} others`}`;
  return { ...NOTHING, state: 'taking-part', status };
}

function watching(pageState: PageState): GroupModel {
  const [owner] = pageState.publishers;
  if (!owner) return model('watching', 'Nobody is on camera right now', 'Waiting for someone to return', EMPTY_GROUP);
  const count = pageState.publishers.length;
  const ask = {
    no: 'Ask to join in',
    permission: '',
    waiting: '',
    declined: 'Ask again',
    unanswered: 'Ask again',
  }[pageState.asked];
  const status = {
    no: count === 1 ? `Watching ${memberName(owner)}` : `Watching ${count} people`,
    permission: 'Allow camera and microphone to join in',
    waiting: `Waiting for ${memberName(owner)} to let you in`,
    declined: `${memberName(owner)} declined for now`,
    unanswered: `${memberName(owner)} has not answered`,
  }[pageState.asked];
  return { ...NOTHING, state: 'watching', status, ask, canWithdraw: ask === '' };
}

function model(state: GroupState, status: string, title: string, detail: string): GroupModel {
  return { ...NOTHING, state, status, title, detail, panel: true };
}
