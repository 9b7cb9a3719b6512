/**
 * Plays one playlist in a video element: hls.js where it runs, else the browser's own player.
 * Repairs what can be repaired, a bounded number of times a minute; counts the stalls.
 * Knows no room and no signaling.
 */

import Hls, { type ErrorData, ErrorDetails, ErrorTypes, Events, type HlsConfig } from 'hls.js';
import { Budget, type Cancel, type Environment } from '../client';
import { type DecodedAudio, isSilent } from './audio';
import { Climb, measureLine } from './climb';
import { delayBehindLive, hasStrayed } from './delay';
import type { PictureInfo } from './history';

/**
 * `absent`: there is nothing to play at this address (yet). `undelivered`: there is, but the server does not deliver
 * it; it is tried again. `starved`: it stopped for want of data.
 */
export type PlayerState = 'idle' | 'loading' | 'absent' | 'undelivered' | 'playing' | 'starved' | 'ended' | 'failed';

export interface PlayerHandlers {
  changed(state: PlayerState): void;
  /** The browser wanted the sound off. */
  muted(): void;
  /** The server answered that this viewer may not have what was asked for. */
  denied(): void;
}

/** Puts the viewer's token of now into an address. */
export type Sign = (address: string) => string;

/** A stall must not move the target: the missed part is caught up. */
const CONFIG = { lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.5, liveSyncOnStallIncrease: 0 };
const STARVED_MS = 2000;
/** Standstill after which the stream is loaded anew. */
const RELOAD_MS = 12_000;
const ABSENT_RETRY_MS = 3000;
const NETWORK_REPAIRS = 8;
const MEDIA_REPAIRS = 3;
const REPAIR_DELAY_MS = 500;
const LONGEST_REPAIR_DELAY_MS = 5000;
/** First of the HTTP statuses by which a server says that it has failed itself. */
const SERVER_ERROR = 500;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const JUMP_EVERY_MS = 10_000;
/** Distance in seconds from the end of the last segment with media at which a standstill is the end. */
const END_S = 1;

export class Player {
  readonly video: HTMLVideoElement;
  readonly #env: Environment;
  readonly #handlers: PlayerHandlers;
  readonly #sign: Sign | undefined;
  readonly #network = new Budget(NETWORK_REPAIRS, 60_000);
  readonly #media = new Budget(MEDIA_REPAIRS, 60_000);
  readonly #jumps = new Budget(1, JUMP_EVERY_MS);
  readonly #climb: Climb;
  #hls: Hls | undefined;
  #chosen = -1;
  #url = '';
  #state: PlayerState = 'idle';
  #stalls = 0;
  #stalling = false;
  #started = false;
  #repairs = 0;
  #timer: Cancel | undefined;
  #starving: Cancel | undefined;

