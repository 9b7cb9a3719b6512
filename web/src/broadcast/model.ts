/**
 * The view of a broadcast for the person who makes it, derived from the state of the page: one state with a name, and
 * the texts for it. Pure.
 */

import type { Kind, Problem } from '../rtc/media';
import type { UserMessage } from '../ui/user-messages';

export type BroadcastState =
  | 'asking'
  | 'no-camera'
  | 'preview'
  | 'starting'
  | 'on-air'
  | 'reconnecting'
  | 'stopping'
  | 'stopped'
  | 'failed';

export interface PageState {
  stage: 'off' | 'starting' | 'on-air' | 'stopping' | 'stopped' | 'failed';
  /** An earlier page of this person was on air in this room and ended without a goodbye. */
  returning: boolean;
  /** The browser has answered about the devices. */
  asked: boolean;
  camera: boolean;
  microphone: boolean;
  /** This browser has an encoder for the audio of the microphone. */
  canEncodeAudio: boolean;
  problems: Partial<Record<Kind, Problem>>;
  /** Joined, or on the way back in. */
  connected: boolean;
  offline: boolean;
  unreachable: boolean;
  /** The first part has reached the server. */
  arrived: boolean;
  slow: boolean;
  /** The browser slows the page since its tab is hidden, or did so a moment ago. */
  slowedTab: boolean;
  /** The quality that viewers get while the way to the server carries no more. */
  reduced?: string | undefined;
  failure?: UserMessage | undefined;
}

/** The state of a page that has just opened. */
export const INITIAL_STATE: Readonly<PageState> = {
  stage: 'off',
  returning: false,
  asked: false,
  camera: false,
  microphone: false,
  canEncodeAudio: true,
  problems: {},
  connected: false,
  offline: false,
  unreachable: false,
  arrived: false,
  slow: false,
  slowedTab: false,
};

export interface BroadcastModel {
  state: BroadcastState;
  status: string;
  /** Words over the picture; none while it is to be seen. */
  title: string;
  detail: string;
  /** Beside the buttons. */
  hint: string;
  warning: boolean;
  /** Beside the chosen quality: the one that viewers get for now. */
  sent: string;
  start: boolean;
  stop: boolean;
  again: boolean;
  /** There is audio to be muted, or there may be. */
  mute: boolean;
}

export function describe(pageState: PageState): BroadcastModel {
  return { ...describePhase(pageState), mute: pageState.canEncodeAudio };
}

function describePhase(pageState: PageState): BroadcastModel {
  switch (pageState.stage) {
    case 'off':
      return before(pageState);
    case 'starting':
      return model('starting', startingText(pageState), { stop: true });
    case 'on-air':
      return onAir(pageState);
    case 'stopping':
      return model('stopping', 'Ending the broadcast…', { title: 'Ending the broadcast…' });
    case 'stopped':
      return model('stopped', 'Not on air', {
        title: 'The broadcast has ended',
        detail: 'Your camera is off. Viewers see that the broadcast has ended.',
        again: true,
      });
    case 'failed':
      return failed(pageState.failure);
  }
}

function startingText({ unreachable, returning }: PageState): string {
  if (unreachable) return 'The server does not answer yet…';
  return returning ? 'Your earlier page is gone. Taking over from it…' : 'Going on air…';
}

function before({ asked, camera, microphone, canEncodeAudio, problems }: PageState): BroadcastModel {
  if (!asked) {
    const hint = 'Your browser asks for camera and microphone. Please allow them.';
    return model('asking', 'Not on air', { hint });
  }
  if (!camera) {
    const { title, detail } = noCamera(problems.video);
    const hint = `${title}: viewers only hear you.`;
    if (microphone && canEncodeAudio)
      return model('preview', 'Audio only', { title: 'Audio only', detail, hint, start: true });
    return model('no-camera', 'No camera', { title, detail, again: problems.video !== 'insecure' });
  }
  const sound = canEncodeAudio ? noSound(problems.audio) : NO_AUDIO_ENCODER;
  return model('preview', 'Not on air', { hint: sound, warning: sound !== '', start: true });
}

const NO_AUDIO_ENCODER = 'This browser cannot encode audio: viewers hear nothing.';

