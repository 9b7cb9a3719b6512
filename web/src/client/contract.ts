/**
 * The options that an application gives to a connection, and the events that it hears from it. Only shapes. Every
 * handler may be left out; none may throw.
 */

import type { Refusal, TokenSource } from './access';
import type { Environment } from './environment';
import type { RuleId, State } from './generated/machine';
import type { ApplicationSignal, Forwarded, JoinAck, Participant, RoomType, Session } from './messages';
import type { Resume } from './progress';

/** Why a connection is in `failed`. */
export type Failure =
  | { kind: 'refused'; code: number; message: string }
  | { kind: 'closed'; code: number; reason: string }
  | { kind: 'noAnswer'; unavailable: boolean }
  | { kind: 'roomClosed'; reason: string }
  | { kind: 'kicked' }
  /** A rule of the watchdog, of a member that joined again as often as is worth trying, or that waits in vain. */
  | { kind: 'gaveUp'; rule: RuleId | undefined }
  /** The server lets nobody in with this token, or without one. */
  | ({ kind: 'unauthorized' } & Refusal);

export interface ConnectionOptions {
  url: string;
  roomType: RoomType;
  roomId: string;
  session: Session;
  roomCreating: boolean;
  video: boolean;
  audio: boolean;
  resume?: Resume;
  /**
   * Where the server wants one: a token, or a function that is asked at each connect, and so once when one has run out,
   * and before the token of a connection ends, which then goes on with the next one.
   */
  token?: TokenSource;
  environment?: Environment;
}

export interface ConnectionHandlers {
  stateChanged?(state: State, previous: State): void;
  /** Called before the queue is flushed, so that stale signals can still be discarded. */
  joined?(ack: JoinAck): void;
  participantsChanged?(participants: Participant[]): void;
  signalReceived?(forwarded: Forwarded): void;
  /** Signals were lost for good: media starts from scratch. */
  gap?(): void;
  /** Something to be kept for a page reload has changed. */
  resumeChanged?(resume: Resume): void;
  /** A signal that waited for the room had to go: the queue is full, and others are more precious. */
  signalDropped?(signal: ApplicationSignal): void;
  errorReceived?(name: string, code: number, message: string): void;
  /** An attempt to reach the server came to nothing; another one follows. */
  attemptFailed?(): void;
  failed?(failure: Failure): void;
  /** An event, message or other step that means nothing in the state the machine is in. */
  eventIgnored?(step: string, state: State): void;
}
