import { describe, expect, test } from 'vitest';
import { Backoff } from './backoff';
import { Budget } from './budget';
import { OFFLINE_BYTES, OFFLINE_SIGNALS } from './generated/limits';
import { OfflineQueue } from './queue';

describe('the backoff', () => {
  test('doubles its ceiling from 250 ms to 5 s and stays there', () => {
    const backoff = new Backoff();
    const delays = Array.from({ length: 8 }, () => backoff.nextDelay(1));
    expect(delays).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
  });

  test('draws from zero up: full jitter', () => {
    expect(new Backoff().nextDelay(0)).toBe(0);
    expect(new Backoff().nextDelay(0.5)).toBe(125);
  });

  test('stays within its bounds for any randomness', () => {
    const backoff = new Backoff();
    for (let failure = 0; failure < 200; failure += 1) {
      const delay = backoff.nextDelay(Math.random());
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(Math.min(5000, 250 * 2 ** failure));
    }
  });

  test('starts over after a connection that held', () => {
    const backoff = new Backoff();
    for (const held of [4999, 5000]) {
      backoff.nextDelay(1);
      backoff.lost(held);
    }
    expect(backoff.nextDelay(1)).toBe(250);
  });
});

describe('the offline queue', () => {
  test('keeps the order', () => {
    const queue = new OfflineQueue<number>(() => 1);
    const sent: number[] = [];
    for (const item of [1, 2, 3]) queue.push(item);
    queue.flush((item) => sent.push(item) > 0);
    expect(sent).toEqual([1, 2, 3]);
    expect(queue.length).toBe(0);
  });

  test('refuses what goes beyond its bound of items and keeps what it has', () => {
    const queue = new OfflineQueue<number>(() => 1);
    const taken = Array.from({ length: OFFLINE_SIGNALS + 1 }, (_, item) => queue.push(item));
    expect([taken.lastIndexOf(true), queue.length]).toEqual([OFFLINE_SIGNALS - 1, OFFLINE_SIGNALS]);
  });

  test('refuses what goes beyond its bound of bytes, until there is room again', () => {
    const queue = new OfflineQueue<number>((bytes) => bytes);
    expect([OFFLINE_BYTES - 1, 1, 1].map((item) => queue.push(item))).toEqual([true, true, false]);
    queue.flush((item) => item > 1);
    expect([OFFLINE_BYTES, OFFLINE_BYTES - 1].map((item) => queue.push(item))).toEqual([false, true]);
    queue.clear();
    expect(queue.push(OFFLINE_BYTES)).toBe(true);
  });

  test('keeps what could not be sent, from the first failure on', () => {
    const queue = new OfflineQueue<number>(() => 1);
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