const HIDDEN_TAB = 'The browser slows this tab while it is hidden, and viewers see the video stop. Keep it in front.';

/** Only said at the lowest quality. */
const SLOW = 'Your upload is slow even for the lowest quality. The broadcast ends unless it gets faster.';

function onAir(pageState: PageState): BroadcastModel {
  const { offline, connected, arrived, slow, reduced, problems } = pageState;
  if (offline) return model('reconnecting', 'You are offline. Waiting…', { stop: true });
  if (!connected) return model('reconnecting', 'Connection lost. Reconnecting…', { stop: true });
  if (!arrived) return model('starting', startingText(pageState), { stop: true });
  const silence = pageState.canEncodeAudio ? noSound(problems.audio) : NO_AUDIO_ENCODER;
  const device = pageState.camera ? silence : `${noCamera(problems.video).title}. Choose another one.`;
  if (pageState.slowedTab)
    return model('on-air', 'On air', {
      hint: HIDDEN_TAB,
      warning: true,
      sent: reduced ? `${reduced} for now` : '',
      stop: true,
    });
  const hint = slow ? SLOW : reduced ? `Your upload is slow: viewers get ${reduced} until it is faster.` : device;
  const sent = reduced ? `${reduced} for now` : '';
  return model('on-air', 'On air', { hint, warning: hint !== '', sent, stop: true });
}

function failed(failure: UserMessage | undefined): BroadcastModel {
  const title = failure?.title ?? 'Something went wrong';
  return model('failed', title, { title, detail: failure?.detail ?? '', again: failure?.canRetry ?? true });
}

function noCamera(problem: Problem | undefined): { title: string; detail: string } {
  switch (problem) {
    case 'insecure':
      return {
        title: 'No camera on this page',
        detail: 'Browsers give camera and microphone only to pages on https or on localhost.',
      };
    case 'refused':
      return { title: 'The camera is blocked', detail: 'Allow it in the address bar: this page goes on by itself.' };
    case 'busy':
      return { title: 'The camera is in use', detail: 'Another program has it. Close that, then try again.' };
    case 'ended':
      return { title: 'The camera was disconnected', detail: 'Plug it in again, or choose another one.' };
    case 'missing':
      return { title: 'No camera found', detail: 'Plug in a camera and it is found by itself.' };
    default:
      return { title: 'The camera could not be started', detail: 'Try again, or choose another one.' };
  }
}

function noSound(problem: Problem | undefined): string {
  switch (problem) {
    case undefined:
      return '';
    case 'refused':
      return 'The microphone is blocked for this page: viewers hear nothing.';
    case 'busy':
      return 'The microphone is in use by another program: viewers hear nothing.';
    case 'ended':
      return 'The microphone was disconnected: viewers hear nothing.';
    default:
      return 'No microphone: viewers hear nothing.';
  }
}

function model(state: BroadcastState, status: string, more: Partial<BroadcastModel> = {}): BroadcastModel {
  const none = {
    title: '',
    detail: '',
    hint: '',
    warning: false,
    sent: '',
    start: false,
    stop: false,
    again: false,
    mute: true,
  };
  return { ...none, state, status, ...more };
}

/** "0:07", "12:34", "1:02:03". */
export function clockText(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export interface Stats {
  /** Milliseconds an upload took lately. */
  delay: number | undefined;
  /** Bits per second of the frames, by the encoder. */
  droppedFrames: number;
  /** Repeats of a frame because none came for a while. */
  heldFrames: number;
  /** Parts that were given up. */
  droppedParts: number;
  resolution: string;
  /** Bits per second that went out lately. */
  bitrate: number;
}

/** The figures of a broadcast on air, in one line. */
export function statsText({ delay, droppedFrames, droppedParts, resolution, bitrate }: Stats): string {
  const pieces = [
    resolution,
    bitrate > 0 ? `${(bitrate / 1e6).toFixed(1)} Mbit/s` : '',
    delay === undefined ? '' : `upload delay ${Math.round(delay)} ms`,
    droppedFrames > 0 ? `${droppedFrames} frames skipped` : '',
    droppedParts > 0 ? `${droppedParts} chunks lost` : '',
  ];
  return pieces.filter(Boolean).join(' · ');
}
