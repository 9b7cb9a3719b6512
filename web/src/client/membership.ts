/**
 * Gets into a room and stays there: one connection after the other, as a policy decides.
 * A connection that failed has no way out, so that every further attempt is a new one.
 * Knows no room type and no words; which failure deserves another attempt is the policy's word alone.
 */

import type { TokenSource } from './access';
import { Connection } from './connection';
import type { ConnectionHandlers, ConnectionOptions, Failure } from './contract';
import { browserEnvironment, type Cancel, type Environment } from './environment';
import type { State } from './generated/machine';
import type { ApplicationSignal, JoinAck, Session } from './messages';
import type { Resume } from './progress';

export interface History {
  /** The attempt that failed asked for the room to be created. */
  roomCreating: boolean;
  /** The attempt that failed tried to take up an earlier membership. */
  resuming: boolean;
  everJoined: boolean;
  /** Attempts since the last successful join, this one included; those that reached nobody before the first do not count. */
  attempts: number;
  /** Milliseconds for which the server has not answered. */
  waited: number;
}

/** Time for which a server that cannot be reached is asked, for a member that was never let in. */
const TIMEOUT_MS = 40_000;

export function isPatient({ waited }: History): boolean {
  return waited < TIMEOUT_MS;
}

export interface Attempt {
  roomCreating: boolean;
  /** Milliseconds to wait before it. */
  delay: number;
  /** It only asks whether a wait is over: attempts are counted anew. */
  waiting?: boolean;
  newIdentity?: boolean;
}

export type Policy = (failure: Failure, history: History) => Attempt | undefined;

/** The session that joins, and the part of it that is kept over a page reload. */
export interface Identity {
  session(): Session;
  resume(): Resume | undefined;
  keep(resume: Resume): void;
  renew(): void;
  /** Says who this is to a server that wants to know. */
  readonly token?: TokenSource | undefined;
}

export interface MembershipHandlers extends Omit<ConnectionHandlers, 'failed'> {
  /** Another attempt follows after this failure. */
  retrying?(failure: Failure, attempt: Attempt): void;
  over?(failure: Failure): void;
}

export type MembershipOptions = Pick<ConnectionOptions, 'url' | 'roomType' | 'roomId' | 'video' | 'audio'> & {
  environment?: Environment;
};

export class Membership {
  readonly #options: MembershipOptions;
  readonly #identity: Identity;
  readonly #policy: Policy;
  readonly #handlers: MembershipHandlers;
  readonly #env: Environment;
  readonly #history: History = { roomCreating: false, resuming: false, everJoined: false, attempts: 0, waited: 0 };
  /** When the server was asked first since its last answer. */
  #asked = 0;
  #connection: Connection | undefined;
  #pending: Cancel | undefined;
  #offline = false;
  #over = false;

  constructor(options: MembershipOptions, identity: Identity, policy: Policy, handlers: MembershipHandlers) {
    this.#options = options;
    this.#identity = identity;
    this.#policy = policy;
    this.#handlers = handlers;
    this.#env = options.environment ?? browserEnvironment();
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  get state(): State {
    return this.#connection?.state ?? 'idle';
  }

  join(): void {
    this.#asked = this.#env.now();
    this.#attempt({ roomCreating: false, delay: 0 });
  }

  /** False when the server could not be told. */
  leave(): boolean {
    this.#over = true;
    this.#pending?.();
    return this.#connection?.leave() ?? true;
  }

  send(signal: ApplicationSignal): boolean {
    if (signal.s === 'UPDATE') Object.assign(this.#options, { video: signal.ve, audio: signal.ae });
    return this.#connection?.send(signal) ?? false;
  }

  networkLost(): void {
    this.#offline = true;
    this.#connection?.networkLost();
  }

  networkBack(): void {
    this.#offline = false;
    this.#connection?.networkBack();
  }

  #attempt({ roomCreating, newIdentity }: Attempt): void {
    if (newIdentity) this.#identity.renew();
    const resume = this.#identity.resume();
    const { token } = this.#identity;
    this.#history.roomCreating = roomCreating;
    this.#history.resuming = resume !== undefined;
    this.#history.attempts += 1;
    const { resumeChanged, joined } = this.#handlers;
    const session = this.#identity.session();
    const common = { ...this.#options, environment: this.#env, session, roomCreating };
    const options = { ...common, ...(resume && { resume }), ...(token !== undefined && { token }) };
    this.#connection = new Connection(options, {
      ...this.#handlers,
      resumeChanged: (progress) => {
        this.#identity.keep(progress);
        resumeChanged?.(progress);
      },
      joined: (ack: JoinAck) => {
        Object.assign(this.#history, { everJoined: true, attempts: 0 });
        joined?.(ack);
      },
      failed: (failure) => this.#failed(failure),
    });
    this.#connection.join();
    if (this.#offline) this.#connection.networkLost();
  }

  #failed(failure: Failure): void {
    if (failure.kind !== 'noAnswer') this.#asked = this.#env.now();
    this.#history.waited = this.#env.now() - this.#asked;
    const attempt = this.#over ? undefined : this.#policy(failure, this.#history);
    if (!attempt) {
      this.#over = true;
      return this.#handlers.over?.(failure);
    }
    if (attempt.waiting || (failure.kind === 'noAnswer' && !this.#history.everJoined)) this.#history.attempts = 0;
    this.#handlers.retrying?.(failure, attempt);
    this.#pending = this.#env.after(attempt.delay, () => this.#attempt(attempt));
  }
}
