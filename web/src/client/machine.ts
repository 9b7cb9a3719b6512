/**
 * One membership as the published table sees it: what happens goes in, what is to be done comes out.
 * The rules are the table's, run by the published interpreter; here are only its types, and who is told of a move.
 * Never sends, never waits; the clock is an argument.
 */

import { Client } from './generated/interpreter';
import { type MachineEvent, type Observation, type Outcome, type RuleId, type State, TABLE } from './generated/machine';
import type { RoomType, Session } from './messages';

/** Actions that a step asks for, in order. `ignored`: it means nothing in this state. */
export type Act = Outcome | 'sendLeave' | 'drop' | 'ignored';

/** The facts of a message that the table asks for. */
export interface Facts {
  s: string;
  c?: number;
  b?: { pt?: unknown; pps?: readonly Pick<Session, 'userId' | 'sessionId'>[] | undefined };
  to?: unknown;
}

export interface MachineHandlers {
  moved(state: State, previous: State): void;
  /** @param step the event, or the kind of step */
  ignored(step: string, state: State): void;
}

/** A heartbeat may stay unanswered for the interval and so much. */
const ANSWER_MARGIN = TABLE.heartbeat.answer - TABLE.heartbeat.interval;

export class Machine {
  readonly #client: Client;
  readonly #now: () => number;
  readonly #handlers: MachineHandlers;

  constructor(room: RoomType, me: Session, now: () => number, handlers: MachineHandlers) {
    this.#client = new Client(TABLE, { room, me, role: 'viewer' });
    this.#now = now;
    this.#handlers = handlers;
  }

  get state(): State {
    return this.#client.state as State;
  }

  /** The rule of the watchdog that held last. */
  get held(): RuleId | undefined {
    return this.#client.held as RuleId | undefined;
  }

  /** Takes the interval of heartbeats that the server wants. */
  pace(interval: number): void {
    this.#client.answer = interval + ANSWER_MARGIN;
  }

  /** False when the event does not move the state. */
  event(on: MachineEvent): boolean {
    return !this.#step(on).includes('ignored');
  }

  /** `JOIN` was sent again: the wait for its ack begins, in whatever state. */
  joinResent(): void {
    this.#step('joinResent', {}, () => {});
  }

  see(on: Observation): void {
    this.#step(on);
  }

  /** @param open offers of this client that are without an answer */
  message(message: Facts, open: number): Act[] {
    return this.#step('message', { message, open });
  }

  /** @param status of the HTTP answer; 0 where there was none */
  dialFailed(status: number): Act[] {
    return this.#step('dial', { status });
  }

  /** @param renewed the application gives another token for the next connection */
  closed(code: number, renewed: boolean): Act[] {
    return this.#step('close', { code, renewed });
  }

  tick(): Act[] {
    return this.#step('tick');
  }

  leave(): Act[] {
    return this.#step('leave');
  }

  #step(on: string, members: object = {}, ignored = this.#handlers.ignored): Act[] {
    const previous = this.state;
    const done = this.#client.step({ on, at: this.#now(), ...members }) as Act[];
    const { state } = this;
    if (done.includes('ignored')) ignored(on, previous);
    // The table leads from there to the end through another attempt to join.
    if (previous === 'waitingNetwork' && state === 'failed') this.#handlers.moved('reinitializing', previous);
    if (state !== previous)
      this.#handlers.moved(state, previous === 'waitingNetwork' && state === 'failed' ? 'reinitializing' : previous);
    return done;
  }
}
