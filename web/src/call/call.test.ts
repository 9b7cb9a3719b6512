import { describe, expect, test } from 'vitest';
import type { Failure, History } from '../client';
import { FakeWorld } from '../client/fake';
import { mediaMessage } from '../rtc/media-messages';
import { callPolicy } from '../rtc/policy';
import { Revival } from '../rtc/revival';
import { isSamePeerConnection } from '../rtc/sdp';
import { describe as describeCall, INITIAL_STATE, type PageState } from './model';

const refused = (code: number): Failure => ({ kind: 'refused', code, message: '' });
const history = (changes: Partial<History> = {}): History => ({
  roomCreating: false,
  resuming: false,
  everJoined: false,
  attempts: 1,
  waited: 60_000,
  ...changes,
});

describe('getting into a call', () => {
  test('creates the room that was not found', () => {
    expect(callPolicy(refused(4001), history())).toEqual({ roomCreating: true, delay: 0 });
  });

  test('joins the room that somebody else created in the same instant', () => {
    const attempt = callPolicy(refused(4022), history({ roomCreating: true, attempts: 2 }));
    expect(attempt).toEqual({ roomCreating: false, delay: 0 });
  });

  test('ends after three rounds of that', () => {
    expect(callPolicy(refused(4022), history({ roomCreating: true, attempts: 6 }))).toBeUndefined();
  });

  test('comes as somebody new when the place of before is not given back', () => {
    expect(callPolicy(refused(4051), history({ resuming: true }))).toMatchObject({ newIdentity: true });
    expect(callPolicy(refused(4051), history())).toBeUndefined();
  });

  test('is over when the call is full', () => {
    expect(callPolicy(refused(4025), history())).toBeUndefined();
  });

  test('waits for somebody who does not come or does not answer for as long as the person likes', () => {
    for (const rule of ['callee', 'answer'] as const)
      expect(callPolicy({ kind: 'gaveUp', rule }, history())).toEqual({ roomCreating: false, delay: 0 });
    expect(callPolicy({ kind: 'gaveUp', rule: 'criticalFailure' }, history())).toBeUndefined();
  });

  test('asks for a server that was never reached for 40 s', () => {
    const failure: Failure = { kind: 'noAnswer', unavailable: false };
    const attempt = callPolicy(failure, history({ roomCreating: true, waited: 39_999 }));
    expect(attempt).toEqual({ roomCreating: true, delay: 3000 });
  });

  test('goes on only for who was in it already when the server is out of reach', () => {
    const failure: Failure = { kind: 'noAnswer', unavailable: false };
    expect(callPolicy(failure, history())).toBeUndefined();
    expect(callPolicy(failure, history({ everJoined: true }))).toMatchObject({ delay: 3000 });
  });
});

describe('the state of a call', () => {
  const pageState = (changes: Partial<PageState>): PageState => ({
    ...INITIAL_STATE,
    stage: 'joined',
    ...changes,
  });
  const other = { name: 'Amber Otter', video: true, audio: true };

  test.each([
    ['lobby', pageState({ stage: 'lobby' })],
    ['connecting', pageState({ stage: 'joining' })],
    ['waiting', pageState({})],
    ['connecting', pageState({ other, media: 'connecting' })],
    ['in-call', pageState({ other, media: 'connected', everConnected: true })],
    ['reconnecting', pageState({ other, media: 'disconnected', everConnected: true })],
    ['reconnecting', pageState({ stage: 'recovering' })],
    ['left', pageState({ departed: { name: 'Amber Otter', how: 'left' } })],
    ['waiting', pageState({ departed: { name: 'Amber Otter', how: 'lost' } })],
    ['left', pageState({ stage: 'gone' })],
    ['failed', pageState({ stage: 'failed' })],
  ])('is %s', (state, given) => {
    expect(describeCall(given).state).toBe(state);
  });

  test('names who left and invites the next person', () => {
    const model = describeCall(pageState({ departed: { name: 'Amber Otter', how: 'left' } }));
    expect(model).toMatchObject({ title: 'Amber Otter left the call', invite: true, retry: false });
  });

  test('leaves the picture free while only the server is away', () => {
    expect(describeCall(pageState({ stage: 'recovering', media: 'connected' })).panel).toBe(false);
    expect(describeCall(pageState({ stage: 'recovering' })).panel).toBe(true);
  });
});

describe('a session description', () => {
  const sdp = (fingerprint: string, fragment: string) =>
    `v=0\r\na=ice-ufrag:${fragment}\r\na=fingerprint:sha-256 ${fingerprint}\r\n`;

  test('with the same certificate and fragment goes on with the connection', () => {
    expect(isSamePeerConnection(sdp('AA', 'x'), sdp('aa', 'x'), false)).toBe(true);
  });

  test('with another fragment fits only when ICE restarts', () => {
    expect(isSamePeerConnection(sdp('AA', 'x'), sdp('AA', 'y'), true)).toBe(true);
    expect(isSamePeerConnection(sdp('AA', 'x'), sdp('AA', 'y'), false)).toBe(false);
  });

  test('with another certificate is of another connection', () => {
    expect(isSamePeerConnection(sdp('AA', 'x'), sdp('BB', 'x'), true)).toBe(false);
  });
});

describe('reviving the media', () => {
  function revival() {
    const world = new FakeWorld();
    const said: string[] = [];
    const watched = new Revival(world, { restart: () => said.push('restart'), gaveUp: () => said.push('gave up') });
    return { world, said, watched };
  }

  test('restarts after five seconds of disconnection', () => {
    const { world, said, watched } = revival();
    watched.observe('disconnected', false);
    world.advance(4999);
    expect(said).toEqual([]);
    world.advance(1);
    expect(said).toEqual(['restart']);
  });

  test('does nothing when the connection came back by itself', () => {
    const { world, said, watched } = revival();
    watched.observe('disconnected', false);
    watched.observe('connected', false);
    world.advance(60_000);
    expect(said).toEqual([]);
  });

  test('restarts at once when it failed, on the polite side five seconds later', () => {
    const { world, said, watched } = revival();
    watched.observe('failed', false);
    world.advance(0);
    expect(said).toEqual(['restart']);
    const polite = revival();
    polite.watched.observe('failed', true);
    polite.world.advance(4999);
    expect(polite.said).toEqual([]);
    polite.world.advance(1);
    expect(polite.said).toEqual(['restart']);
  });

  test('gives up after three restarts without success', () => {
    const { world, said, watched } = revival();
    watched.observe('failed', false);
    world.advance(120_000);
    expect(said).toEqual(['restart', 'restart', 'restart', 'gave up']);
  });
});

describe('the words about devices', () => {
  test('name what is missing and why', () => {
    expect(mediaMessage({})).toBe('');
    expect(mediaMessage({ video: 'busy' })).toBe('Your camera is in use by another program.');
    expect(mediaMessage({ video: 'missing', audio: 'refused' })).toContain(
      'No camera found. Your microphone is blocked',
    );
    expect(mediaMessage({ video: 'insecure', audio: 'insecure' })).toContain('https');
  });

  test('say that the page goes on by itself once the devices are allowed', () => {
    const blocked = [{ video: 'refused' }, { audio: 'refused' }, { video: 'refused', audio: 'refused' }] as const;
    for (const problems of blocked)
      expect(mediaMessage(problems)).toMatch(/address bar: this page goes on by itself\./);
  });
});
