/**
 * Measurements of a playing broadcast over the last minute, and the lines that show them. Pure: time is an argument,
 * in milliseconds; delay and buffer are in seconds.
 */

export const WINDOW_MS = 60_000;

export interface Sample {
  at: number;
  /** Behind live, when known. */
  delay: number | undefined;
  /** Ahead of the picture. */
  buffer: number;
  /** The picture stands still for want of data. */
  stalled: boolean;
}

/** The samples of a window, oldest first; never more than a bound. */
export class History {
  readonly #bound: number;
  #samples: Sample[] = [];

  constructor(bound = 400) {
    this.#bound = bound;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  push(sample: Sample): void {
    const inWindow = this.#samples.filter(({ at }) => at > sample.at - WINDOW_MS && at < sample.at);
    this.#samples = [...inWindow, sample].slice(-this.#bound);
  }
}

export interface Drawing {
  /** Path data in a field of the given size, the newest sample at its right edge. */
  delay: string;
  buffer: string;
  /** Where the picture stood still. */
  stalls: { x: number; width: number }[];
  /** Seconds that the height stands for. */
  top: number;
}

/** Heights that are easy to read. */
const TOPS = [2, 4, 6, 10, 20, 30, 60, 120, 300, 600];
/** Samples further apart are not joined by a line: the page was asleep in between. */
const APART_MS = 2000;
const THINNEST_STALL = 2;

export function draw(samples: readonly Sample[], now: number, width: number, height: number): Drawing {
  const highest = samples.reduce((most, { delay = 0, buffer }) => Math.max(most, delay, buffer), 0);
  const top = TOPS.find((one) => one >= highest) ?? Math.ceil(highest);
  const x = (at: number) => round(width - ((now - at) / WINDOW_MS) * width);
  const y = (value: number) => round(height - (Math.max(0, value) / top) * height);
  const line = (value: (sample: Sample) => number | undefined) => path(samples, value, x, y);
  return { delay: line(({ delay }) => delay), buffer: line(({ buffer }) => buffer), stalls: bands(samples, x), top };
}

function path(
  samples: readonly Sample[],
  value: (sample: Sample) => number | undefined,
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  let before: number | undefined;
  const pieces = samples.flatMap((sample) => {
    const found = value(sample);
    if (found === undefined) {
      before = undefined;
      return [];
    }
    const joined = before !== undefined && sample.at - before <= APART_MS;
    before = sample.at;
    return [`${joined ? 'L' : 'M'}${x(sample.at)} ${y(found)}`];
  });
  return pieces.join('');
}

/** Stalls that follow each other sample by sample are one. */
function bands(samples: readonly Sample[], x: (at: number) => number): { x: number; width: number }[] {
  const found: { from: number; to: number }[] = [];
  for (const [index, { at, stalled }] of samples.entries()) {
    if (!stalled) continue;
    const last = found.at(-1);
    if (last && samples[index - 1]?.stalled) last.to = at;
    else found.push({ from: at, to: at });
  }
  return found.map(({ from, to }) => ({ x: x(from), width: Math.max(THINNEST_STALL, round(x(to) - x(from))) }));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export interface PictureInfo {
  width: number;
  height: number;
  /** Bit rate of the variant, in bits per second. */
  bitrate: number;
  name: string;
}

/** "720p · 1280×720 · 2.7 Mbit/s", as far as it is known. */
export function pictureText({ width, height, bitrate, name }: PictureInfo): string {
  const known = width > 0 && height > 0;
  const lines = known ? `${Math.min(width, height)}p` : '';
  const pieces = [name || lines, known ? `${width}×${height}` : '', bitrate > 0 ? bitrateText(bitrate) : ''];
  return pieces.filter(Boolean).join(' · ') || '–';
}

function bitrateText(bitrate: number): string {
  return bitrate < 1e6 ? `${Math.round(bitrate / 1000)} kbit/s` : `${(bitrate / 1e6).toFixed(1)} Mbit/s`;
}

export function secondsText(seconds: number | undefined): string {
  return seconds === undefined ? '–' : `${seconds.toFixed(1)} s`;
}
