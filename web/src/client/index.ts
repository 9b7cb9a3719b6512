/**
 * The signaling client of Roomcast, without DOM: types of the messages, the state machine, the connection.
 *
 *   const connection = new Connection({ url, roomType: 'p2p', roomId, session, … }, { joined(ack) { … } });
 *   connection.join();
 *
 * Time, randomness, the socket and requests come in as an `Environment`; browsers need not name one. On a server that wants
 * tokens the option `token` is one, or a function that fetches one. It is asked at each connect, once when the token has run
 * out (close code 4001), and 30 s before the token of a connection ends, or after half of the time that the token has left
 * where that is shorter: the connection takes what it gives, and goes on. A token that is refused ends in the failure `unauthorized`, with reason and sentence.
 */

export { type AuthCheck, checkAccess, malformed, type Refusal, subprotocols, type TokenSource } from './access';
export { Backoff } from './backoff';
export { Budget } from './budget';
export { Connection } from './connection';
export type * from './contract';
export {
  browserEnvironment,
  type Cancel,
  type Environment,
  type Socket,
  type SocketHandlers,
  type TextResponse,
  type Timers,
} from './environment';
export { CloseCode, Code, REACTIONS } from './generated/codes';
export type { MachineEvent, Observation, Outcome, RuleId, State } from './generated/machine';
export type { EndStreamPayload, UpdatePartOfVariantPayload, UpdateVariantPayload } from './generated/messages';
export { payloadOf } from './life';
export {
  type Attempt,
  type History,
  type Identity,
  isPatient,
  Membership,
  type MembershipHandlers,
  type MembershipOptions,
  type Policy,
} from './membership';
export type * from './messages';
export type { Resume } from './progress';
export { readMessage } from './reader';
