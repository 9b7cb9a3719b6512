/**
 * The view of a broadcast for its viewers, derived from the state of the page: one state with a name, and the texts
 * for it. Pure. The picture comes first: as long as it moves, trouble with the signaling is a note in the bar.
 */

import type { UserMessage } from '../ui/user-messages';
import type { PlayerState } from './player';

export type WatchState = 'connecting' | 'not-started' | 'watching' | 'reconnecting' | 'ended' | 'failed';

export interface PageState {
  /** The room: on the way in, in, cut off, not there, closed, or out of reach for good. */
  room: 'joining' | 'joined' | 'recovering' | 'absent' | 'closed' | 'failed';
  failure?: UserMessage | undefined;
  unreachable: boolean;
  offline: boolean;
  player: PlayerState;
  /** There was video at some time. */
  everPlayed: boolean;
  /** The wait of now has lasted for so long that there is a button to begin anew. */
  late: boolean;
}

/** The state of a page that has just opened. */
export const INITIAL_STATE: Readonly<PageState> = {
  room: 'joining',
  unreachable: false,
  offline: false,
  player: 'idle',
  everPlayed: false,
  late: false,
};

export interface WatchModel {
  state: WatchState;
  status: string;
  title: string;
  detail: string;
  panel: boolean;
  retry: boolean;
  /** Whether there is a link to the start page. */
  home: boolean;
}

export function describe(pageState: PageState): WatchModel {
  const shown = stateOf(pageState);
  const isWait = shown.panel && (shown.state === 'connecting' || shown.state === 'reconnecting');
  if (!isWait || !pageState.late) return shown;
  const detail = shown.detail || 'This takes longer than usual. Still trying.';
  return { ...shown, detail, retry: true, home: true };
}

function stateOf(pageState: PageState): WatchModel {
  if (pageState.player === 'playing') return playing(pageState);
  if (pageState.room === 'failed') return failed(pageState.failure);
  if (pageState.player === 'failed') {
    return failed({
      title: 'The broadcast cannot be played',
      detail: 'Try again, or with another browser.',
      canRetry: true,
    });
  }
  const gone = pageState.room === 'absent' || pageState.room === 'closed' || pageState.player === 'ended';
  if (gone && pageState.everPlayed) return ended();
  if (pageState.room === 'closed') return ended();
  if (pageState.offline)
    return model(
      'reconnecting',
      'You are offline. Waiting…',
      'You are offline',
      'The broadcast continues when the network is back.',
    );
  if (pageState.player === 'undelivered') return undelivered(pageState);
  if (pageState.room === 'absent' || waitsForPicture(pageState)) return notStarted();
  const starts = pageState.room === 'joined' && pageState.player === 'loading';
  return !starts && (pageState.everPlayed || pageState.room === 'recovering')
    ? recovering(pageState)
    : connecting(pageState);
}

function playing(pageState: PageState): WatchModel {
  const watching = { ...model('watching', 'Watching live', '', ''), panel: false };
  if (pageState.room !== 'recovering' && pageState.room !== 'failed') return watching;
  const status = pageState.offline ? 'You are offline. Waiting…' : 'Connection lost. Reconnecting…';
  return { ...watching, state: 'reconnecting', status };
}

/** The room is there, and nothing to play in it yet. */
function waitsForPicture({ room, player, everPlayed }: PageState): boolean {
  return room === 'joined' && !everPlayed && (player === 'idle' || player === 'absent');
}

function notStarted(): WatchModel {
  const title = 'This broadcast has not started';
  return { ...model('not-started', title, title, 'Keep this page open. It starts by itself.'), home: true };
}

function ended(): WatchModel {
  const title = 'The broadcast has ended';
  return { ...model('ended', title, title, 'If it starts again, it will play here.'), home: true };
}

function connecting({ unreachable }: PageState): WatchModel {
  const detail = unreachable ? 'The server does not answer yet. Still trying.' : '';
  return model('connecting', 'Connecting…', 'Connecting…', detail);
}

function undelivered({ everPlayed, room }: PageState): WatchModel {
  const title = 'The server does not deliver the video right now';
  const state = everPlayed || room === 'recovering' ? 'reconnecting' : 'connecting';
  return model(state, 'Waiting for video…', title, 'It is tried again and again, and plays as soon as it comes.');
}

function recovering({ room }: PageState): WatchModel {
  return room === 'joined'
    ? model('reconnecting', 'Waiting for video…', 'The video has stopped', 'Waiting for the broadcast to continue…')
    : model('reconnecting', 'Connection lost. Reconnecting…', 'Connection lost', 'Reconnecting…');
}

function failed(failure: UserMessage | undefined): WatchModel {
  const title = failure?.title ?? 'Something went wrong';
  return { ...model('failed', title, title, failure?.detail ?? ''), retry: failure?.canRetry ?? true, home: true };
}

function model(state: WatchState, status: string, title: string, detail: string): WatchModel {
  return { state, status, title, detail, panel: true, retry: false, home: false };
}
