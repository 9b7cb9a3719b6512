/**
 * Cuts encoded picture and sound into parts and segments.
 *
 * A segment begins with every key frame. A part ends before the frame with which it would be longer than the part
 * target; how long a frame lasts is known when the next one has come. Therefore no part is ever longer than the
 * target, and one that ends before a key frame does so at once. Where a frame is missing, the one before it lasts
 * longer: parts stay full (rfc8216bis, 4.4.4.9: at least 85 % of the target unless independent or last in their
 * segment). Sound goes into the part that is open when it comes, if it begins before that part ends. Pure.
 */

import type { Bytes } from './mp4/bytes';
import { fragment, type Sample } from './mp4/fragment';
import { AUDIO_RATE, AUDIO_TRACK, VIDEO_RATE, VIDEO_TRACK } from './mp4/init';

export interface Chunk {
  data: Uint8Array;
  /** In ticks of its track, from the start. */
  time: number;
  /** In ticks; of a picture, what one frame usually lasts. */
  duration: number;
  key: boolean;
}

export interface Part {
  bytes: Bytes;
  /** Seconds from the start. */
  begin: number;
  seconds: number;
  independent: boolean;
  /** It is the first of a segment. */
  first: boolean;
}

const FULL_ENOUGH = 0.85;
/** Sound that waits for its picture, in chunks of 20 ms: more is too old to be of use. */
const MOST_SOUND = 500;

export class Cutter {
  readonly #target: number;
  #held: Chunk | undefined;
  #open: { begin: number; ticks: number; samples: Sample[]; first: boolean } | undefined;
  #sound: Chunk[] = [];
  #fragments = 0;

  /** @param target the longest a part may get, in ticks of the picture */
  constructor(target: number) {
    this.#target = target;
  }

  /** Takes the next frame and gives the parts that it completes. */
  picture(chunk: Chunk): Part[] {
    const held = this.#held;
    if (!held && !chunk.key) return [];
    if (held && chunk.time <= held.time) return [];
    this.#held = chunk;
    if (!held) return [];
    const parts = this.#settle(held, Math.min(chunk.time - held.time, this.#target));
    return chunk.key || this.#isFull(chunk.duration) ? [...parts, ...this.#close()] : parts;
  }

  /** Takes the next chunk; where one is missing, the one before it lasts longer. */
  sound(chunk: Chunk): void {
    const last = this.#sound.at(-1);
    if (last && chunk.time <= last.time) return;
    if (last) last.duration = chunk.time - last.time;
    this.#sound.push({ ...chunk });
    if (this.#sound.length > MOST_SOUND) this.#sound.shift();
  }

  /** Ends the last part. */
  finish(): Part[] {
    const held = this.#held;
    this.#held = undefined;
    if (!held) return [];
    const parts = this.#settle(held, Math.min(held.duration, this.#target));
    return [...parts, ...this.#close()];
  }

  /** Whether the part is long enough and has no room for one more frame. */
  #isFull(frame: number): boolean {
    const ticks = this.#open?.ticks ?? 0;
    return ticks >= FULL_ENOUGH * this.#target && ticks + frame > this.#target;
  }

  /** Puts a frame, the length of which is now known, into a part. */
  #settle(frame: Chunk, ticks: number): Part[] {
    const open = this.#open;
    if (open && open.ticks + ticks <= this.#target) {
      this.#add(frame, ticks);
      return [];
    }
    const late = open ? this.#stretch(open) : 0;
    const parts = this.#close();
    this.#open = { begin: frame.time + late, ticks: 0, samples: [], first: frame.key };
    this.#add(frame, ticks - late);
    return parts;
  }

  /** Lets the last frame of a part that is too short last until the part is full. */
  #stretch(open: { ticks: number; samples: Sample[] }): number {
    const last = open.samples.at(-1);
    if (!last || open.ticks >= FULL_ENOUGH * this.#target) return 0;
    const missing = this.#target - open.ticks;
    last.duration += missing;
    open.ticks += missing;
    return missing;
  }

  #add({ data, key }: Chunk, ticks: number): void {
    if (!this.#open) return;
    this.#open.samples.push({ data, duration: ticks, sync: key });
    this.#open.ticks += ticks;
  }

  #close(): Part[] {
    const open = this.#open;
    this.#open = undefined;
    if (!open) return [];
    const end = ((open.begin + open.ticks) / VIDEO_RATE) * AUDIO_RATE;
    const sound = this.#sound.filter(({ time }) => time < end);
    this.#sound = this.#sound.slice(sound.length);
    this.#fragments += 1;
    const bytes = fragment(this.#fragments, [
      { track: VIDEO_TRACK, begin: open.begin, samples: open.samples },
      {
        track: AUDIO_TRACK,
        begin: sound[0]?.time ?? 0,
        samples: sound.map(({ data, duration }) => ({ data, duration, sync: true })),
      },
    ]);
    const independent = open.samples[0]?.sync ?? false;
    return [
      { bytes, begin: open.begin / VIDEO_RATE, seconds: open.ticks / VIDEO_RATE, independent, first: open.first },
    ];
  }
}
