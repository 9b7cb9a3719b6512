import { describe, expect, test } from 'vitest';
import { Cadence, gridRate } from './cadence';
import { ClockMap } from './clock-map';
import { type Chunk, Cutter, type Part } from './cut';
import { runs } from './mp4/walk';
import { PART_TARGET } from './packager';
import { SteadySound } from './steady-sound';

const TARGET = PART_TARGET;

function frame(time: number, duration: number, key: boolean): Chunk {
  return { data: new Uint8Array([time % 251]), time, duration, key };
}

/** Frames at a rate with a key frame every `perSegment`; `drops` says which of them are missing. */
function cutAll(rate: number, count: number, perSegment: number, drops: (n: number) => boolean = () => false): Part[] {
  const cutter = new Cutter(TARGET);
  const ticks = 90_000 / rate;
  const parts: Part[] = [];
  for (let n = 0; n < count; n += 1) {
    const key = n % perSegment === 0;
    if (key || !drops(n)) parts.push(...cutter.picture(frame(n * ticks, ticks, key)));
  }
  return [...parts, ...cutter.finish()];
}

function ticksOf(part: Part): number {
  return Math.round(part.seconds * 90_000);
}

describe('parts', () => {
  test('of an even camera are all full, three to a segment', () => {
    const parts = cutAll(30, 300, 30);
    expect(parts.map(ticksOf)).toEqual(parts.map(() => 30_000));
    expect(parts.filter(({ first }) => first)).toHaveLength(10);
    expect(parts.every(({ first, independent }) => first === independent)).toBe(true);
  });

  test('are never too long, and full unless they are the last of their segment, whatever frames are missing', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      let state = seed;
      const drops = () => {
        state = (state * 48_271) % 2_147_483_647;
        return state % 100 < seed % 60;
      };
      const rate = [30, 25, 24, 20, 15, 12, 10][seed % 7] ?? 30;
      const parts = cutAll(rate, 240, Math.floor(rate * 0.35) * 3, drops);
      for (const [index, part] of parts.entries()) {
        expect(ticksOf(part)).toBeLessThanOrEqual(TARGET);
        const isLast = parts[index + 1]?.first ?? true;
        if (!isLast) expect(ticksOf(part)).toBeGreaterThanOrEqual(0.85 * TARGET);
        const run = runs(part.bytes)[0];
        expect(run?.samples.reduce((sum, { duration }) => sum + duration, 0)).toBe(ticksOf(part));
        expect(run?.begin).toBe(Math.round(part.begin * 90_000));
      }
    }
  });

  test('end at once when the frame that follows begins a segment', () => {
    const cutter = new Cutter(TARGET);
    expect(cutter.picture(frame(0, 3000, true))).toEqual([]);
    expect(cutter.picture(frame(3000, 3000, false))).toEqual([]);
    expect(cutter.picture(frame(6000, 3000, true)).map(ticksOf)).toEqual([6000]);
  });

  test('begin with a key frame: what comes before the first is left out', () => {
    const cutter = new Cutter(TARGET);
    cutter.picture(frame(0, 3000, false));
    expect(cutter.finish()).toEqual([]);
  });

  test('carry every chunk of sound once, in order', () => {
    const cutter = new Cutter(TARGET);
    const parts: Part[] = [];
    for (let n = 0; n < 91; n += 1) {
      parts.push(...cutter.picture(frame(n * 3000, 3000, n % 30 === 0)));
      for (let ms = n * 33; ms < (n + 1) * 33; ms += 1) {
        if (ms % 20 === 0) cutter.sound({ data: new Uint8Array([1]), time: ms * 48, duration: 960, key: true });
      }
    }
    const times = parts.flatMap(({ bytes }) => {
      const run = runs(bytes).find(({ track }) => track === 2);
      return run?.samples.map((_, index) => run.begin + index * 960) ?? [];
    });
    expect(times).toEqual(times.map((_, index) => index * 960));
    expect(times.length).toBeGreaterThan(140);
  });
});

test('sound that misses a chunk stays where it belongs', () => {
  const cutter = new Cutter(TARGET);
  cutter.picture(frame(0, 3000, true));
  for (const time of [0, 960, 2880, 2880, 3840]) {
    cutter.sound({ data: new Uint8Array([1]), time, duration: 960, key: true });
  }
  const run = runs(cutter.picture(frame(9000, 3000, true))[0]?.bytes ?? new Uint8Array())[1];
  expect(run?.samples.map(({ duration }) => duration)).toEqual([960, 1920, 960, 960]);
});

describe('the grid of frames', () => {
  test('has a rate that fills parts', () => {
    expect([60, 30, 29.97, 26, 24, 15, 7.5, undefined].map(gridRate)).toEqual([30, 30, 30, 25, 24, 15, 10, 30]);
  });

  test('takes a camera that trembles frame by frame', () => {
    const cadence = new Cadence(30);
    const places = Array.from({ length: 90 }, (_, n) => cadence.take(n / 30 + (n % 3) * 0.006));
    expect(places).toEqual(places.map((_, n) => ({ repeats: 0, place: n })));
  });

  test('repeats what a camera left out and drops what is too much', () => {
    const cadence = new Cadence(30);
    expect(cadence.take(0)).toEqual({ repeats: 0, place: 0 });
    expect(cadence.take(0.2)).toEqual({ repeats: 5, place: 6 });
    expect(cadence.take(0.201)).toBeUndefined();
    expect(cadence.fill(0.5)).toBe(8);
    expect(cadence.next).toBe(15);
  });
});

describe('the sound', () => {
  test('goes on where it was, and is only moved when it is far from its place', () => {
    const steady = new SteadySound(48_000);
    expect(steady.take(0, 480)).toEqual({ silence: 0 });
    expect(steady.take(0.03, 480)).toEqual({ silence: 0 });
    expect(steady.take(0.5, 480)).toEqual({ silence: 23_040 });
    expect(steady.take(0.2, 480)).toBeUndefined();
  });

  test('is silence where nothing comes, and that does not collide with what comes at last', () => {
    const steady = new SteadySound(48_000);
    expect(steady.fill(0.2)).toBe(0);
    expect(steady.fill(0.2, false)).toBe(9600 - 2880);
    expect(steady.fill(1)).toBe(48_000 - 9600);
    expect(steady.take(1, 480)).toEqual({ silence: 0 });
  });
});

test('timestamps follow the least late arrival', () => {
  const clock = new ClockMap();
  expect(clock.map(1000, 5100)).toBe(5100);
  expect(clock.map(1010, 5015)).toBe(5015);
  expect(clock.map(1020, 5400)).toBeCloseTo(5025.385);
});
