/**
 * The published traces, driven through a connection with its sockets and timers: what a trace calls an event happens
 * here as a message, a close, a dial or a call of the application, and what is to be done shows in what is sent,
 * dialled, put off or told.
 */

import { describe, expect, test } from 'vitest';
import { Backoff } from './backoff';
import { connect, type FakeSocket, FakeWorld, joinAck, ME } from './fake';
import { vectors } from './fake-vectors';
import type { Observation, State } from './generated/machine';
import type { RoomType, Session } from './messages';

interface Step {
  on: string;
  at: number;
  code?: number;
  status?: number;
  renewed?: boolean;
  open?: number;
  message?: { s: string; c?: number; b?: { hb?: { interval: number } } };
  state: State;
  do: string[];
  over?: 'same' | 'new' | 'none';
}
interface Trace {
  name: string;
  room: RoomType;
  role: 'publisher' | 'viewer';
  me?: Pick<Session, 'userId' | 'sessionId'>;
  steps: Step[];
}
interface Delay {
  held: number | null;
  random: number;
  delay: number;
}

const { traces, delays } = vectors<{ traces: Trace[]; delays: Delay[] }>('state-machine.json');

const TICK_MS = 1000;
const BEAT_MS = 3000;
const SLOW_BEAT_MS = 5000;
const DIAL_MS = 10_000;

/** A world whose timers run when the test says so; each is known by its length. */
class SteppedWorld extends FakeWorld {
  time = 0;
  timers: { ms: number; run: () => void }[] = [];
  override now = () => this.time;
  override random = () => 0.9;

