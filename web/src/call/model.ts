/**
 * The view of a call, derived from the state of the page: one state with a name, and the texts for it. Pure. The only
 * place that decides between "waiting", "connecting", "in call" and "reconnecting".
 */

import type { Departure } from '../rtc/silence';
import type { UserMessage } from '../ui/user-messages';

export type CallState =
  | 'lobby'
  | 'connecting'
  | 'returning'
  | 'not-started'
  | 'waiting'
  | 'in-call'
  | 'reconnecting'
  | 'left'
  | 'failed';

export interface Other {
  name: string;
  video: boolean;
  audio: boolean;
}

export interface PageState {
  /** Where this person is: before the call, on the way in, in, cut off, gone, or stopped by a failure. */
  stage: 'lobby' | 'joining' | 'joined' | 'recovering' | 'gone' | 'failed';
  failure?: UserMessage | undefined;
  /** The call is full, and one of its seats is still kept for an earlier page of this person. */
  returning: boolean;
  /** The call does not exist, and somebody else has to open it. */
  notOpened: boolean;
  /** At least one attempt to reach the server came to nothing. */
  unreachable: boolean;
  offline: boolean;
  other?: Other | undefined;
  /** The last person to go, and whether with `LEAVE`. */
  departed?: { name: string; how: Departure } | undefined;
  media: RTCPeerConnectionState;
  /** The media with this other person was connected at some time. */
  everConnected: boolean;
  /** The server has lost the other person, whose media go on. */
  outOfSight: boolean;
  /** The call was lost for a while, and the person has not read yet that it goes on. */
  interrupted: boolean;
}

/** The state of a page that has just opened. */
export const INITIAL_STATE: Readonly<PageState> = {
  stage: 'lobby',
  returning: false,
  notOpened: false,
  unreachable: false,
  offline: false,
  media: 'new',
  everConnected: false,
  outOfSight: false,
  interrupted: false,
};

export interface CallModel {
  state: CallState;
  /** The line in the bar. */
  status: string;
  title: string;
  detail: string;
  /** Whether the panel with title and detail stands over the picture. */
  panel: boolean;
  invite: boolean;
  retry: boolean;
  /** Whether there is a wait that can be given up. */
  canGiveUp: boolean;
}

export function describe(pageState: PageState): CallModel {
  switch (pageState.stage) {
    case 'lobby':
      return model('lobby', 'Not in the call yet', '', '');
    case 'joining':
      if (pageState.offline) return offline('connecting');
      if (pageState.returning) return returning();
      return pageState.notOpened ? notOpened() : joining(pageState);
    case 'recovering':
      return recovering(pageState);
    case 'gone':
      return { ...model('left', 'You left the call', 'You left the call', 'You can come back any time.'), retry: true };
    case 'failed':
      return failed(pageState);
    case 'joined':
      return pageState.other ? together(pageState, pageState.other) : alone(pageState);
  }
}

function joining(pageState: PageState): CallModel {
  const detail = pageState.unreachable ? 'The server does not answer yet. Still trying.' : '';
  return { ...model('connecting', 'Connecting…', 'Connecting…', detail), canGiveUp: true };
}

function returning(): CallModel {
  const title = 'Your earlier page still holds your place';
  const detail = 'It closed without leaving the call. You will join by yourself in a few seconds.';
  return { ...model('returning', 'Waiting for your place in the call…', title, detail), canGiveUp: true };
}

function notOpened(): CallModel {
  const title = 'This call has not started';
  const detail = 'Keep this page open. You will join by yourself when someone who may open the call does so.';
  return { ...model('not-started', title, title, detail), canGiveUp: true };
}

function recovering(pageState: PageState): CallModel {
  const shown = pageState.offline
    ? offline('reconnecting')
    : {
        ...model('reconnecting', 'Connection lost. Reconnecting…', 'Connection lost', 'Reconnecting to the server…'),
        canGiveUp: true,
      };
  // Picture and sound go from person to person: they may well go on without the server.
  return pageState.media === 'connected' ? { ...shown, panel: false } : shown;
}

function offline(state: CallState): CallModel {
  const detail = 'The call continues when the network is back.';
  return { ...model(state, 'You are offline. Waiting…', 'You are offline', detail), canGiveUp: true };
}

function failed({ failure }: PageState): CallModel {
  const title = failure?.title ?? 'Something went wrong';
  const shown = model('failed', title, title, failure?.detail ?? '');
  return { ...shown, retry: failure?.canRetry ?? true };
}

function alone({ departed, interrupted }: PageState): CallModel {
  if (departed) return gone(departed.name, departed.how);
  const title = 'Waiting for someone to join';
  const status = interrupted ? `Connected again. ${title}` : title;
  return { ...model('waiting', status, title, 'Send this link to the person you want to talk to.'), invite: true };
}

function gone(name: string, how: Departure): CallModel {
  const detail = 'You can wait here: the next person to open the link will join you.';
  if (how === 'left')
    return { ...model('left', `${name} left the call`, `${name} left the call`, detail), invite: true };
  const title = `${name} lost the connection`;
  const back = `Waiting for them to come back. ${detail}`;
  return { ...model('waiting', `${title}. Waiting…`, title, back), invite: true };
}

function together(pageState: PageState, other: Other): CallModel {
  if (pageState.media === 'connected' && pageState.outOfSight) {
    const status = `${other.name} lost the connection to the server. Waiting…`;
    return { ...model('in-call', status, '', ''), panel: false };
  }
  if (pageState.media === 'connected') {
    const status = `${pageState.interrupted ? 'Back in the call' : 'In call'} with ${other.name}`;
    return { ...model('in-call', status, '', ''), panel: false };
  }
  if (pageState.everConnected) {
    const title = `Connection to ${other.name} lost`;
    return { ...model('reconnecting', `${title}. Reconnecting…`, title, 'Reconnecting…'), canGiveUp: true };
  }
  const title = `Connecting to ${other.name}…`;
  return { ...model('connecting', title, title, ''), canGiveUp: true };
}

function model(state: CallState, status: string, title: string, detail: string): CallModel {
  return { state, status, title, detail, panel: true, invite: false, retry: false, canGiveUp: false };
}
