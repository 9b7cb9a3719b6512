/**
 * The signaling client of Roomcast, without DOM: types of the messages, the state machine, the connection.
 *
 *   const connection = new Connection({ url, roomType: 'p2p', roomId, session, … }, { joined(ack) { … } });
 *   connection.join();
 *
 * Time, randomness, the socket and requests come in as an `Environment`; browsers need not name one. On a server that wants
 * tokens the option `token` is one, or a function that fetches one: it is asked at each connect, and once when the token
 * has run out (close code 4001). A token that is refused ends in the failure `unauthorized`, with reason and sentence.
 */

export { type AuthCheck, checkAccess, malformed, type Refusal, subprotocols, type TokenSource } from './access';
export { Budget } from './budget';
export { CloseCode, type CloseVerdict, Code, closeVerdict } from './codes';
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
export {
  type Attempt,
  type History,
  type Identity,
  Membership,
  type MembershipHandlers,
  type MembershipOptions,
  type Policy,
} from './membership';
export type * from './messages';
export type { Resume } from './progress';
export { readMessage } from './reader';
export { EVENTS, type MachineEvent, MOVES, type Move, next, STATES, type State } from './state';
