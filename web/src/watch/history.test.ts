import { describe, expect, test } from 'vitest';
import { draw, History, pictureText, type Sample, secondsText, WINDOW_MS } from './history';

function sample(at: number, changes: Partial<Sample> = {}): Sample {
  return { at, delay: 1, buffer: 0.5, stalled: false, ...changes };
}

describe('the history', () => {
  test('keeps a minute, oldest first', () => {
    const history = new History();
    for (let at = 0; at <= 90_000; at += 250) history.push(sample(at));
    expect(history.samples[0]?.at).toBe(90_000 - WINDOW_MS + 250);
    expect(history.samples).toHaveLength(240);
  });

  test('is bounded however often it is fed, and keeps no time that runs back', () => {
    const history = new History(100);
    for (let at = 0; at < 5000; at += 1) history.push(sample(at));
    expect(history.samples).toHaveLength(100);
    history.push(sample(10));
    expect(history.samples.map(({ at }) => at)).toEqual([10]);
  });
});

describe('the drawing', () => {
  test('has now at its right edge and a minute ago at its left', () => {
    const { delay, top } = draw([sample(0), sample(1000), sample(WINDOW_MS)], WINDOW_MS, 600, 100);
    expect(top).toBe(2);
    expect(delay).toBe('M0 50L10 50M600 50');
  });

  test('leaves out what is not known', () => {
    const samples = [sample(59_000), sample(59_500, { delay: undefined }), sample(60_000, { delay: 2 })];
    expect(draw(samples, 60_000, 600, 100).delay).toBe('M590 50M600 0');
    expect(draw(samples, 60_000, 600, 100).buffer).toBe('M590 75L595 75L600 75');
  });

  test('grows in steps with what it shows, and stays within its field', () => {
    for (const highest of [0, 1.9, 2.1, 5, 59, 1234.5]) {
      const { top, delay } = draw([sample(0, { delay: highest })], 0, 600, 100);
      expect(top).toBeGreaterThanOrEqual(highest);
      const y = Number(delay.split(' ')[1]);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(100);
    }
  });

  test('marks every stall once, however long', () => {
    const stalls = [1000, 1250, 1500, 9000];
    const samples = Array.from({ length: 41 }, (_, n) => sample(n * 250, { stalled: stalls.includes(n * 250) }));
    expect(draw(samples, 10_000, 600, 100).stalls).toEqual([
      { x: 510, width: 5 },
      { x: 590, width: 2 },
    ]);
  });
});

test('the picture is described as far as it is known', () => {
  expect(pictureText({ width: 1280, height: 720, bitrate: 2_700_000, name: '' })).toBe('720p · 1280×720 · 2.7 Mbit/s');
  expect(pictureText({ width: 360, height: 640, bitrate: 800_000, name: 'phone' })).toBe(
    'phone · 360×640 · 800 kbit/s',
  );
  expect(pictureText({ width: 0, height: 0, bitrate: 0, name: '' })).toBe('–');
  expect(secondsText(undefined)).toBe('–');
});