  override after(ms: number, run: () => void): () => void {
    const timer = { ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  ring(which: (ms: number) => boolean): boolean {
    const timer = this.timers.find(({ ms }) => which(ms));
    this.timers = this.timers.filter((other) => other !== timer);
    timer?.run();
    return timer !== undefined;
  }
}

/** The purpose of a timer of this length, other than heartbeats, whose interval the server sets. */
const isBackoff = (ms: number) => ![TICK_MS, BEAT_MS, SLOW_BEAT_MS, DIAL_MS].includes(ms);
const isBeat = (ms: number) => ms === BEAT_MS || ms === SLOW_BEAT_MS;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** One trace in progress. */
class Player {
  readonly world = new SteppedWorld();
  readonly #trace: Trace;
  readonly #all: ReturnType<typeof connect>;
  readonly #opened = new Set<FakeSocket>();
  readonly #lost = new Set<FakeSocket>();
  #tokens = 0;
  #sequence = 0;
  #isOffline = false;
  ignored = 0;

  constructor(trace: Trace) {
    this.#trace = trace;
    const session = { ...ME, ...trace.me };
    const renews = trace.steps.some(({ renewed }) => renewed);
    const token = async () => {
      this.#tokens += 1;
      return `a.b.${this.#tokens}`;
    };
    const options = { roomType: trace.room, session, ...(renews ? { token } : {}) };
    const eventIgnored = () => {
      this.ignored += 1;
    };
    this.#all = connect(options, { eventIgnored }, this.world);
  }

  get state(): State {
    return this.#all.connection.state;
  }

  /** The state that the outside sees: sockets, joins over the newest one, goodbyes, running delays, reported failures. */
  seen() {
    const socket = this.world.sockets.at(-1);
    const names = this.world.sockets.flatMap((one) => one.names());
    return {
      sockets: this.world.sockets.length,
      joins: socket?.names().filter((name) => name === 'JOIN').length ?? 0,
      leaves: names.filter((name) => name === 'LEAVE').length,
      waits: this.world.timers.filter(({ ms }) => isBackoff(ms)).length,
      failures: this.#all.failures.length,
      isClosed: !socket || !this.#opened.has(socket) || this.#isGone(socket),
    };
  }

  #isGone(socket: FakeSocket): boolean {
    return socket.closedWith !== undefined || this.#lost.has(socket);
  }

  /** The newest socket, open, as far as the state has one or dials one. */
  async #socket(): Promise<FakeSocket | undefined> {
    await this.#dialling();
    const socket = this.world.sockets.at(-1);
    if (!socket || this.#isGone(socket)) return undefined;
    if (!this.#opened.has(socket)) socket.open();
    this.#opened.add(socket);
    return socket;
  }

  /** Lets a delay or an absence of the network pass that keeps from dialling. */
  async #dialling(): Promise<void> {
    if (this.#isOffline) this.#all.connection.networkBack();
    this.#isOffline = false;
    this.world.ring(isBackoff);
    await settle();
  }

  async #receive(message: object): Promise<boolean> {
    if (this.state === 'waitingNetwork') return false;
    const socket = await this.#socket();
    socket?.receive(message);
    return socket !== undefined;
  }

  /** False where nothing that could happen to a connection in this state is this step. */
  async take(step: Step): Promise<boolean> {
    this.world.time = step.at;
    const { connection } = this.#all;
    switch (step.on) {
      case 'joinSent':
        connection.join();
        return true;
      case 'joinAccepted':
        return this.#receive(joinAck({ pps: undefined, pt: this.#trace.role, resumed: true }) as object);
      case 'joinRefused':
        return this.#receive({ c: 4025, s: 'JOIN', b: {} });
      case 'unrecoverable':
        return this.#receive({ c: 200, s: 'ROOM_CLOSED', b: {} });
      case 'joinResent':
        if (!connection.rejoin()) await this.#socket();
        return true;
      case 'networkDown':
        this.#isOffline = true;
        connection.networkLost();
        return true;
      case 'leaveSent':
        if (this.state === 'initializing' || this.state === 'reinitializing' || this.state === 'waitingNetwork')
          return false;
        connection.leave();
        return true;
      case 'leave':
        if (this.state !== 'waitingNetwork') await this.#socket();
        connection.leave();
        return true;
      case 'tick':
        this.world.ring((ms) => ms === TICK_MS);
        await settle();
        return true;
      default:
        return this.#takeWire(step);
    }
  }

  async #takeWire(step: Step): Promise<boolean> {
    switch (step.on) {
      case 'close':
        return this.#close(step.code);
      case 'dial':
        return this.#fail(step.status ?? 0);
      case 'message':
        return this.#take(step);
      case 'heartbeatSent':
        return this.state !== 'joined' || this.world.ring(isBeat);
      case 'heartbeatAnswered':
        return this.#receive({ c: 200, s: 'HEARTBEAT', b: {} });
      case 'joinUnavailable':
        return this.#receive({ c: 503, s: 'JOIN', b: {} });
      case 'offerSent':
        return this.#all.connection.send({ s: 'OFFER', sdp: 'v=0' });
      case 'answerReceived':
        return this.#take({ ...step, message: { s: 'ANSWER' } });
      default:
        this.#all.connection.observe(step.on as Observation);
        return true;
    }
  }

  async #take({ message, open = 0 }: Step): Promise<boolean> {
    for (let more = 0; more < open; more += 1)
      this.#all.connection.send({ s: 'OFFER', sdp: 'v=0', to: { userId: 'u', sessionId: String(more) } });
    this.#sequence += 1;
    const isForwarded = message?.c === undefined;
    const ss = { ...ME, userId: 'another', sessionId: 'another' };
    if (message?.s === 'JOIN' && message.c === 200)
      return this.#receive({ ...message, b: { rt: 'token', ...message.b } });
    return this.#receive(
      isForwarded && message?.s !== 'ROOM_CLOSED' ? { sq: this.#sequence, ss, ...message } : { ...message },
    );
  }

  async #close(code: number | undefined): Promise<boolean> {
    const socket = this.state === 'waitingNetwork' ? undefined : await this.#socket();
    if (socket) this.#lost.add(socket);
    socket?.lose(code);
    await settle();
    return socket !== undefined;
  }

  async #fail(status: number): Promise<boolean> {
    await this.#dialling();
    const socket = this.world.sockets.at(-1);
    // A socket that is open fails no more.
    if (!socket || this.#opened.has(socket)) return false;
    const text = JSON.stringify({ b: { reason: 'expired', msg: '' } });
    this.world.answer = status === 401 || status === 403 ? { status, text } : undefined;
    socket.lose(1006);
    await settle();
    return true;
  }
}

