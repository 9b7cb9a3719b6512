/**
 * What the client needs of the world: time, randomness and a socket, each replaceable in a test.
 * `browserEnvironment` is the only place of the package that names WebSocket and the timers.
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
  /** From 0 (included) to 1 (excluded). */
  random(): number;
  connect(url: string, subprotocol: string, handlers: SocketHandlers): Socket;
}

export type SocketConstructor = new (url: string, subprotocol: string) => WebSocket;

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
    random: Math.random,
    after: (ms, run) => timers.after(ms, run),
    connect: (url, subprotocol, handlers) => wrap(new Constructor(url, subprotocol), handlers),
  };
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
