/**
 * `window.roomcast`: a handle for tests and for a look from the browser's console.
 * The page itself never reads it.
 */

import type Hls from 'hls.js';
import type { Connection } from '../client';
import type { PictureInfo, Sample } from '../watch/history';

export interface CallHandle {
  readonly pc: RTCPeerConnection | undefined;
  readonly connection: Connection | undefined;
  restartMedia(): void;
}

export interface GroupHandle {
  readonly connection: Connection | undefined;
  /** The media connection with each publisher, by user id. */
  readonly pcs: Record<string, RTCPeerConnection | undefined>;
}

export interface WatchHandle {
  readonly hls: Hls | undefined;
  readonly video: HTMLVideoElement;
  readonly connection: Connection | undefined;
  /** Times the picture stopped for want of data since it first played. */
  readonly stalls: number;
  /** Seconds behind live, when known. */
  delay(): number | undefined;
  /** The samples of the graph, and the figures beside it. */
  readonly insight: {
    samples: readonly Sample[];
    picture: PictureInfo;
    droppedVideoFrames: number;
    stalls: number;
  };
}

export interface BroadcastHandle {
  readonly connection: Connection | undefined;
  /** The encoding of uploads: `multipart` or `json`. */
  readonly form: string | undefined;
  readonly stats: Record<string, unknown>;
}

export type Handle = CallHandle | GroupHandle | WatchHandle | BroadcastHandle;

declare global {
  interface Window {
    roomcast?: Handle;
  }
}

export function expose(handle: Handle): void {
  window.roomcast = handle;
}
