import { describe, expect, test } from 'vitest';
import type { Failure, History } from '../client';
import { clockText, describe as describeBroadcast, INITIAL_STATE, type PageState, statsText } from './model';
import { broadcastPolicy } from './policy';
import { Rate } from './rate';

const history: History = { roomCreating: false, resuming: false, everJoined: false, attempts: 1, waited: 60_000 };
const refused = (code: number): Failure => ({ kind: 'refused', code, message: '' });

describe('getting on air', () => {
  test('makes the room that is not there, and joins one that came in between', () => {
    expect(broadcastPolicy(refused(4001), history)).toEqual({ roomCreating: true, delay: 0 });
    expect(broadcastPolicy(refused(4022), { ...history, roomCreating: true })).toEqual({
      roomCreating: false,
      delay: 0,
    });
  });

  test('does not go round for ever', () => {
    expect(broadcastPolicy(refused(4001), { ...history, attempts: 6 })).toBeUndefined();
    expect(broadcastPolicy(refused(4022), { ...history, attempts: 6 })).toBeUndefined();
  });

  test('waits for a server that is away only when it was on air', () => {
    const noAnswer: Failure = { kind: 'noAnswer', unavailable: false };
    expect(broadcastPolicy(noAnswer, history)).toBeUndefined();
    expect(broadcastPolicy(noAnswer, { ...history, waited: 39_999 })).toEqual({ roomCreating: false, delay: 2000 });
    expect(broadcastPolicy(noAnswer, { ...history, everJoined: true })).toMatchObject({ delay: 2000 });
  });

  test('is somebody new when the seat of before is not given back', () => {
    expect(broadcastPolicy(refused(4051), { ...history, resuming: true })).toMatchObject({ newIdentity: true });
    expect(broadcastPolicy(refused(4051), history)).toBeUndefined();
    expect(broadcastPolicy({ kind: 'kicked' }, history)).toBeUndefined();
  });
});

describe('the state of a broadcast', () => {
  const pageState = (changes: Partial<PageState>): PageState => ({
    ...INITIAL_STATE,
    asked: true,
    camera: true,
    ...changes,
  });
  const onAir = (changes: Partial<PageState> = {}) =>
    pageState({ stage: 'on-air', connected: true, arrived: true, ...changes });

  test.each([
    ['asking', pageState({ asked: false })],
    ['preview', pageState({})],
    ['preview', pageState({ problems: { audio: 'missing' } })],
    ['no-camera', pageState({ camera: false, problems: { video: 'refused' } })],
    ['starting', pageState({ stage: 'starting' })],
    ['starting', onAir({ arrived: false })],
    ['on-air', onAir()],
    ['reconnecting', onAir({ connected: false })],
    ['reconnecting', onAir({ offline: true })],
    ['stopping', pageState({ stage: 'stopping' })],
    ['stopped', pageState({ stage: 'stopped' })],
    ['failed', pageState({ stage: 'failed' })],
  ])('is %s', (state, given) => {
    expect(describeBroadcast(given).state).toBe(state);
  });

  test('can be begun only with a camera or a microphone, and ended only while it runs', () => {
    const can = (given: PageState) => [describeBroadcast(given).start, describeBroadcast(given).stop];
    expect(can(pageState({}))).toEqual([true, false]);
    expect(can(pageState({ camera: false }))).toEqual([false, false]);
    expect(can(pageState({ camera: false, microphone: true })), 'audio alone').toEqual([true, false]);
    expect(can(onAir())).toEqual([false, true]);
    expect(can(pageState({ stage: 'starting' }))).toEqual([false, true]);
  });

  test('warns of what viewers miss', () => {
    expect(describeBroadcast(onAir({ slow: true })).hint).toMatch(/slow/);
    expect(describeBroadcast(onAir({ reduced: '360p' })).hint).toMatch(/viewers get 360p/);
    expect(describeBroadcast(onAir({ problems: { audio: 'ended' } })).hint).toMatch(/hear nothing/);
    expect(describeBroadcast(onAir({ camera: false, problems: { video: 'ended' } })).hint).toMatch(/disconnected/);
    expect(describeBroadcast(onAir({ slowedTab: true })).hint).toMatch(/slows this tab while it is hidden/);
    expect(describeBroadcast(onAir()).warning).toBe(false);
  });

  test('tells before Go live that the browser cannot encode audio', () => {
    const silent = describeBroadcast(pageState({ microphone: true, canEncodeAudio: false }));
    expect(silent).toMatchObject({ state: 'preview', start: true, warning: true, mute: false });
    expect(silent.hint).toMatch(/cannot encode audio: viewers hear nothing/);
    expect(describeBroadcast(onAir({ canEncodeAudio: false })).hint).toMatch(/cannot encode audio/);
    const nothing = describeBroadcast(pageState({ camera: false, microphone: true, canEncodeAudio: false }));
    expect(nothing).toMatchObject({ state: 'no-camera', start: false });
  });

  test('says why there is no camera, and offers another try where that may help', () => {
    const without = (problem: 'insecure' | 'refused' | 'missing' | 'busy') => {
      const { title, again } = describeBroadcast(pageState({ camera: false, problems: { video: problem } }));
      return [title, again];
    };
    expect(without('insecure')).toEqual(['No camera on this page', false]);
    expect(without('refused')).toEqual(['The camera is blocked', true]);
    expect(without('missing')).toEqual(['No camera found', true]);
    expect(without('busy')).toEqual(['The camera is in use', true]);
  });

  test('says that a page without a camera goes on by itself', () => {
    const detail = (video: 'refused' | 'missing') =>
      describeBroadcast(pageState({ camera: false, problems: { video } })).detail;
    expect(detail('refused')).toBe('Allow it in the address bar: this page goes on by itself.');
    expect(detail('missing')).toBe('Plug in a camera and it is found by itself.');
  });
});

test('the time on air and what goes out are said in short', () => {
  expect([7, 754, 3723].map(clockText)).toEqual(['0:07', '12:34', '1:02:03']);
  const stats = {
    delay: 41.7,
    droppedFrames: 0,
    heldFrames: 0,
    droppedParts: 2,
    resolution: '1280×720',
    bitrate: 1_950_000,
  };
  expect(statsText(stats)).toBe('1280×720 · 1.9 Mbit/s · upload delay 42 ms · 2 chunks lost');
});

test('a rate is that of the last seconds', () => {
  const rate = new Rate();
  expect(rate.perSecond(0)).toBe(0);
  for (let now = 0; now <= 10_000; now += 500) rate.add(now, 1000);
  expect(rate.perSecond(10_000)).toBeCloseTo(2222.2, 0);
  expect(rate.perSecond(20_000)).toBe(0);
});
