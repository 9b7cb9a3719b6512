/**
 * Leads a player back to a higher variant after a slow moment. The estimate of hls.js from parts of some kilobytes,
 * which it waits for besides, never proves a faster line; a whole segment of the next variant does. Asks for nothing
 * while the video does not play well.
 */

import type { Environment } from '../client';

/** The part of hls.js that is used. */
export interface Ladder {
  readonly autoLevelEnabled: boolean;
  readonly currentLevel: number;
  /** Lowest first. */
  readonly levels: readonly { bitrate: number; uri: string }[];
  bandwidthEstimate: number;
}

/** Measures a line by the media of a variant, in bits per second; nothing where that failed. */
export type Measure = (playlist: string) => Promise<number | undefined>;

/** Time of smooth playback before a higher variant is tried. */
const STEADY_MS = 4000;
const PROBE_EVERY_MS = 5000;
/** A player that falls back soon after a climb waits for longer before the next one. */
const MAX_BACKOFF = 8;
const FELL_BACK_MS = 20_000;
/** Headroom above the bit rate of a variant. */
const HEADROOM = 1.5;
/** hls.js takes only a part of an estimate for granted. */
const CONVINCING = 4;

export class Climb {
  readonly #env: Pick<Environment, 'now'>;
  readonly #measure: Measure;
  #steadySince: number | undefined;
  #probed = Number.NEGATIVE_INFINITY;
  #climbed = Number.NEGATIVE_INFINITY;
  #level = -1;
  #backoff = 1;
  #probing = false;

  constructor(env: Pick<Environment, 'now'>, measure: Measure) {
    this.#env = env;
    this.#measure = measure;
  }

  /** To be called a few times a second. */
  look(hls: Ladder, playsWell: boolean): void {
    const now = this.#env.now();
    this.#noteLevel(hls.currentLevel, now);
    if (!playsWell) this.#steadySince = undefined;
    else this.#steadySince ??= now;
    const next = hls.levels[hls.currentLevel + 1];
    if (this.#steadySince === undefined || !next || hls.currentLevel < 0 || !hls.autoLevelEnabled) return;
    const isDue = now - this.#steadySince >= STEADY_MS && now - this.#probed >= PROBE_EVERY_MS * this.#backoff;
    if (isDue && !this.#probing) void this.#probe(hls, next);
  }

  #noteLevel(level: number, now: number): void {
    const fell = level < this.#level;
    this.#level = level;
    if (!fell) return;
    this.#steadySince = undefined;
    this.#backoff = now - this.#climbed < FELL_BACK_MS ? Math.min(MAX_BACKOFF, this.#backoff * 2) : 1;
  }

  async #probe(hls: Ladder, next: { bitrate: number; uri: string }): Promise<void> {
    this.#probing = true;
    const measured = await this.#measure(next.uri);
    this.#probing = false;
    this.#probed = this.#env.now();
    if (measured === undefined || measured < HEADROOM * next.bitrate) return;
    this.#climbed = this.#env.now();
    hls.bandwidthEstimate = Math.max(hls.bandwidthEstimate, Math.min(measured, CONVINCING * next.bitrate));
  }
}

/** The address of the newest whole segment in a media playlist; nothing where there is none. */
export function newestSegment(playlist: string, address: string): string | undefined {
  const lines = playlist.split('\n').map((line) => line.trim());
  const names = lines.filter((line, index) => line && !line.startsWith('#') && !isGap(lines, index));
  const newest = names.at(-1);
  return newest && new URL(newest, address).href;
}

/** The tags of a segment stand before its address. */
function isGap(lines: string[], index: number): boolean {
  for (let at = index - 1; at >= 0 && lines[at]?.startsWith('#'); at -= 1) {
    if (lines[at] === '#EXT-X-GAP') return true;
  }
  return false;
}

/** Measures by the newest segment of a variant, which nobody waits for. */
export async function measureLine(playlist: string): Promise<number | undefined> {
  const signal = AbortSignal.timeout(STEADY_MS);
  try {
    const text = await (await fetch(playlist, { signal })).text();
    const segment = newestSegment(text, playlist);
    if (!segment) return undefined;
    const begin = performance.now();
    const response = await fetch(segment, { cache: 'no-store', signal });
    const { byteLength } = await response.arrayBuffer();
    const seconds = Math.max(0.001, (performance.now() - begin) / 1000);
    return response.ok ? (byteLength * 8) / seconds : undefined;
  } catch {
    return undefined;
  }
}
