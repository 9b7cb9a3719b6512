import { describe, expect, test } from 'vitest';
import { EVENTS, INITIAL, MOVES, next, STATES } from './state';

const EXPECTED: Record<string, string> = {
  'idle joinSent': 'initializing',
  'initializing joinAccepted': 'joined',
  'initializing joinRefused': 'failed',
  'joined leaveSent': 'leaved',
  'joined rejoinSent': 'reinitializing',
  'joined networkLost': 'waitingNetwork',
  'joined unrecoverableError': 'failed',
  'leaved restarted': 'initializing',
  'waitingNetwork rejoinSent': 'reinitializing',
  'reinitializing joinAccepted': 'joined',
  'reinitializing joinRefused': 'failed',
};

describe('the state machine', () => {
  test('starts idle', () => {
    expect(INITIAL).toBe('idle');
  });

  test('has exactly the moves of the protocol', () => {
    expect(MOVES).toHaveLength(Object.keys(EXPECTED).length);
  });

  for (const state of STATES) {
    for (const event of EVENTS) {
      const to = EXPECTED[`${state} ${event}`];
      test(`${event} ${to ? `leads from ${state} to ${to}` : `is no move from ${state}`}`, () => {
        expect(next(state, event)).toBe(to);
      });
    }
  }

  test('has no way out of failed', () => {
    expect(MOVES.filter(({ from }) => from === 'failed')).toEqual([]);
  });
});