  /** @param sign where the server wants tokens */
  constructor(video: HTMLVideoElement, env: Environment, handlers: PlayerHandlers, sign?: Sign) {
    this.video = video;
    this.#env = env;
    this.#handlers = handlers;
    this.#sign = sign;
    this.#climb = new Climb(env, (address) => measureLine(this.#signed(address)));
    video.addEventListener('playing', () => this.#playing());
    video.addEventListener('waiting', () => this.#waiting());
    video.addEventListener('ended', () => this.#set('ended'));
    video.addEventListener('error', () => {
      if (!this.#hls && this.#url) this.#set('failed');
    });
  }

  get hls(): Hls | undefined {
    return this.#hls;
  }

  /** The plain address of what is played. */
  get url(): string {
    return this.#url;
  }

  get state(): PlayerState {
    return this.#state;
  }

  get stalls(): number {
    return this.#stalls;
  }

  /** The picture stands still for want of data. */
  get isStalling(): boolean {
    return this.#stalling;
  }

  /** It plays, and has no video. */
  get isAudioOnly(): boolean {
    const { readyState, videoWidth, currentTime } = this.video;
    return this.#state === 'playing' && readyState >= 2 && currentTime > 0 && videoWidth === 0;
  }

  /** There is no audio to be muted. */
  get isSilent(): boolean {
    const hls = this.#hls;
    return isSilent(hls?.levels[hls.currentLevel], hls?.audioTracks.length ?? 0, this.video as DecodedAudio);
  }

  /** Seconds of media ahead of the picture. */
  buffer(): number {
    const { buffered, currentTime } = this.video;
    for (let n = 0; n < buffered.length; n += 1) {
      // A little before the first range counts as within: players jump over such holes.
      if (buffered.start(n) - 0.1 <= currentTime && currentTime <= buffered.end(n))
        return buffered.end(n) - currentTime;
    }
    return 0;
  }

  /** The picture that is shown: its size, and the name and bit rate of the variant as far as they are known. */
  picture(): PictureInfo {
    const { videoWidth: width, videoHeight: height } = this.video;
    const level = this.#hls?.levels[this.#hls.currentLevel];
    return { width, height, bitrate: level?.bitrate ?? 0, name: level?.name ?? '' };
  }

  delay(): number | undefined {
    if (!this.#started || this.#state === 'ended') return undefined;
    if (this.#hls) return delayBehindLive(Date.now(), this.#hls.playingDate, this.#hls.latency);
    return delayBehindLive(Date.now(), nativeDate(this.video), 0);
  }

  load(url: string): void {
    this.unload();
    this.#url = url;
    this.#set('loading');
    if (Hls.isSupported()) this.#loadWithHls(url);
    else if (this.video.canPlayType('application/vnd.apple.mpegurl')) this.video.src = this.#signed(url);
    else return this.#set('failed');
    void this.play();
  }

  /** Goes on with another token. hls.js signs each request; the browser's own player keeps to its first address. */
  resign(): void {
    if (this.#url && !this.#hls) this.load(this.#url);
  }

  unload(): void {
    this.#timer?.();
    this.#starving?.();
    this.#hls?.destroy();
    this.#hls = undefined;
    this.#url = '';
    this.#started = false;
    this.#stalling = false;
    this.#set('idle');
  }

  /** With sound where the browser allows it, else without. */
  async play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NotAllowedError') || this.video.muted) return;
      this.video.muted = true;
      this.#handlers.muted();
      await this.video.play().catch(() => {});
    }
  }

  /** Back to live, now and then, if a lost network or a slow start has left the picture behind. */
  keepLive(): void {
    const hls = this.#hls;
    const { paused, seeking } = this.video;
    if (!hls || this.#state !== 'playing' || paused || seeking) return;
    this.#climb.look(hls, !this.#stalling);
    if (!hasStrayed(hls.latency, hls.targetLatency) || !hls.liveSyncPosition) return;
    const there = isBuffered(this.video, hls.liveSyncPosition);
    if (there && this.#jumps.take(this.#env.now())) this.goLive();
  }

  /** The variant that was chosen by hand, by its place in the list of hls.js; -1 is automatic. */
  get chosen(): number {
    return this.#chosen;
  }

  choose(level: number): void {
    this.#chosen = level;
    if (this.#hls) this.#hls.nextLevel = level;
  }

  /** Jumps to where a viewer who comes now would start. */
  goLive(): void {
    const position = this.#hls?.liveSyncPosition;
    if (position) this.video.currentTime = position;
    void this.play();
  }

  #loadWithHls(url: string): void {
    const hls = new Hls(this.#config());
    this.#hls = hls;
    hls.on(Events.ERROR, (_, error) => {
      if (hls !== this.#hls) return;
      // hls.js tries several times by itself before an error is fatal; the person is told at once.
      if (isServerError(error) && this.#state === 'loading') this.#set('undelivered');
      if (isDenial(error)) this.#handlers.denied();
      if (error.fatal) this.#failed(hls, error);
    });
    // A broadcast that begins again may have other variants.
    hls.on(Events.MANIFEST_PARSED, () => this.choose(-1));
    hls.on(Events.LEVEL_UPDATED, () => {
      if (hls === this.#hls && this.#state === 'starved' && this.#isOver()) this.#set('ended');
    });
    hls.loadSource(this.#signed(url));
    hls.attachMedia(this.video);
  }

  #failed(hls: Hls, error: ErrorData): void {
    const now = this.#env.now();
    if (isManifest(error) && error.response?.code === 404) return this.#retryAbsent(hls);
    console.warn('roomcast: the player', error.details, error.reason ?? error.error?.message ?? '');
    if (error.type === ErrorTypes.NETWORK_ERROR) return this.#retryLoading(hls, error);
    if (error.type === ErrorTypes.MEDIA_ERROR && this.#media.take(now)) return hls.recoverMediaError();
    hls.stopLoad();
    this.#set('failed');
  }

  /** A resource that is not delivered is no fault of the browser, and is tried again for as long as the page is open. */
  #retryLoading(hls: Hls, error: ErrorData): void {
    const isOften = !this.#network.take(this.#env.now());
    if (isOften && this.#state === 'loading') this.#set('undelivered');
    this.#repairs += 1;
    const growing = Math.min(LONGEST_REPAIR_DELAY_MS, REPAIR_DELAY_MS * 2 ** (this.#repairs - 1));
    const delay = isOften ? LONGEST_REPAIR_DELAY_MS : growing;
    this.#later(delay, () => (isManifest(error) ? hls.loadSource(this.#signed(this.#url)) : hls.startLoad()));
  }

  #retryAbsent(hls: Hls): void {
    this.#set('absent');
    this.#later(ABSENT_RETRY_MS, () => hls.loadSource(this.#signed(this.#url)));
  }

  #signed(address: string): string {
    return this.#sign?.(address) ?? address;
  }

  #config(): Partial<HlsConfig> {
    const sign = this.#sign;
    if (!sign) return CONFIG;
    return { ...CONFIG, xhrSetup: (request, address) => request.open('GET', sign(address), true) };
  }

  #later(ms: number, run: () => void): void {
    this.#timer?.();
    this.#timer = this.#env.after(ms, run);
  }

  #playing(): void {
    this.#starving?.();
    this.#started = true;
    this.#stalling = false;
    this.#repairs = 0;
    this.#set('playing');
  }

  #waiting(): void {
    const { paused, seeking, ended } = this.video;
    if (!this.#started || paused || seeking || ended) return;
    this.#stalls += 1;
    this.#stalling = true;
    this.#starve();
  }

  /** Names a standstill once it lasts, and loads anew what does not go on by itself. */
  #starve(): void {
    this.#starving?.();
    this.#starving = this.#env.after(STARVED_MS, () => {
      if (this.#isOver()) return this.#set('ended');
      if (this.#state === 'playing') this.#set('starved');
      this.#starving = this.#env.after(RELOAD_MS - STARVED_MS, () => {
        if (this.#isOver()) return this.#set('ended');
        if (this.#url) this.load(this.#url);
      });
    });
  }

  /**
   * The list has ended, and so has what is shown of it: not every player ends a stream whose tracks differ in length,
   * or whose last segments are gaps.
   */
  #isOver(): boolean {
    const details = this.#hls?.latestLevelDetails;
    if (!this.#stalling || details?.live !== false) return false;
    const { currentTime } = this.video;
    return !details.fragments.some(({ gap, end }) => !gap && end - END_S > currentTime);
  }

  #set(state: PlayerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#handlers.changed(state);
  }
}

function isBuffered({ buffered }: HTMLVideoElement, position: number): boolean {
  return Array.from({ length: buffered.length }, (_, index) => index).some(
    (index) => buffered.start(index) <= position && position < buffered.end(index),
  );
}

function isServerError({ type, response }: ErrorData): boolean {
  return type === ErrorTypes.NETWORK_ERROR && (response?.code ?? 0) >= SERVER_ERROR;
}

function isDenial({ type, response }: ErrorData): boolean {
  const isRefused = response?.code === UNAUTHORIZED || response?.code === FORBIDDEN;
  return type === ErrorTypes.NETWORK_ERROR && isRefused;
}

function isManifest({ details }: ErrorData): boolean {
  return details === ErrorDetails.MANIFEST_LOAD_ERROR || details === ErrorDetails.MANIFEST_LOAD_TIMEOUT;
}

/** Only browsers with an HLS player of their own know the date of what they play. */
function nativeDate(video: HTMLVideoElement & { getStartDate?(): Date }): Date | null {
  const start = video.getStartDate?.().getTime() ?? Number.NaN;
  return Number.isNaN(start) ? null : new Date(start + video.currentTime * 1000);
}
