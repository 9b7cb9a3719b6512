/**
 * From cut media to data signals: names, numbers, dates, and what is declared of the stream.
 *
 * An encoding session is media whose timestamps go on from each other under one initialization section; every session
 * but the very first of a room begins with a discontinuity. Whole segments are not uploaded beside their parts: the server joins
 * the parts, and the uplink carries everything once. Pure.
 */

import type { Part } from './cut';
import type { Bytes } from './mp4/bytes';
import { VIDEO_RATE } from './mp4/init';
import { mapName, type Numbers, PLAYLIST, partName, segmentName, VARIANT } from './names';
import type { PartUpload, Upload } from './signals';

/** Seconds; those of `roomcast publish`, so that a room can go on from one to the other. A segment is about 1 s. */
export const TARGET_DURATION = 2;
export const PART_TARGET_S = 0.35;
/** In ticks of the picture. */
export const PART_TARGET = Math.round(PART_TARGET_S * VIDEO_RATE);
export const PARTS_PER_SEGMENT = 3;
const BANDWIDTH_STEP = 100_000;

/** The format of an encoding session, known before its first part. */
export interface EncodedFormat {
  init: Bytes;
  codecs: string;
  width: number;
  height: number;
  frameRate: number;
  /** Bit rates that are asked of the encoders, in bits per second. */
  bandwidth: number;
  /** Milliseconds since 1970. */
  wallClock: number;
}

export class Packager {
  readonly #newId: () => string;
  #numbers: Numbers;
  #interrupted: boolean;
  #format: EncodedFormat | undefined;
  #version: number;
  #segment = 0;
  #index = 0;
  #discontinuity = false;
  #begin = 0;
  #segmentBits = 0;
  #segmentSeconds = 0;

  /** @param earlier what an earlier run has left, if there was one */
  constructor(earlier: Numbers | undefined, now: number, newId: () => string) {
    this.#numbers = earlier ?? { segment: 0, part: 0, map: 0 };
    this.#interrupted = earlier !== undefined;
    // Versions grow with time, also over a reload.
    this.#version = now;
    this.#newId = newId;
  }

  begin(format: EncodedFormat): Upload {
    this.#format = format;
    this.#discontinuity = this.#interrupted;
    this.#interrupted = true;
    this.#segmentBits = this.#segmentSeconds = 0;
    const declared = this.#declare(format);
    this.#numbers.map += 1;
    return declared;
  }

  /** The signals for one part: itself, and before it what has to be declared anew. */
  part(part: Part): Upload[] {
    const format = this.#format;
    if (!format) return [];
    const louder = part.first ? this.#measured(format) : [];
    if (part.first) this.#beginSegment(part);
    this.#segmentBits += part.bytes.length * 8;
    this.#segmentSeconds += part.seconds;
    return [...louder, this.#upload(format, part)];
  }

  end(): Upload {
    return { action: 'endStream', id: this.#newId(), payload: { playlist: { id: PLAYLIST } }, media: undefined };
  }

  #beginSegment(part: Part): void {
    if (this.#segmentSeconds > 0) this.#discontinuity = false;
    this.#segment = this.#numbers.segment;
    this.#numbers.segment += 1;
    this.#index = 0;
    this.#begin = part.begin;
    this.#segmentBits = this.#segmentSeconds = 0;
  }

  #upload(format: EncodedFormat, part: Part): PartUpload {
    const sequence = this.#index;
    this.#index += 1;
    const name = partName(this.#numbers.part);
    this.#numbers.part += 1;
    const date = Math.round(format.wallClock + this.#begin * 1000);
    const segment = {
      id: segmentName(this.#segment),
      sequence: this.#segment,
      ...(this.#discontinuity ? { discontinuity: true } : {}),
      programDateTime: String(date),
      map: { id: mapName(this.#numbers.map - 1) },
    };
    const independent = part.independent ? { independent: true } : {};
    return {
      action: 'updatePart',
      id: this.#newId(),
      payload: {
        playlist: { id: PLAYLIST },
        variant: { id: VARIANT },
        segment,
        part: { id: name, sequence, duration: part.seconds, ...independent },
      },
      media: part.bytes,
    };
  }

  /** The declared bandwidth is a peak: a segment that was above it raises it. */
  #measured(format: EncodedFormat): Upload[] {
    const bits = this.#segmentSeconds > 0 ? this.#segmentBits / this.#segmentSeconds : 0;
    if (bits <= format.bandwidth) return [];
    format.bandwidth = Math.ceil((bits * 1.1) / BANDWIDTH_STEP) * BANDWIDTH_STEP;
    this.#numbers.map -= 1;
    const declared = this.#declare(format);
    this.#numbers.map += 1;
    return [declared];
  }

  #declare(format: EncodedFormat): Upload {
    this.#version += 1;
    return {
      action: 'updateVariant',
      id: this.#newId(),
      payload: {
        playlist: { id: PLAYLIST },
        variant: {
          id: VARIANT,
          codecs: format.codecs,
          bandwidth: format.bandwidth,
          version: this.#version,
          targetDuration: TARGET_DURATION,
          targetPartDuration: PART_TARGET_S,
          resolution: `${format.width}x${format.height}`,
          frameRate: format.frameRate,
        },
        segment: { map: { id: mapName(this.#numbers.map) } },
      },
      media: format.init,
    };
  }
}
