import { describe, expect, test } from 'vitest';
import type { Failure } from '../client';
import { displayName, isRoomName, randomRoom, randomUserId, tidyRoomName } from './names';
import { failureWords } from './words';

describe('a name', () => {
  const pick = (bound: number) => bound - 1;

  test('that is made for a room is one the server takes', () => {
    expect(isRoomName(randomRoom(pick))).toBe(true);
    expect(isRoomName(randomRoom(() => 0))).toBe(true);
  });

  test('of a guest is read without its letters', () => {
    expect(displayName(randomUserId(() => 0))).toBe('Amber Badger');
    expect(displayName('u2')).toBe('u2');
    expect(displayName('a'.repeat(40))).toBe('Your guest');
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
    ['Your sign-in has run out', { kind: 'closed', code: 4001, reason: '' }],
    ['This page is out of date', { kind: 'closed', code: 1002, reason: '' }],
  ])('say: %s', (title, failure) => {
    expect(failureWords(failure, 'call').title).toBe(title);
  });

  test('quote the server where nothing better is known', () => {
    const { detail } = failureWords({ kind: 'refused', code: 9999, message: 'odd' }, 'call');
    expect(detail).toBe('The server said: odd (9999).');
  });

  test('offer another try except where the call goes on elsewhere', () => {
    expect(failureWords({ kind: 'closed', code: 4000, reason: '' }, 'call').canRetry).toBe(false);
    expect(failureWords({ kind: 'refused', code: 4025, message: '' }, 'call').canRetry).toBe(true);
  });
});
