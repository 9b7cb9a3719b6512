import { describe, expect, test } from 'vitest';
import type { Failure, History } from '../client';
import { delayBehindLive, delayText, hasStrayed } from './delay';
import { describe as describeWatch, INITIAL_STATE, type PageState } from './model';
import { watchPolicy } from './policy';

const history: History = { roomCreating: false, resuming: false, everJoined: false, attempts: 50, waited: 60_000 };
const joined = { ...history, everJoined: true };

describe('watching', () => {
  test.each<[string, Failure]>([
    ['has not started', { kind: 'refused', code: 4001, message: '' }],
    ['has ended', { kind: 'roomClosed', reason: 'ended' }],
  ])('a broadcast that %s is tried again every three seconds, without ever creating it', (_, failure) => {
    expect(watchPolicy(failure, history)).toEqual({ roomCreating: false, delay: 3000 });
  });

  test('goes on as somebody else when the tab was duplicated', () => {
    expect(watchPolicy({ kind: 'closed', code: 4000, reason: '' }, joined)).toMatchObject({ newIdentity: true });
  });

  test('gives up on a server that was never reached, not on one that was', () => {
    expect(watchPolicy({ kind: 'noAnswer', unavailable: false }, history)).toBeUndefined();
    expect(watchPolicy({ kind: 'noAnswer', unavailable: false }, joined)).toMatchObject({ delay: 3000 });
  });

  test('is over for who was refused or removed', () => {
    expect(watchPolicy({ kind: 'refused', code: 2002, message: '' }, history)).toBeUndefined();
    expect(watchPolicy({ kind: 'kicked' }, joined)).toBeUndefined();
  });
});

describe('the state of a broadcast', () => {
  const pageState = (changes: Partial<PageState>): PageState => ({
    ...INITIAL_STATE,
    room: 'joined',
    ...changes,
  });

  test.each([
    ['connecting', pageState({ room: 'joining' })],
    ['connecting', pageState({ player: 'loading' })],
    ['not-started', pageState({ room: 'absent' })],
    ['not-started', pageState({ player: 'idle' })],
    ['not-started', pageState({ player: 'absent' })],
    ['watching', pageState({ player: 'playing', everPlayed: true })],
    ['watching', pageState({ room: 'closed', player: 'playing', everPlayed: true })],
    ['reconnecting', pageState({ room: 'recovering', player: 'playing', everPlayed: true })],
    ['reconnecting', pageState({ player: 'starved', everPlayed: true })],
    ['ended', pageState({ room: 'closed' })],
    ['ended', pageState({ room: 'absent', everPlayed: true })],
    ['ended', pageState({ player: 'ended', everPlayed: true })],
    ['failed', pageState({ room: 'failed' })],
    ['failed', pageState({ player: 'failed' })],
  ])('is %s', (state, given) => {
    expect(describeWatch(given).state).toBe(state);
  });

  test('leaves the picture free while it moves', () => {
    const model = describeWatch(pageState({ room: 'recovering', player: 'playing', everPlayed: true }));
    expect(model.panel).toBe(false);
    expect(model.status).toBe('Connection lost. Reconnecting…');
  });
});

describe('the delay', () => {
  test('is measured by the date of the picture', () => {
    expect(delayBehindLive(10_000, new Date(8600), 3)).toBeCloseTo(1.4);
  });

  test('falls back to the estimate without a date, or with clocks that differ', () => {
    expect(delayBehindLive(10_000, null, 3)).toBe(3);
    expect(delayBehindLive(10_000, new Date(12_000), 3)).toBe(3);
    expect(delayBehindLive(10_000, null, 0)).toBeUndefined();
  });

  test('is said in seconds, and in minutes when it is long', () => {
    expect(delayText(1.4)).toBe('1.4 s behind live');
    expect(delayText(65.5)).toBe('1 min 5 s behind live');
    expect(delayText(undefined)).toBe('');
  });
});

describe('falling behind', () => {
  test.each([
    [1.3, 1.05, false],
    [3.0, 1.05, false],
    [3.2, 1.05, true],
    [20, 3, true],
    [Number.NaN, 1.05, false],
    [20, 0, false],
    [20, null, false],
  ])('%s s behind with a target of %s s: too far is %s', (latency, target, expected) => {
    expect(hasStrayed(latency, target)).toBe(expected);
  });
});
