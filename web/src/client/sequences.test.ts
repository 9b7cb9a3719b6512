import { describe, expect, test } from 'vitest';
import { connect } from './fake';
import type { ApplicationSignal } from './messages';

/** A step of the published sequences, as far as it is used here. */
interface Step {
  on: string;
  message?: Record<string, unknown>;
  signal?: ApplicationSignal;
  times?: number;
  took?: string;
  sends: unknown[];
}

interface Sequence {
  name: string;
  n: number;
  steps: Step[];
}

const files = import.meta.glob<{ sequences: Sequence[] }>('../../../schema/vectors/sequences.json', {
  eager: true,
  import: 'default',
});
const { sequences } = Object.values(files)[0] as { sequences: Sequence[] };
// This client joins again over another connection, never over the same one, and takes nothing before it joins.
const played = sequences.filter(({ steps }) => steps[0]?.on !== 'say' && !steps.some(({ on }) => on === 'again'));

/** The part of a message that counts here. */
function told(data: Record<string, unknown>): unknown {
  const kept: Record<string, unknown> = data.s === 'HEARTBEAT' ? { send_ack: true } : {};
  for (const name of ['s', 'n', 'sdp', 'sq', 'send_ack']) if (name in data) kept[name] = data[name];
  if (typeof data.op === 'object') {
    const { roomCreating: _, ...op } = data.op as Record<string, unknown>;
    kept.op = op;
  }
  return kept;
}

/** The message as it comes for the n-th time. */
function nth(message: Record<string, unknown>, more: number): Record<string, unknown> {
  const grown = { ...message };
  for (const name of more > 0 ? ['sq', 'n'] : []) if (name in grown) grown[name] = Number(grown[name]) + more;
  return grown;
}

function client() {
  const { world, connection, received } = connect();
  const read = new Map<object, number>();
  return {
    connection,
    world,
    delivered: () => received.length,
    /** Messages sent since it was asked last. */
    sent: () =>
      world.sockets.flatMap((socket) => {
        const from = read.get(socket) ?? 0;
        read.set(socket, socket.sent.length);
        return socket.sent.slice(from).map(({ data }) => told(data));
      }),
    open: () => {
      const before = world.sockets.length;
      if (connection.state === 'idle' || connection.state === 'leaved') connection.join();
      for (let waits = 0; waits < 50 && world.sockets.length === before; waits += 1) world.advance(100);
      world.socket.open();
    },
  };
}

function happens({ connection, world, open }: ReturnType<typeof client>, step: Step, more: number): void {
  if (step.on === 'open') open();
  else if (step.on === 'close') world.socket.lose();
  else if (step.on === 'leave') connection.leave();
  else if (step.on === 'beat') world.advance(3000);
  else if (step.on === 'message')
    world.socket.receive(JSON.stringify(nth(step.message as Record<string, unknown>, more)));
  else expect(connection.send(step.signal as ApplicationSignal)).toBe(step.took !== 'fails');
}

/** Without a connection leaving is the end of this client. */
function possible({ steps }: Sequence): Step[] {
  const end = steps.findIndex(
    ({ on }, index) => on === 'leave' && steps[index - 1]?.on !== 'message' && steps[index - 1]?.took !== 'said',
  );
  return end < 0 ? steps : steps.slice(0, end);
}

function delivered({ took, times }: Step): number {
  return took === 'delivered' ? (times ?? 1) : 0;
}

describe('the published sequences of messages', () => {
  test.each(played.map((sequence) => [sequence.name, sequence] as const))('%s', (_, sequence) => {
    const one = client();
    for (const step of possible(sequence)) {
      const isSignal = step.on === 'message' && typeof step.message === 'object' && !('c' in step.message);
      const before = one.delivered();
      for (let more = 0; more < (step.times ?? 1); more += 1) happens(one, step, more);
      expect(one.sent(), step.on).toEqual(step.sends);
      if (isSignal) expect(one.delivered() - before, JSON.stringify(step.message)).toBe(delivered(step));
    }
  });
});
