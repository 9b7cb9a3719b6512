/**
 * One encoding session: from raw frames and sound to parts, through the encoders of the browser.
 *
 * The picture is put on an even grid, the sound is made whole, both begin with the first frame. When an encoder
 * fails, or the picture stops for so long that another session is better, it says so once and does nothing more.
 * Every queue is bounded: a frame for which the encoder has no time is left out.
 */

import { Cadence } from './cadence';
import { ClockMap } from './clock-map';
import { type Chunk, Cutter, type Part } from './cut';
import { avcSample } from './mp4/avc';
import { AUDIO_NAME, videoName } from './mp4/codec';
import { initSection, VIDEO_RATE } from './mp4/init';
import { type EncodedFormat, PART_TARGET, PART_TARGET_S, PARTS_PER_SEGMENT } from './packager';
import { type Sound, SoundLine } from './sound-line';

export interface EncodingSessionHandlers {
  /** Called once, before the first part. */
  began(pageState: EncodedFormat): void;
  part(part: Part): void;
  /** Nothing more comes. */
  failed(reason: string): void;
}

/** Frames that wait for the encoder. */
const MOST_QUEUED = 6;
/** A camera that was away for longer goes on in another session. */
const LONGEST_PAUSE_S = 2;
/** The last frame is repeated when the next is late by this. */
const MAX_LATE_S = 0.25;
const TICK_MS = 100;
/** Factor of the peak over the bit rate asked of the encoder, with the boxes around the media. */
const PEAK = 1.3;

export class EncodingSession {
  readonly #video: VideoEncoderConfig;
  readonly #rate: number;
  readonly #handlers: EncodingSessionHandlers;
  readonly #encoder: VideoEncoder;
  readonly #sound: SoundLine | undefined;
  readonly #cutter = new Cutter(PART_TARGET);
  readonly #cadence: Cadence;
  #clock = new ClockMap();
  readonly #timer: ReturnType<typeof setInterval>;
  #begin: number | undefined;
  #wallClock = 0;
  #last: VideoFrame | undefined;
  #lastKey: number | undefined;
  #description: Uint8Array | undefined;
  /** The decoder configuration, from the stream itself. */
  #record: Uint8Array | undefined;
  #began = false;
  #closed = false;
  #dropped = 0;
  #held = 0;
  #encoded = 0;

