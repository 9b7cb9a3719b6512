/**
 * Puts the devices of this person into encoding sessions, one after the other: another one when the encoder fails, when the
 * shape of the picture changes, or when the camera stood still. Knows no room and no upload.
 */

import { Budget } from '../client';
import type { LocalMedia } from '../rtc/media';
import { gridRate } from './cadence';
import type { Part } from './cut';
import { type Quality, SOUND_RATE, soundConfig, videoConfig } from './encoders';
import { EncodingSession } from './encoding-session';
import type { EncodedFormat } from './packager';
import { type Close, frames, sounds } from './sources';

export interface CameraHandlers {
  began(pageState: EncodedFormat): void;
  part(part: Part): void;
  /** Called with each encoding session: whether the browser encodes the audio of this microphone. */
  audioEncoded(isEncoded: boolean): void;
  /** There will be no more encoding sessions. `unsupported`: this browser has no encoder. */
  failed(reason: string, unsupported: boolean): void;
}

const TAKES_PER_MINUTE = 6;
/** Time that the first sound of a microphone may take before an encoding session begins without it. */
const SOUND_TIMEOUT_MS = 1000;

export class Camera {
  readonly #media: LocalMedia;
  readonly #handlers: CameraHandlers;
  readonly #budget = new Budget(TAKES_PER_MINUTE, 60_000);
  #quality: Quality;
  #encoding: EncodingSession | undefined;
  /** An encoding session that is being made; a later one makes it stale. */
  #making = 0;
  #frames: Close | undefined;
  #sounds: Close | undefined;
  #soundRate: number | undefined;
  #soundDueUntil = 0;
  readonly #tracks: Partial<Record<'audio' | 'video', MediaStreamTrack | null>> = {};
  #size = '';
  #left = Promise.resolve();
  #running = false;
  #dropped = 0;
  #held = 0;

  constructor(media: LocalMedia, quality: Quality, handlers: CameraHandlers) {
    this.#media = media;
    this.#quality = quality;
    this.#handlers = handlers;
  }

  get resolution(): string {
    const { width = 0, height = 0 } = this.#encoding?.video ?? {};
    return width > 0 ? `${width}×${height}` : '';
  }

  get codec(): string {
    return this.#encoding?.video.codec ?? '';
  }

  get droppedFrames(): number {
    return this.#dropped + (this.#encoding?.frames.dropped ?? 0);
  }

  /** Repeats of a frame because none came for a while. */
  get heldFrames(): number {
    return this.#held + (this.#encoding?.frames.held ?? 0);
  }

  start(): void {
    this.#running = true;
    this.sourceChanged('video');
    this.sourceChanged('audio');
  }

  /** Another device, or none; nothing happens while it is the same. */
  sourceChanged(kind: 'audio' | 'video'): void {
    const track = this.#media.track(kind);
    if (!this.#running || (this.#tracks[kind] ?? null) === track) return;
    this.#tracks[kind] = track;
    if (kind === 'video') {
      // Another camera, another picture: its first frame begins another session.
      this.#size = '';
      this.#frames?.();
      this.#frames = track ? frames(track, (frame) => this.#frame(frame)) : undefined;
    } else {
      this.#sounds?.();
      this.#soundRate = undefined;
      this.#soundDueUntil = track ? performance.now() + SOUND_TIMEOUT_MS : 0;
      this.#sounds = track ? sounds(track, (sound) => this.#sound(sound)) : undefined;
    }
    this.#encoding?.sourceChanged(kind, track !== null);
  }

  /** Holds from the next session on. */
  setQuality(quality: Quality): void {
    this.#quality = quality;
  }

  /** Goes on in another session, with what the devices give now. */
  async restart(): Promise<void> {
    this.#making += 1;
    this.#size = '';
    await this.#leave();
  }

  /** Gives what is left and lets go of everything but the devices. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#making += 1;
    this.#closeSources();
    await this.#leave();
  }

  /** Stops at once; nothing more is given. */
  close(): void {
    this.#running = false;
    this.#making += 1;
    this.#closeSources();
    this.#encoding?.close();
    this.#encoding = undefined;
  }

  /** Ends a session; the next one waits until this one has given its last part. */
  #leave(): Promise<void> {
    const session = this.#encoding;
    this.#encoding = undefined;
    if (!session) return this.#left;
    this.#dropped += session.frames.dropped;
    this.#held += session.frames.held;
    const before = this.#left;
    this.#left = before.then(() => session.finish());
    return this.#left;
  }

  #closeSources(): void {
    this.#frames?.();
    this.#sounds?.();
    this.#frames = this.#sounds = undefined;
    this.#tracks.audio = this.#tracks.video = null;
  }

  #frame(frame: VideoFrame): void {
    const size = `${frame.displayWidth}x${frame.displayHeight}`;
    if (!this.#running) return frame.close();
    // The sound tells its rate with its first piece; a session that began without would have to begin again.
    if (!this.#encoding && this.#isSoundDue()) return frame.close();
    if (size === this.#size) {
      if (this.#encoding) return this.#encoding.frame(frame, performance.now());
      return frame.close();
    }
    this.#size = size;
    const { displayWidth, displayHeight } = frame;
    frame.close();
    void this.#begin(displayWidth, displayHeight);
  }

  #isSoundDue(): boolean {
    return this.#soundDueUntil > performance.now();
  }

  #sound(sound: Parameters<EncodingSession['sound']>[0]): void {
    this.#soundDueUntil = 0;
    this.#soundRate = sound.rate;
    const session = this.#encoding;
    if (session?.soundRate === undefined || session.soundRate === sound.rate) session?.sound(sound, performance.now());
    else void this.restart();
  }

  async #begin(width: number, height: number): Promise<void> {
    this.#making += 1;
    const mine = this.#making;
    await this.#leave();
    if (!this.#budget.take(performance.now())) return this.#handlers.failed('it was begun anew too often', false);
    const rate = gridRate(this.#media.track('video')?.getSettings().frameRate);
    const video = await videoConfig(even(width), even(height), rate, this.#quality.bitrate);
    const sound = await soundConfig(this.#soundRate ?? SOUND_RATE, 1);
    if (mine !== this.#making) return;
    if (!video) return this.#handlers.failed('no encoder for the picture', true);
    this.#handlers.audioEncoded(sound !== undefined);
    this.#encoding = this.#make(video, sound);
  }

  #make(video: VideoEncoderConfig, sound: AudioEncoderConfig | undefined): EncodingSession {
    const session: EncodingSession = new EncodingSession(video, sound, {
      began: (pageState) => this.#handlers.began(pageState),
      part: (part) => this.#handlers.part(part),
      failed: (reason) => {
        console.warn('roomcast: an encoding session ended:', reason);
        if (this.#encoding === session) void this.restart();
      },
    });
    session.sourceChanged('audio', this.#media.track('audio') !== null);
    return session;
  }
}

/** H.264 with 4:2:0 has no odd sizes. */
function even(size: number): number {
  return Math.max(2, size - (size % 2));
}
