/**
 * Browser parts for tests of waits: a peer connection that never finds a way, a player and a camera that the test plays.
 * Never part of the built page.
 */

import type { CameraHandlers } from './broadcast/camera';

/** A browser's peer connection that never finds a way, and does not say so. */
export class StuckConnection {
  static made: StuckConnection[] = [];
  connectionState = 'new';
  signalingState = 'stable';
  localDescription = { sdp: 'v=0' };
  onconnectionstatechange = () => {};

  constructor() {
    StuckConnection.made.push(this);
  }

  addTransceiver() {}
  getTransceivers = () => [];
  getReceivers = () => [];
  getConfiguration = () => ({});
  setConfiguration() {}
  close() {}
  createOffer = async () => ({});
  async setLocalDescription() {
    this.signalingState = 'have-local-offer';
  }
  async setRemoteDescription() {
    this.signalingState = 'stable';
  }
}

export class FakePlayer {
  static made: FakePlayer[] = [];
  state = 'idle';
  url = '';
  readonly handlers: { changed(state: string): void; denied(): void };

  constructor(_video: unknown, _env: unknown, handlers: FakePlayer['handlers']) {
    this.handlers = handlers;
    FakePlayer.made.push(this);
  }

  load() {}
  unload() {}
}

const FORMAT = { init: new Uint8Array(8), codecs: 'avc1.42c01f,opus', width: 640, height: 360 };

/** A camera that gives a segment of one second whenever the test says so. */
export class FakeCamera {
  static made: FakeCamera[] = [];
  droppedFrames = 0;
  resolution = '';
  codec = '';
  readonly #handlers: CameraHandlers;
  #second = 0;

  constructor(_media: unknown, _quality: unknown, handlers: CameraHandlers) {
    this.#handlers = handlers;
    FakeCamera.made.push(this);
  }

  /** Nothing comes of a camera unless the test asks for it. */
  give(): void {
    if (this.#second === 0) this.#handlers.began({ ...FORMAT, frameRate: 30, bandwidth: 1_000_000, wallClock: 0 });
    const bytes = new Uint8Array(30_000);
    this.#handlers.part({ bytes, begin: this.#second, seconds: 1, independent: true, first: true });
    this.#second += 1;
  }

  start() {}
  restart() {}
  close() {}
  setQuality() {}
  async stop() {}
}
