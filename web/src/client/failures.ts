/** The reasons for which a connection is in `failed`. Pure. */

import type { Failure } from './contract';
import { TABLE } from './generated/machine';
import type { Ack, Forwarded } from './messages';

/** The reason for the end, where a message brought it. */
export function endedBy(message: Ack | Forwarded): Failure {
  if (message.kind === 'forwarded') return { kind: 'kicked' };
  if (message.name === 'ROOM_CLOSED') return { kind: 'roomClosed', reason: String(message.body.reason ?? '') };
  return { kind: 'refused', code: message.code, message: sentence(message) };
}

/** Whether a close leads to another dial, unless there were too many. */
export function isRetried(code: number): boolean {
  const row = TABLE.close.find((one) => 'code' in one && one.code === code);
  return row === undefined || row.do === 'reconnect';
}

/** The server's words for people. */
export function sentence(ack: Ack): string {
  return typeof ack.body.msg === 'string' ? ack.body.msg : '';
}
