import { describe, expect, test } from 'vitest';
import { fakeToken } from '../access/fake-token';
import { lifeOf, pauseAfter, timeToNextRenewal, timeToRenewal } from './life';

const S = 1000;
const DAY = 24 * 3600 * S;

describe('the life of a token', () => {
  test('is read without belief', () => {
    expect(lifeOf(fakeToken({ iat: 100, exp: 160 }))).toEqual({ issued: 100, expires: 160 });
    expect(lifeOf(fakeToken({ exp: 160 }))).toEqual({ issued: 0, expires: 160 });
    for (const exp of [undefined, null, '160', -1, 1.5, Number.MAX_VALUE]) {
      expect(lifeOf(fakeToken({ iat: 100, exp })), String(exp)).toBeUndefined();
    }
    for (const none of ['', 'a', 'a.b.c', fakeToken('null'), fakeToken('[]')]) expect(lifeOf(none)).toBeUndefined();
  });

  test.each([
    [1000, 4600, 3570 * S],
    [1000, 1060, 30 * S],
    [1000, 1059, 29.5 * S],
    [1000, 1010, 5 * S],
    // Fetched a while ago.
    [0, 1100, 70 * S],
    [0, 1020, 10 * S],
    // Over already, by this clock.
    [0, 1000, 0],
    [0, 900, 0],
    // By a clock that is late there is no more left than there ever was.
    [2000, 2100, 70 * S],
    [2100, 2000, 0],
    [0, Number.MAX_SAFE_INTEGER, DAY],
  ])('from %i to %i leads to a renewal, at 1000, in %i ms', (issued, expires, expected) => {
    expect(timeToRenewal({ issued, expires }, 1000 * S)).toBe(expected);
  });

  test.each([
    [1000, 1100, 70 * S],
    [0, 900, 10 * S],
    [0, 20, 10 * S],
    [0, 8, 4 * S],
    [0, 1, 1 * S],
    [0, 0, 1 * S],
  ])('from %i to %i leads to the next renewal in no hurry: in %i ms', (issued, expires, expected) => {
    expect(timeToNextRenewal({ issued, expires }, 1000 * S)).toBe(expected);
  });
});

test('pauses double from a second to ten, and are no shorter than half of that', () => {
  const failures = [0, 1, 2, 3, 4, 5, 5000];
  expect(failures.map((count) => pauseAfter(count, 1))).toEqual([1, 2, 4, 8, 10, 10, 10].map((seconds) => seconds * S));
  expect(failures.map((count) => pauseAfter(count, 0))).toEqual([0.5, 1, 2, 4, 5, 5, 5].map((seconds) => seconds * S));
});
