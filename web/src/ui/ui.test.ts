import { describe, expect, test } from 'vitest';
import type { Failure } from '../client';
import { cryptoPick, displayName, isRoomName, memberName, randomRoom, randomUserId, tidyRoomName } from './names';
import { failureMessage } from './user-messages';

describe('a name', () => {
  const pick = (bound: number) => bound - 1;
  /** Picks `choice` at one place, and the first of all elsewhere. */
  const chooses = (place: number, choice: number) => {
    let now = -1;
    return () => {
      now += 1;
      return now === place ? choice : 0;
    };
  };

  test('that is made for a room is one the server takes', () => {
    expect(isRoomName(randomRoom(pick))).toBe(true);
    expect(isRoomName(randomRoom(() => 0))).toBe(true);
  });

  test('that is random has at least 40 bits in its letters alone, and the words come on top', () => {
    const bounds: number[] = [];
    const name = randomRoom((bound) => {
      bounds.push(bound);
      return bounds.length % bound;
    });
    const bits = (some: number[]) => some.reduce((sum, bound) => sum + Math.log2(bound), 0);
    const letters = name.split('-').at(-1) ?? '';
    expect(bits(bounds.slice(-letters.length))).toBeGreaterThanOrEqual(40);
    expect(bits(bounds)).toBeGreaterThan(48);
    // Each choice shows: no two of them give the same name.
    const all = (place: number, bound: number) =>
      new Set(Array.from({ length: bound }, (_, choice) => randomRoom(chooses(place, choice)))).size;
    for (const [place, bound] of bounds.entries()) expect(all(place, bound)).toBe(bound);
  });

  test('that is random is chosen evenly among all', () => {
    const counts = new Map<number, number>();
    for (let n = 0; n < 32_000; n += 1) {
      const picked = cryptoPick(32);
      counts.set(picked, (counts.get(picked) ?? 0) + 1);
    }
    expect(counts.size).toBe(32);
    // 1000 each, with a deviation of 31: 300 are nearly ten of these.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(300);
  });

  test('of a guest is read without its letters', () => {
    expect(displayName(randomUserId(() => 0))).toBe('Amber Badger');
    expect(displayName('u2')).toBe('u2');
    expect(displayName('a'.repeat(40))).toBe('Your guest');
  });

  test('of a member is the one that the server knows, where it knows one', () => {
    expect(memberName({ userId: 'u2', name: 'Ann' })).toBe('Ann');
    expect(memberName({ userId: 'u2' })).toBe('u2');
  });

  test.each(['', '.', '..', 'a b', 'a/b', 'é', 'a'.repeat(129)])('"%s" is none for a room', (name) => {
    expect(isRoomName(name)).toBe(false);
  });

  test('that was typed loses its spaces', () => {
    expect(tidyRoomName('  my room ')).toBe('my-room');
  });
});

describe('the words for a failure', () => {
  test.each<[string, Failure]>([
    ['This call already has two people', { kind: 'refused', code: 4025, message: '' }],
    ['This call was opened in another tab or window', { kind: 'closed', code: 4000, reason: '' }],
    ['The server is busy', { kind: 'noAnswer', unavailable: true }],
    ['The server cannot be reached', { kind: 'noAnswer', unavailable: false }],
    ['Your token has expired', { kind: 'closed', code: 4001, reason: 'token expired' }],
    ['This server asks for a token', { kind: 'unauthorized', reason: 'missing', message: '' }],
    ['The server refused your token', { kind: 'unauthorized', reason: 'expired', message: '' }],
    ['Your token does not allow this', { kind: 'unauthorized', reason: 'not_granted', message: '' }],
    ['This page is out of date', { kind: 'closed', code: 1002, reason: '' }],
  ])('say: %s', (title, failure) => {
    expect(failureMessage(failure, 'call').title).toBe(title);
  });

  test('add what the server says of a token, as a sentence', () => {
    const said = (message: string) => failureMessage({ kind: 'unauthorized', reason: 'expired', message }, 'call').said;
    expect(said('the token expired 5 min ago')).toBe('The token expired 5 min ago.');
    expect(said('The token is for other rooms.')).toBe('The token is for other rooms.');
    expect(said('')).toBe('');
    expect(failureMessage({ kind: 'refused', code: 4051, message: 'no `join`' }, 'call')).toMatchObject({
      access: 'grant',
      said: 'No `join`.',
    });
  });

  test('quote the server where nothing better is known', () => {
    const { detail } = failureMessage({ kind: 'refused', code: 9999, message: 'odd' }, 'call');
    expect(detail).toBe('The server said: odd (9999).');
  });

  test('offer another try except where the call goes on elsewhere', () => {
    expect(failureMessage({ kind: 'closed', code: 4000, reason: '' }, 'call').canRetry).toBe(false);
    expect(failureMessage({ kind: 'refused', code: 4025, message: '' }, 'call').canRetry).toBe(true);
  });
});
