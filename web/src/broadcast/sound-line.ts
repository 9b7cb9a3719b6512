/**
 * The sound of one encoding session: made whole, then encoded as Opus.
 * Where there is no microphone it is silence, so that one may be plugged in later.
 */

import { ClockMap } from './clock-map';
import type { Chunk } from './cut';
import type { AudioFormat } from './mp4/codec';
import { AUDIO_RATE } from './mp4/init';
import type { Sound } from './sources';
import { SteadySound } from './steady-sound';

export type { Sound };

export interface SoundHandlers {
  chunk(chunk: Chunk): void;
  failed(reason: string): void;
}

/** Pieces that wait for the encoder: half a second of them. */
const MOST_QUEUED = 50;
/** An Opus packet, as encoders make them unless told otherwise. */
const PACKET_US = 20_000;
/** Silence is made in pieces of this length at most, in samples. */
const PIECE = 4800;

export class SoundLine {
  readonly #config: AudioEncoderConfig;
  readonly #handlers: SoundHandlers;
  readonly #encoder: AudioEncoder;
  readonly #steady: SteadySound;
  #clock = new ClockMap();
  #expected = true;
  #description: Uint8Array | undefined;

  constructor(config: AudioEncoderConfig, handlers: SoundHandlers) {
    this.#config = config;
    this.#handlers = handlers;
    this.#steady = new SteadySound(config.sampleRate);
    this.#encoder = new AudioEncoder({
      output: (chunk, metadata) => this.#encoded(chunk, metadata),
      error: (error) => handlers.failed(`the encoder of the sound: ${error.message}`),
    });
    this.#encoder.configure(config);
  }

  get rate(): number {
    return this.#config.sampleRate;
  }

  get bitrate(): number {
    return this.#config.bitrate ?? 0;
  }

  get format(): AudioFormat {
    return { channels: this.#config.numberOfChannels, description: this.#description };
  }

  /** @param begin the start of the session, in milliseconds by the page's clock, like `arrival` */
  take({ timestamp, planes }: Sound, arrival: number, begin: number): void {
    const length = planes[0]?.length ?? 0;
    if (length === 0) return;
    const lasts = (length / this.rate) * 1000;
    const seconds = (this.#clock.map(timestamp + lasts, arrival) - lasts - begin) / 1000;
    if (seconds < 0) return;
    const place = this.#steady.take(seconds, length);
    if (!place) return;
    const end = this.#steady.next;
    this.#silence(end - length - place.silence, place.silence);
    this.#encode(end - length, length, planes);
  }

  fill(seconds: number): void {
    const first = this.#steady.next;
    this.#silence(first, this.#steady.fill(seconds, this.#expected));
  }

  /** Another device has another clock, and no device leaves silence. */
  sourceChanged(exists: boolean): void {
    this.#clock = new ClockMap();
    this.#expected = exists;
  }

  flush(): Promise<void> {
    return this.#encoder.flush();
  }

  close(): void {
    if (this.#encoder.state !== 'closed') this.#encoder.close();
  }

  #silence(first: number, count: number): void {
    for (let done = 0; done < count; done += PIECE) {
      const length = Math.min(PIECE, count - done);
      this.#encode(first + done, length, [new Float32Array(length)]);
    }
  }

  #encode(first: number, length: number, planes: Float32Array[]): void {
    if (this.#encoder.state !== 'configured' || this.#encoder.encodeQueueSize > MOST_QUEUED) return;
    const { numberOfChannels, sampleRate } = this.#config;
    const data = new Float32Array(length * numberOfChannels);
    for (let channel = 0; channel < numberOfChannels; channel += 1) {
      data.set(planes[channel] ?? planes[0] ?? [], channel * length);
    }
    const timestamp = Math.round((first * 1e6) / sampleRate);
    const format = { format: 'f32-planar', numberOfFrames: length, numberOfChannels, sampleRate } as const;
    const made = new AudioData({ ...format, timestamp, data });
    this.#encoder.encode(made);
    made.close();
  }

  #encoded(chunk: EncodedAudioChunk, metadata: EncodedAudioChunkMetadata | undefined): void {
    const description = metadata?.decoderConfig?.description;
    if (description && !this.#description) this.#description = new Uint8Array(description as ArrayBuffer);
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    const ticks = (microseconds: number) => Math.round((microseconds * AUDIO_RATE) / 1e6);
    this.#handlers.chunk({
      data,
      time: ticks(chunk.timestamp),
      duration: ticks(chunk.duration ?? PACKET_US),
      key: true,
    });
  }
}