  constructor(video: VideoEncoderConfig, sound: AudioEncoderConfig | undefined, handlers: EncodingSessionHandlers) {
    this.#video = video;
    this.#rate = video.framerate ?? 30;
    this.#handlers = handlers;
    this.#cadence = new Cadence(this.#rate);
    this.#encoder = new VideoEncoder({
      output: (chunk, metadata) => this.#picture(chunk, metadata),
      error: (error) => this.#fail(`the encoder of the picture: ${error.message}`),
    });
    this.#encoder.configure(video);
    const chunk = (made: Chunk) => this.#cutter.sound(made);
    this.#sound = sound && new SoundLine(sound, { chunk, failed: (reason) => this.#fail(reason) });
    this.#timer = setInterval(() => this.#tick(performance.now()), TICK_MS);
  }

  get video(): VideoEncoderConfig {
    return this.#video;
  }

  get soundRate(): number | undefined {
    return this.#sound?.rate;
  }

  /** Frames for which there was no time, frames that were encoded, and repeats of a frame while none came. */
  get frames(): { dropped: number; encoded: number; held: number } {
    return { dropped: this.#dropped, encoded: this.#encoded, held: this.#held };
  }

  /** Takes a frame of the camera and closes it. */
  frame(frame: VideoFrame, arrival: number): void {
    if (this.#closed) return frame.close();
    const at = this.#clock.map(frame.timestamp / 1000, arrival);
    if (this.#begin === undefined) {
      this.#begin = at;
      this.#wallClock = Date.now() - (performance.now() - at);
    }
    const seconds = (at - this.#begin) / 1000;
    if (seconds - this.#cadence.next / this.#rate > LONGEST_PAUSE_S) {
      frame.close();
      return this.#fail('the picture stood still for too long');
    }
    const place = this.#cadence.take(seconds);
    if (!place) return frame.close();
    if (place.repeats > MAX_LATE_S * this.#rate) this.#held += place.repeats;
    this.#repeat(place.place - place.repeats, place.repeats);
    this.#last?.close();
    this.#last = frame;
    this.#encode(frame, place.place);
    this.#sound?.fill(seconds);
  }

  sound(sound: Sound, arrival: number): void {
    if (!this.#closed && this.#begin !== undefined) this.#sound?.take(sound, arrival, this.#begin);
  }

  /** Another device has another clock. */
  sourceChanged(kind: 'audio' | 'video', exists: boolean): void {
    if (kind === 'video') this.#clock = new ClockMap();
    else this.#sound?.sourceChanged(exists);
  }

  /** Gives what is left, then lets go of everything. An encoding session that gave nothing yet has nothing left. */
  async finish(): Promise<void> {
    if (!this.#began) this.close();
    if (this.#closed) return;
    clearInterval(this.#timer);
    try {
      await Promise.all([this.#encoder.flush(), this.#sound?.flush()]);
    } catch (error) {
      console.warn('roomcast: the end of an encoding session', error);
    }
    if (!this.#closed) this.#give(this.#cutter.finish());
    this.close();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#last?.close();
    this.#last = undefined;
    this.#sound?.close();
    if (this.#encoder.state !== 'closed') this.#encoder.close();
  }

  /** Puts the last frame again, and silence, where nothing has come for a while. */
  #tick(now: number): void {
    if (this.#begin === undefined || this.#closed) return;
    const seconds = (now - this.#begin) / 1000;
    const first = this.#cadence.next;
    if (seconds - first / this.#rate > LONGEST_PAUSE_S) return this.#fail('the page stood still for too long');
    if (seconds - first / this.#rate > MAX_LATE_S) {
      const late = this.#cadence.fill(seconds - MAX_LATE_S / 2);
      this.#held += late;
      this.#repeat(first, late);
    }
    this.#sound?.fill(seconds);
  }

  #repeat(first: number, count: number): void {
    for (let n = 0; n < count && this.#last; n += 1) this.#encode(this.#last, first + n);
  }

  #encode(source: VideoFrame, place: number): void {
    if (this.#closed) return;
    if (this.#encoder.encodeQueueSize > MOST_QUEUED) {
      this.#dropped += 1;
      return;
    }
    const perSegment = Math.floor(PART_TARGET_S * this.#rate) * PARTS_PER_SEGMENT;
    const keyFrame = this.#lastKey === undefined || place - this.#lastKey >= perSegment;
    if (keyFrame) this.#lastKey = place;
    const frame = new VideoFrame(source, { timestamp: Math.round((place * 1e6) / this.#rate) });
    this.#encoder.encode(frame, { keyFrame });
    frame.close();
  }

  #picture(chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | undefined): void {
    if (this.#closed) return;
    const description = metadata?.decoderConfig?.description;
    if (description && !this.#description) this.#description = copyOf(description);
    const encoded = new Uint8Array(chunk.byteLength);
    chunk.copyTo(encoded);
    const data = this.#video.codec.startsWith('avc1') ? this.#avc(encoded) : encoded;
    if (!data) return;
    this.#encoded += 1;
    const time = Math.round((chunk.timestamp * VIDEO_RATE) / 1e6);
    const made = { data, time, duration: Math.round(VIDEO_RATE / this.#rate), key: chunk.type === 'key' };
    this.#give(this.#cutter.picture(made));
  }

  /** The sample of a chunk; nothing, and the session is over, where its parameter sets are not those of the session. */
  #avc(chunk: Uint8Array): Uint8Array | undefined {
    const { data, record } = avcSample(chunk);
    if (record && this.#record && !isSame(record, this.#record)) {
      this.#fail('the encoder began another stream');
      return undefined;
    }
    this.#record ??= record;
    return data;
  }

  #give(parts: Part[]): void {
    for (const part of parts) {
      if (!this.#began) this.#handlers.began(this.#pageState());
      this.#began = true;
      this.#handlers.part(part);
    }
  }

  #pageState(): EncodedFormat {
    const { codec, width, height, bitrate = 0 } = this.#video;
    const format = { codec, width, height, description: this.#record ?? this.#description };
    const sound = this.#sound?.format;
    return {
      init: initSection(format, sound),
      codecs: sound ? `${videoName(format)},${AUDIO_NAME}` : videoName(format),
      width,
      height,
      frameRate: this.#rate,
      bandwidth: Math.round((bitrate + (this.#sound?.bitrate ?? 0)) * PEAK),
      wallClock: this.#wallClock,
    };
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.failed(reason);
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function copyOf(source: AllowSharedBufferSource): Uint8Array {
  const view = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  return new Uint8Array(view);
}
