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
  const queue = (size: (item: { s: string; id: number }) => number = () => 1) => new OfflineQueue(size);
  const ids = (items: { id: number }[]) => items.map(({ id }) => id);
  const ice = (id: number) => ({ s: 'ICE', id });

  function rest(of: ReturnType<typeof queue>): number[] {
    const sent: { id: number }[] = [];
    of.flush((item) => sent.push(item) > 0);
    return ids(sent);
  }

  test('keeps the order', () => {
    const one = queue();
    for (const id of [1, 2, 3]) expect(one.push(ice(id))).toEqual([]);
    expect(rest(one)).toEqual([1, 2, 3]);
    expect(one.length).toBe(0);
  });

  test('drops the least precious for what goes beyond its bound of items, the oldest first', () => {
    const one = queue();
    const kinds = ['UPDATE', 'ICE', 'OFFER', 'UPDATE', 'ANSWER', 'KICK', 'UPDATE'];
    for (const [id, s] of kinds.entries()) one.push({ s, id });
    for (let id = kinds.length; id < OFFLINE_SIGNALS; id += 1) one.push(ice(id));
    const dropped = Array.from({ length: 9 }, (_, more) => one.push(ice(1000 + more))).flat();
    expect(ids(dropped)).toEqual([0, 3, 5, 6, 2, 4, 1, 7, 8]);
    expect(one.length).toBe(OFFLINE_SIGNALS);
    expect(ids(one.push({ s: 'WATCH', id: 1 })), 'it is less than what is there').toEqual([1]);
  });

  test('drops for bytes as well, but nobody for what never fits', () => {
    const one = queue(({ id }) => id);
    expect([OFFLINE_BYTES - 1, 1].flatMap((id) => one.push(ice(id)))).toEqual([]);
    expect(ids(one.push(ice(OFFLINE_BYTES + 1)))).toEqual([OFFLINE_BYTES + 1]);
    expect(ids(one.push(ice(1)))).toEqual([OFFLINE_BYTES - 1]);
    one.clear();
    expect(one.push(ice(OFFLINE_BYTES))).toEqual([]);
  });

  test('keeps what could not be sent, from the first failure on', () => {
    const one = queue();
    for (const id of [1, 2, 3]) one.push(ice(id));
    one.flush(({ id }) => id < 2);
    expect(rest(one)).toEqual([2, 3]);
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
