/**
 * A world for tests: a clock that only moves when told, randomness that is a constant, sockets that
 * are played by the test. Never part of the built page.
 */

import { Connection } from './connection';
import type { ConnectionHandlers, ConnectionOptions } from './contract';
import type { Environment, Socket, SocketHandlers, TextResponse } from './environment';
import type { Session } from './messages';

interface Scheduled {
  at: number;
  run: () => void;
}

export interface SentMessage {
  action: string;
  data: Record<string, unknown> & { op?: Record<string, unknown> };
}

export class FakeSocket implements Socket {
  readonly sent: SentMessage[] = [];
  closedWith: number | undefined;
  #open = false;
  readonly #handlers: SocketHandlers;

  constructor(handlers: SocketHandlers) {
    this.#handlers = handlers;
  }

  send(text: string): boolean {
    if (this.#open) this.sent.push(JSON.parse(text) as SentMessage);
    return this.#open;
  }

  close(code: number): void {
    this.#open = false;
    this.closedWith = code;
  }

  open(): this {
    this.#open = true;
    this.#handlers.opened();
    return this;
  }

  receive(message: unknown): void {
    this.#handlers.message(typeof message === 'string' ? message : JSON.stringify(message));
  }

  lose(code = 1006, reason = ''): void {
    this.#open = false;
    this.#handlers.closed(code, reason);
  }

  names(): unknown[] {
    return this.sent.map(({ data }) => data.s);
  }
}

export class FakeWorld implements Environment {
  readonly sockets: FakeSocket[] = [];
  readonly urls: string[] = [];
  readonly subprotocols: string[][] = [];
  /** Requests that were made, and their tokens. */
  readonly requests: { url: string; bearer: string | undefined }[] = [];
  /** The answer to the next requests; without one nobody is there. */
  answer: TextResponse | undefined;
  randomness = 1;
  #now = 0;
  #scheduled: Scheduled[] = [];

  now = () => this.#now;
  unixTime = () => 1000 + this.#now;
  random = () => this.randomness;
  secret = () => 'own';

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.#now + ms, run };
    this.#scheduled.push(entry);
    return () => {
      this.#scheduled = this.#scheduled.filter((other) => other !== entry);
    };
  }

  async get(url: string, bearer?: string): Promise<TextResponse> {
    this.requests.push({ url, bearer });
    if (!this.answer) throw new Error('nobody answers');
    return this.answer;
  }

  connect(url: string, subprotocols: string[], handlers: SocketHandlers): Socket {
    const socket = new FakeSocket(handlers);
    this.urls.push(url);
    this.subprotocols.push(subprotocols);
    this.sockets.push(socket);
    return socket;
  }

  /** The newest socket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('no socket was opened yet');
    return socket;
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = this.#scheduled.filter((entry) => entry.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#scheduled = this.#scheduled.filter((entry) => entry !== due);
      this.#now = due.at;
      due.run();
    }
    this.#now = until;
  }
}

export const ME: Session = {
  userId: 'u1',
  sessionId: 's1',
  category: 'stream',
  host: 'Web',
  deviceId: 'd1',
};

export function joinAck(body: Record<string, unknown> = {}): unknown {
  const hb = { interval: 3000, timeout: 10_000 };
  return {
    c: 200,
    s: 'JOIN',
    b: { rid: 'demo', pt: 'admin', pps: [], resumed: false, sq: 0, rt: 'token-1', hb, ...body },
  };
}

export function forwarded(sq: number, sdp = 'v=0'): unknown {
  return { sq, s: 'OFFER', ch: 'p2p', rid: 'demo', ss: { ...ME, userId: 'u2', sessionId: 's2' }, sdp };
}

/** A connection in a fake world, and every call of its handlers in order. */
export function connect(
  options: Partial<ConnectionOptions> = {},
  handlers: ConnectionHandlers = {},
  world = new FakeWorld(),
) {
  const failures: unknown[] = [];
  const ignored: string[] = [];
  const received: unknown[] = [];
  const connection = new Connection(
    {
      url: 'ws://host/ws',
      roomType: 'm2m',
      roomId: 'demo',
      session: ME,
      roomCreating: true,
      video: true,
      audio: true,
      environment: world,
      ...options,
    },
    {
      failed: (failure) => failures.push(failure),
      eventIgnored: (event, state) => ignored.push(`${event} in ${state}`),
      signalReceived: ({ sequence }) => received.push(sequence),
      ...handlers,
    },
  );
  return { world, connection, failures, ignored, received };
}

/** The same, already joined. */
export function connectAndJoin(options: Partial<ConnectionOptions> = {}, handlers: ConnectionHandlers = {}) {
  const all = connect(options, handlers);
  all.connection.join();
  all.world.socket.open().receive(joinAck());
  return all;
}
