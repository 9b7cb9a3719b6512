import { describe, expect, test } from 'vitest';
import { Backoff } from './backoff';
import { Budget } from './budget';
import { closeVerdict } from './codes';
import { OfflineQueue } from './queue';

describe('the backoff', () => {
  test('doubles its ceiling from 250 ms to 5 s and stays there', () => {
    const backoff = new Backoff(() => 1);
    const delays = Array.from({ length: 8 }, () => backoff.nextDelay());
    expect(delays).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
  });

  test('draws from zero up: full jitter', () => {
    expect(new Backoff(() => 0).nextDelay()).toBe(0);
    expect(new Backoff(() => 0.5).nextDelay()).toBe(125);
  });

  test('stays within its bounds for any randomness', () => {
    const backoff = new Backoff(Math.random);
    for (let failure = 0; failure < 200; failure += 1) {
      const delay = backoff.nextDelay();
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(Math.min(5000, 250 * 2 ** failure));
    }
  });

  test('starts over after a reset', () => {
    const backoff = new Backoff(() => 1);
    backoff.nextDelay();
    backoff.nextDelay();
    backoff.reset();
    expect(backoff.nextDelay()).toBe(250);
  });
});

describe('the close codes', () => {
  test.each([1001, 1006, 1011, 1012, 1013])('%i means: reconnect', (code) => {
    expect(closeVerdict(code)).toBe('reconnect');
  });

  test.each([1000, 4000, 4001])('%i means: do not reconnect', (code) => {
    expect(closeVerdict(code)).toBe('stop');
  });

  test.each([1002, 1003, 1007, 1008, 1009])('%i means: the client is at fault', (code) => {
    expect(closeVerdict(code)).toBe('fail');
  });

  test('an unlisted code of a proxy means reconnect, one of an application means stop', () => {
    expect(closeVerdict(1014)).toBe('reconnect');
    expect(closeVerdict(4999)).toBe('stop');
  });
});

describe('the offline queue', () => {
  test('keeps the order', () => {
    const queue = new OfflineQueue<number>();
    const sent: number[] = [];
    for (const item of [1, 2, 3]) queue.push(item);
    queue.flush((item) => sent.push(item) > 0);
    expect(sent).toEqual([1, 2, 3]);
    expect(queue.length).toBe(0);
  });

  test('refuses what goes beyond its bound and keeps what it has', () => {
    const queue = new OfflineQueue<number>(2);
    expect([1, 2, 3].map((item) => queue.push(item))).toEqual([true, true, false]);
    expect(queue.length).toBe(2);
  });

  test('keeps what could not be sent, from the first failure on', () => {
    const queue = new OfflineQueue<number>();
    for (const item of [1, 2, 3]) queue.push(item);
    queue.flush((item) => item < 2);
    const rest: number[] = [];
    queue.flush((item) => rest.push(item) > 0);
    expect(rest).toEqual([2, 3]);
  });
});

describe('a budget', () => {
  test('allows so many within the window and more once the window has moved on', () => {
    const budget = new Budget(2, 1000);
    expect([0, 500, 999, 1000, 1400, 1500].map((now) => budget.take(now))).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });
});
