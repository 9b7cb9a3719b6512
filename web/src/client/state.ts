/**
 * The client state machine as one table (wire protocol, "Client state machine").
 * A pair that is not in the table is no move: the state stays and the caller is told.
 * Pure: it never sends, never waits and knows no clock.
 */

export const STATES = [
  'idle',
  'initializing',
  'joined',
  'leaved',
  'waitingNetwork',
  'reinitializing',
  'failed',
] as const;

export const EVENTS = [
  'joinSent',
  'joinAccepted',
  'joinRefused',
  'leaveSent',
  'rejoinSent',
  'networkLost',
  'unrecoverableError',
  'restarted',
] as const;

export type State = (typeof STATES)[number];
export type MachineEvent = (typeof EVENTS)[number];

export interface Move {
  readonly from: State;
  readonly event: MachineEvent;
  readonly to: State;
}

export const INITIAL: State = 'idle';

export const MOVES: readonly Move[] = [
  { from: 'idle', event: 'joinSent', to: 'initializing' },
  { from: 'initializing', event: 'joinAccepted', to: 'joined' },
  { from: 'initializing', event: 'joinRefused', to: 'failed' },
  { from: 'joined', event: 'leaveSent', to: 'leaved' },
  { from: 'joined', event: 'rejoinSent', to: 'reinitializing' },
  { from: 'joined', event: 'networkLost', to: 'waitingNetwork' },
  { from: 'joined', event: 'unrecoverableError', to: 'failed' },
  { from: 'leaved', event: 'restarted', to: 'initializing' },
  { from: 'waitingNetwork', event: 'rejoinSent', to: 'reinitializing' },
  { from: 'reinitializing', event: 'joinAccepted', to: 'joined' },
  { from: 'reinitializing', event: 'joinRefused', to: 'failed' },
];

/** The state after `event`, or `undefined` when the event is no move from `state`. */
export function next(state: State, event: MachineEvent): State | undefined {
  return MOVES.find((move) => move.from === state && move.event === event)?.to;
}

/** Where one connection stands. Says of every event whether it was a move. */
export class Machine {
  readonly #moved: (state: State, previous: State) => void;
  readonly #ignored: (event: MachineEvent, state: State) => void;
  #state: State = INITIAL;

  constructor(moved: (state: State, previous: State) => void, ignored: (event: MachineEvent, state: State) => void) {
    this.#moved = moved;
    this.#ignored = ignored;
  }

  get state(): State {
    return this.#state;
  }

  take(event: MachineEvent): boolean {
    const previous = this.#state;
    const state = next(previous, event);
    if (!state) {
      this.#ignored(event, previous);
      return false;
    }
    this.#state = state;
    this.#moved(state, previous);
    return true;
  }
}
