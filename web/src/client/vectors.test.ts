/** The published messages of the server, as the reader takes them. */

import { describe, expect, test } from 'vitest';
import { vectors } from './fake-vectors';
import type * as wire from './generated/messages';
import type { Ack, Forwarded } from './messages';
import { factsOf, readJoinAck, readMessage, readParticipants, readRefused } from './reader';

type Message = { message: string; valid: unknown[]; invalid: { reason: string; value: unknown }[] };
type Sent = Record<string, unknown>;
const { vectors: all } = vectors<{ vectors: Message[] }>('server-messages.json');
const valid = all.flatMap(({ message, valid }) =>
  valid.map((value, n) => ({ name: `${message} ${n}`, message, value: value as Sent })),
);
const invalid = all.flatMap(({ message, invalid }) => invalid.map((one) => ({ message, ...one })));

function read(value: unknown): Ack | Forwarded {
  const message = readMessage(JSON.stringify(value));
  if (!message) throw new Error(`not read: ${JSON.stringify(value)}`);
  return message;
}

describe('a valid message', () => {
  test.each(valid)('$name is read with all that is in it', ({ value }) => {
    const message = read(value);
    expect(message.sequence).toBe(value.sq);
    if (message.kind === 'ack') {
      expect(value).toMatchObject({ c: message.code, s: message.name, b: message.body });
      const listed = (value.b as { pps?: unknown[] }).pps;
      expect(readParticipants(message.body.pps)?.length).toBe(listed?.length);
    } else {
      expect(message.signal).toEqual(value);
      expect([message.sender, message.number ?? null]).toEqual([expect.objectContaining(value.ss), value.n ?? null]);
    }
  });

  test.each(valid.filter(({ message }) => message === 'JoinAck'))('$name is a membership', ({ value }) => {
    const body = value.b as unknown as wire.JoinAckBody;
    body.sq += 7;
    const ack = readJoinAck(value.b as Sent);
    expect(ack).toMatchObject({
      roomId: body.rid,
      role: body.pt,
      resumed: body.resumed,
      sequence: body.sq,
      resumeToken: body.rt,
      heartbeat: body.hb,
    });
    expect([ack.confirmed ?? null, ack.playlists, ack.ingest ?? null]).toEqual([
      body.n ?? null,
      body.hls?.playlists ?? [],
      body.hls?.ingest ?? null,
    ]);
    expect(ack.participants).toMatchObject(body.pps.map(({ userId, role, publish }) => ({ userId, role, publish })));
  });

  test('of a refusal gives back the signal as the application said it', () => {
    const refused = { action: 'kick', data: { s: 'KICK', ch: 'm2m', rid: 'demo', ss: {}, n: 7, to: 'bob' } };
    expect(readRefused(refused)).toEqual({ s: 'KICK', to: 'bob' });
    for (const none of [undefined, null, 1, {}, { data: 1 }]) expect(readRefused(none)).toBeUndefined();
  });
});

test.each(invalid)('an invalid $message breaks nothing: $reason', ({ value }) => {
  const message = readMessage(JSON.stringify(value));
  if (message?.kind === 'ack') readJoinAck(message.body);
  if (message) factsOf(message);
});
