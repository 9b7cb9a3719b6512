/**
 * Ack codes and close codes of the wire protocol, and what a close code asks of the client.
 * The lists are closed; a code that is not in them is answered by its range alone.
 * Never holds words for people: those belong to the page.
 */

export const Code = {
  OK: 200,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
  INVALID_SIGNAL: 2001,
  UNSUPPORTED_CHANNEL: 2002,
  ROOM_NOT_FOUND: 4001,
  NOT_ROOM_MEMBER: 4002,
  RECIPIENT_NOT_MEMBER: 4003,
  TRACK_NOT_FOUND: 4005,
  ALREADY_EXIST_ROOM: 4022,
  ALREADY_IS_PUBLISHER: 4023,
  USER_LEFT: 4024,
  ROOM_FULL: 4025,
  SEQUENCE_CONFLICT: 4026,
  RATE_LIMITED: 4029,
  UNAUTHENTICATED: 4041,
  PERMISSION_NOT_FOUND: 4051,
} as const;

/** Whether the answer to a heartbeat says that the membership is gone, alone or with its room: time to join again. */
export function endsMembership(code: number): boolean {
  return code === Code.NOT_ROOM_MEMBER || code === Code.ROOM_NOT_FOUND;
}

export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  ABNORMAL: 1006,
  INVALID_PAYLOAD: 1007,
  POLICY_VIOLATION: 1008,
  TOO_LARGE: 1009,
  INTERNAL_ERROR: 1011,
  SERVICE_RESTART: 1012,
  TRY_AGAIN_LATER: 1013,
  SESSION_REPLACED: 4000,
  UNAUTHENTICATED: 4001,
} as const;

/** `reconnect`: come back with backoff. `stop`: the server meant it. `fail`: this client is at fault. */
export type CloseVerdict = 'reconnect' | 'stop' | 'fail';

const VERDICTS: ReadonlyMap<number, CloseVerdict> = new Map([
  [CloseCode.NORMAL, 'stop'],
  [CloseCode.SESSION_REPLACED, 'stop'],
  [CloseCode.UNAUTHENTICATED, 'stop'],
  [CloseCode.GOING_AWAY, 'reconnect'],
  [CloseCode.ABNORMAL, 'reconnect'],
  [CloseCode.INTERNAL_ERROR, 'reconnect'],
  [CloseCode.SERVICE_RESTART, 'reconnect'],
  [CloseCode.TRY_AGAIN_LATER, 'reconnect'],
  [CloseCode.PROTOCOL_ERROR, 'fail'],
  [CloseCode.UNSUPPORTED_DATA, 'fail'],
  [CloseCode.INVALID_PAYLOAD, 'fail'],
  [CloseCode.POLICY_VIOLATION, 'fail'],
  [CloseCode.TOO_LARGE, 'fail'],
] as const);

/** An unlisted code of the 1000 range comes from something between (a proxy, TLS); one above is deliberate. */
export function closeVerdict(code: number): CloseVerdict {
  return VERDICTS.get(code) ?? (code < 2000 ? 'reconnect' : 'stop');
}
