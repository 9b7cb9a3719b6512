/**
 * What a broadcast looks like from its facts: one state with a name, and the words for it. Pure.
 * The picture comes first: as long as it moves, trouble with the signaling is a note in the bar.
 */

import type { Words } from '../ui/words';
import type { PlayerState } from './player';

export type WatchState = 'connecting' | 'not-started' | 'watching' | 'reconnecting' | 'ended' | 'failed';

export interface Facts {
  /** The room: on the way in, in, cut off, not there, closed, or out of reach for good. */
  room: 'joining' | 'joined' | 'recovering' | 'absent' | 'closed' | 'failed';
  failure?: Words | undefined;
  unreachable: boolean;
  offline: boolean;
  player: PlayerState;
  /** There was a picture at some time. */
  everPlayed: boolean;
}

export interface WatchModel {
  state: WatchState;
  status: string;
  title: string;
  detail: string;
  panel: boolean;
  retry: boolean;
}

export function describe(facts: Facts): WatchModel {
  if (facts.player === 'playing') return playing(facts);
  if (facts.room === 'failed') return failed(facts.failure);
  if (facts.player === 'failed') {
    return failed({
      title: 'The broadcast cannot be played',
      detail: 'Try again, or with another browser.',
      canRetry: true,
    });
  }
  const gone = facts.room === 'absent' || facts.room === 'closed' || facts.player === 'ended';
  if (gone && facts.everPlayed) return ended();
  if (facts.room === 'closed') return ended();
  if (facts.offline)
    return model('reconnecting', 'You are offline. Waiting…', 'You are offline', 'Waiting for the network.');
  if (facts.room === 'absent' || waitsForPicture(facts)) return notStarted();
  const starts = facts.room === 'joined' && facts.player === 'loading';
  return !starts && (facts.everPlayed || facts.room === 'recovering') ? recovering(facts) : connecting(facts);
}

function playing(facts: Facts): WatchModel {
  const watching = { ...model('watching', 'Watching live', '', ''), panel: false };
  if (facts.room !== 'recovering' && facts.room !== 'failed') return watching;
  const status = facts.offline ? 'You are offline. Waiting…' : 'Connection lost. Reconnecting…';
  return { ...watching, state: 'reconnecting', status };
}

/** The room is there, and nothing to play in it yet. */
function waitsForPicture({ room, player, everPlayed }: Facts): boolean {
  return room === 'joined' && !everPlayed && (player === 'idle' || player === 'absent');
}

function notStarted(): WatchModel {
  const title = 'This broadcast has not started';
  return model('not-started', title, title, 'Stay here: it begins by itself.');
}

function ended(): WatchModel {
  return model(
    'ended',
    'The broadcast has ended',
    'The broadcast has ended',
    'Should it start again, it will play here.',
  );
}

function connecting({ unreachable }: Facts): WatchModel {
  const detail = unreachable ? 'The server does not answer yet. Still trying.' : '';
  return model('connecting', 'Connecting…', 'Connecting…', detail);
}

function recovering({ room }: Facts): WatchModel {
  return room === 'joined'
    ? model(
        'reconnecting',
        'Waiting for the picture…',
        'The picture has stopped',
        'Waiting for the broadcast to go on…',
      )
    : model('reconnecting', 'Connection lost. Reconnecting…', 'Connection lost', 'Reconnecting…');
}

function failed(failure: Words | undefined): WatchModel {
  const title = failure?.title ?? 'Something went wrong';
  return { ...model('failed', title, title, failure?.detail ?? ''), retry: failure?.canRetry ?? true };
}

function model(state: WatchState, status: string, title: string, detail: string): WatchModel {
  return { state, status, title, detail, panel: true, retry: false };
}
