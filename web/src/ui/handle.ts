/**
 * `window.roomcast`: a handle for tests and for a look from the browser's console.
 * The page itself never reads it.
 */

import type Hls from 'hls.js';
import type { Connection } from '../client';

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
}

declare global {
  interface Window {
    roomcast?: CallHandle | GroupHandle | WatchHandle;
  }
}

export function expose(handle: CallHandle | GroupHandle | WatchHandle): void {
  window.roomcast = handle;
}