type Seen = ReturnType<Player['seen']>;

/** Whether a step went on over the connection that it asks for. */
function goesOn(over: Step['over'], before: Seen, now: Seen): boolean {
  switch (over) {
    case 'same':
      return now.joins === before.joins + 1 && now.sockets === before.sockets;
    case 'new':
      return now.waits === 1 && now.isClosed && now.failures === before.failures;
    case 'none':
      return now.failures === before.failures + 1 && now.isClosed && now.waits === 0;
    default:
      return false;
  }
}

/** Whether what was seen is what a step asks for. */
function shows(act: string | undefined, over: Step['over'], before: Seen, now: Seen, state: State) {
  switch (act) {
    case 'rejoin':
    case 'reconnect':
    case 'redial':
    case 'stop':
    case 'fail':
      return goesOn(over, before, now);
    case 'sendLeave':
      return now.leaves === before.leaves + 1 && now.isClosed;
    case 'drop':
      return now.isClosed && now.waits === 0;
    default:
      return now.failures === before.failures || state !== 'failed';
  }
}

/** Steps that nothing could bring to a connection in a state, by whether the table does something about them. */
const unreachable = { ignored: new Set<string>(), acted: new Set<string>() };
let played = 0;

/** Plays a step; false where the rest of its trace cannot follow. */
async function play(player: Player, step: Step, index: number): Promise<boolean> {
  const { state, ignored } = player;
  const before = player.seen();
  const where = `step ${index}: ${step.on} at ${step.at} in ${state}`;
  if (!(await player.take(step))) {
    const acts = step.state !== state || step.do.some((act) => act !== 'ignored');
    unreachable[acts ? 'acted' : 'ignored'].add(`${step.on} in ${state}`);
    return !acts;
  }
  played += 1;
  expect(player.state, where).toBe(step.state);
  for (const act of step.do)
    expect([act, shows(act, step.over, before, player.seen(), state)], where).toEqual([act, true]);
  const isTold = step.do.includes('ignored') && step.on !== 'joinResent' && state === 'joined';
  if (isTold) expect(player.ignored, where).toBe(ignored + 1);
  return true;
}

describe('a connection', () => {
  test.each(traces)('$name', async (trace) => {
    const player = new Player(trace);
    for (const [index, step] of trace.steps.entries()) if (!(await play(player, step, index))) return;
  });

  test('meets nearly every step of the traces', () => {
    const steps = traces.reduce((sum, trace) => sum + trace.steps.length, 0);
    expect(traces.length).toBeGreaterThan(150);
    expect(played / steps).toBeGreaterThan(0.9);
    // No connection is open while one is dialled, and none is dialled while one is open.
    expect([...unreachable.acted].sort()).toEqual(['close in waitingNetwork', 'dial in reinitializing']);
    // A goodbye is not sent as an event of its own, and elsewhere there is nothing to hear.
    const expected = /^leaveSent in | in (idle|leaved|failed|waitingNetwork)$/;
    for (const one of unreachable.ignored) expect(one).toMatch(expected);
  });
});

test('the delays before dials are those of the vectors', () => {
  const backoff = new Backoff();
  for (const [index, { held, random, delay }] of delays.entries()) {
    if (held !== null) backoff.lost(held);
    expect(backoff.nextDelay(random), `dial ${index}`).toBeCloseTo(delay, 3);
  }
});
