/**
 * The client's needs of the world: time, randomness, a socket and a request, each replaceable in a test.
 * `browserEnvironment` is the only place of the package that names WebSocket, `fetch` and the timers.
 * Never holds a rule of the protocol.
 */

/** Takes a scheduled call back; harmless once it ran. */
export type Cancel = () => void;

export interface SocketHandlers {
  opened(): void;
  message(text: string): void;
  closed(code: number, reason: string): void;
}

export interface Socket {
  /** False when the socket is not open (yet, or any more). */
  send(text: string): boolean;
  close(code: number): void;
}

export interface Timers {
  after(ms: number, run: () => void): Cancel;
}

export interface Environment extends Timers {
  /** Milliseconds; only differences matter. */
  now(): number;
  /** Milliseconds since 1970. */
  unixTime(): number;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
  /** A text that nobody can guess. */
  secret(): string;
  connect(url: string, subprotocols: string[], handlers: SocketHandlers): Socket;
  /** Sends a GET request and reads the answer; rejects where none comes in time. */
  get(url: string, bearer?: string): Promise<TextResponse>;
}

/** An HTTP response with its body as text. */
export interface TextResponse {
  status: number;
  text: string;
}

export type SocketConstructor = new (url: string, subprotocols: string[]) => WebSocket;

const GET_TIMEOUT_MS = 5000;

const ownTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** @param timers others than those of the page, which browsers slow down while it is hidden */
export function browserEnvironment(
  Constructor: SocketConstructor = WebSocket,
  timers: Timers = ownTimers,
): Environment {
  return {
    now: () => performance.now(),
    unixTime: Date.now,
    random: Math.random,
    secret: () =>
      Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(''),
    after: (ms, run) => timers.after(ms, run),
    connect: (url, subprotocols, handlers) => wrap(new Constructor(url, subprotocols), handlers),
    get,
  };
}

async function get(url: string, bearer?: string): Promise<TextResponse> {
  const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const signal = AbortSignal.timeout(GET_TIMEOUT_MS);
  const response = await fetch(url, { headers, cache: 'no-store', credentials: 'omit', signal });
  return { status: response.status, text: await response.text() };
}

function wrap(socket: WebSocket, handlers: SocketHandlers): Socket {
  socket.onopen = () => handlers.opened();
  socket.onclose = (event) => handlers.closed(event.code, event.reason);
  socket.onmessage = (event: MessageEvent<unknown>) => {
    if (typeof event.data === 'string') handlers.message(event.data);
  };
  return {
    send(text) {
      if (socket.readyState !== socket.OPEN) return false;
      socket.send(text);
      return true;
    },
    close: (code) => socket.close(code),
  };
}
