/**
 * One membership in one room over the signaling socket: join, heartbeat, resume, reconnect, queue.
 * A thin shell: the moves are `state.ts`, what was seen is `progress.ts`, the socket is `link.ts`.
 * It never retries once it has failed (a new attempt is a new Connection) and knows no media.
 */

import { checkAccess, HandshakeInquiry, type Refusal } from './access';
import type { ConnectionHandlers, ConnectionOptions, Failure } from './contract';
import { browserEnvironment, type Environment } from './environment';
import { endedBy, isRetried, sentence } from './failures';
import { CloseCode, Code, REACTIONS } from './generated/codes';
import { type Observation, type State, TABLE } from './generated/machine';
import { HeartbeatTimer } from './heartbeat';
import { Link } from './link';
import { type Act, Machine } from './machine';
import type { Ack, ApplicationSignal, Forwarded, Join, JoinAck, Recipient, Session } from './messages';
import { HeardNumbers, Unacknowledged } from './numbering';
import { Outgoing } from './outgoing';
import { correction, Progress, type Resume } from './progress';
import { factsOf, readJoinAck, readMessage, readNumber, readParticipants, readRefused } from './reader';
import { RefusedSignals } from './refused';
import { Speech } from './speech';
import { Ticker } from './ticker';

/** The HTTP status by which the table knows a token that was refused. */
const UNAUTHORIZED = 401;
const NO_STATUS = 0;
/** Codes may come that this client does not know. */
const UNKNOWN = { heartbeat: 'tell', other: 'tell' } as const;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #env: Environment;
  readonly #machine: Machine;
  readonly #link: Link;
  readonly #outgoing: Outgoing;
  readonly #inquiry: HandshakeInquiry;
  readonly #heartbeat: HeartbeatTimer;
  readonly #ticker: Ticker;
  readonly #speech: Speech;
  readonly #refused: RefusedSignals;
  readonly #unacknowledged = new Unacknowledged();
  readonly #heard = new HeardNumbers();
  #progress: Progress;
  #video: boolean;
  #audio: boolean;
  #unavailable = false;
  /** Whether the application may be asked for another token when the one in use has run out. */
  #mayRenew = true;
  #offline = false;
  /** It was left before it was a member: nothing counts any more. */
  #dropped = false;
  /** When the connection at hand was first admitted. */
  #admittedAt: number | undefined;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#env = options.environment ?? browserEnvironment();
    this.#progress = new Progress(this.#env.secret(), options.resume);
    this.#video = options.video;
    this.#audio = options.audio;
    const { roomType, roomId, session, url, token } = options;
    this.#machine = new Machine(roomType, session, () => this.#env.now(), {
      moved: (state, previous) => handlers.stateChanged?.(state, previous),
      ignored: (step, state) => handlers.eventIgnored?.(step, state),
    });
    const common = { ch: roomType, rid: roomId, ss: session };
    this.#outgoing = new Outgoing(common, (message) => this.#link.send(message), this.#machine);
    this.#speech = new Speech(this.#env.unixTime(), {
      write: (signal) => this.#outgoing.write(signal),
      repeat: (signal) => this.#outgoing.repeat(signal),
      dropped: (signal) => handlers.signalDropped?.(signal),
      size: (signal) => this.#outgoing.size(signal),
      isJoined: () => this.state === 'joined',
      hurry: () => this.#heartbeat.hurry(),
    });
    this.#refused = new RefusedSignals(this.#env, (signal) => this.send(signal));
    this.#link = new Link(this.#env, url, token, {
      opened: () => this.#opened(),
      message: (text) => this.#received(text),
      closed: (code, reason) => this.#closed(code, reason),
      tokenFailed: () => this.#dialFailed(),
      handshakeFailed: () => {
        // A handshake that fails shows a browser no status; the reason is asked for.
        this.#inquiry.handshakeFailed(this.#link.token);
        this.#dialFailed();
      },
      tokenRefused: (refusal) => this.#tokenRefused(UNAUTHORIZED, refusal),
    });
    this.#inquiry = new HandshakeInquiry(
      (held) => checkAccess(this.#env, url, held),
      (status, refusal) => this.#tokenRefused(status, refusal),
    );
    this.#ticker = new Ticker(this.#env, TABLE.watchdog.interval, () => this.#tick());
    this.#heartbeat = new HeartbeatTimer(this.#env, (bid) => this.#beat(bid));
  }

  get state(): State {
    return this.#machine.state;
  }

  get resume(): Resume {
    return this.#progress.resume;
  }

  get session(): Session {
    return this.#options.session;
  }

  /** From `idle`, or again from `leaved`. */
  join(): void {
    const again = this.state === 'leaved';
    if (!this.#machine.event('joinSent')) return;
    if (again) {
      this.#progress = new Progress(this.#env.secret());
      this.#speech.discard();
    }
    this.#unavailable = false;
    this.#ticker.start();
    if (!this.#offline) this.#link.open();
  }

  /** Says goodbye as well as the state allows and lets go of the socket. False when the goodbye could not be sent. */
  leave(): boolean {
    const acts = this.#machine.leave();
    const sent = acts.includes('sendLeave') && this.#outgoing.write({ s: 'LEAVE' });
    if (acts.includes('drop')) {
      this.#dropped = true;
      this.#speech.discard();
    }
    this.#release();
    return sent;
  }

  /** False when the signal can neither be sent nor queued, or too many are unconfirmed by the server. */
  send(signal: ApplicationSignal): boolean {
    if (signal.s === 'UPDATE') [this.#video, this.#audio] = [signal.ve, signal.ae];
    const isOver = this.#dropped || this.state === 'idle' || this.state === 'leaved' || this.state === 'failed';
    return !isOver && this.#speech.say(signal);
  }

  /** Forgets what was queued or would be said again, for instance when the media it was about is gone. */
  discardQueued(): void {
    this.#speech.discard();
    this.#refused.clear();
    this.#outgoing.forgetOffers();
  }

  /** Joins again over the same connection, for what a JOIN ack brings. False unless joined. */
  rejoin(): boolean {
    if (this.state !== 'joined') return false;
    this.#machine.event('joinResent');
    this.#askAgain();
    return true;
  }

  /** Takes what only the application can see; the table says when that leads to another join, or to the end. */
  observe(observation: Observation): void {
    this.#machine.see(observation);
  }

  /** No answer to an offer is awaited any more: it was withdrawn, or gave way to one of the other side. */
  offerEnded(to?: Recipient): void {
    this.#outgoing.offerEnded(to);
  }

  networkLost(): void {
    this.#offline = true;
    this.#machine.event('networkDown');
    if (this.#joining || this.state === 'waitingNetwork') this.#disconnect();
  }

  networkBack(): void {
    this.#offline = false;
    if (this.#joining || this.state === 'waitingNetwork') this.#link.open();
  }

  get #joining(): boolean {
    return !this.#dropped && (this.state === 'initializing' || this.state === 'reinitializing');
  }

  #tick(): void {
    const { state } = this;
    const acts = this.#machine.tick();
    const rule = this.#machine.held;
    this.#carryOut(acts, state, state === 'joined' ? { kind: 'gaveUp', rule } : this.#noAnswer());
  }

  #noAnswer(): Failure {
    return { kind: 'noAnswer', unavailable: this.#unavailable };
  }

  /**
   * Does what a step asks for.
   * @param before the state before the step
   * @param failure the reason, where the step was the end
   */
  #carryOut(acts: Act[], before: State, failure: Failure): void {
    if (this.state === 'failed' && before !== 'failed') return this.#end(failure);
    for (const act of acts) {
      if (act === 'rejoin' && before === 'joined') this.#askAgain();
      else if (act === 'rejoin' || act === 'redial' || act === 'reconnect') this.#dialAgain(before);
    }
  }

  #dialAgain(before: State): void {
    this.#disconnect();
    if (before !== 'joined') this.#handlers.attemptFailed?.();
    // Nobody could be reached: `networkBack` opens.
    if (!this.#offline && !this.#dropped) this.#link.openLater();
  }

  #disconnect(): void {
    if (this.#admittedAt !== undefined) this.#link.lost(this.#env.now() - this.#admittedAt);
    this.#admittedAt = undefined;
    this.#heartbeat.stop();
    this.#link.drop();
  }

  #opened(): void {
    this.#inquiry.reset();
    this.#machine.joinResent();
    this.#sendJoin();
  }

  /** Sends JOIN over the connection at hand. */
  #askAgain(): void {
    this.#heartbeat.stop();
    this.#unavailable = false;
    this.#sendJoin();
  }

  #sendJoin(): void {
    const op = this.#progress.joinOptions(this.#options.roomCreating, this.#speech.joining());
    const join: Join = { s: 'JOIN', ve: this.#video, ae: this.#audio, eg: 'native', op };
    this.#outgoing.write(join);
  }

  #beat(bid: string): void {
    this.#unacknowledged.reset();
    this.#machine.see('heartbeatSent');
    this.#outgoing.write({ s: 'HEARTBEAT', bid, sq: this.#progress.highest });
    this.#speech.hurry();
  }

  #received(text: string): void {
    const message = readMessage(text);
    if (!message) return;
    if (message.sequence !== undefined && !this.#isNew(message.sequence, text)) return;
    if (message.sequence !== undefined) this.#handlers.resumeChanged?.(this.resume);
    if (message.kind === 'forwarded' && this.#isRepetition(message)) return;
    this.#take(message);
  }

  #take(message: Ack | Forwarded): void {
    const { state } = this;
    const joined = message.kind === 'ack' && this.#joining ? this.#admitted(message) : undefined;
    if (message.kind === 'forwarded' && message.signal.s === 'ANSWER') this.#outgoing.answered(message.sender);
    const acts = this.#machine.message(factsOf(message), this.#outgoing.openOffers);
    this.#carryOut(acts, state, endedBy(message));
    // The end was told, or a handler has left meanwhile.
    if (this.state === 'failed' || this.#dropped) return;
    if (joined) this.#joined(joined);
    else if (message.kind === 'ack') this.#acknowledged(message);
    else this.#handlers.signalReceived?.(message);
  }

  #isNew(sequence: number, text: string): boolean {
    const isNew = this.#progress.advance(sequence);
    if (this.#unacknowledged.note(text) && this.state === 'joined') {
      this.#unacknowledged.reset();
      this.#outgoing.write({ s: 'HEARTBEAT', bid: '', sq: this.#progress.highest, send_ack: false });
    }
    return isNew;
  }

  /** After the end of a node another one may send again, under a new number, what its sender had said before. */
  #isRepetition({ sender, number }: Forwarded): boolean {
    return number !== undefined && !this.#heard.isNew(sender, number);
  }

  #acknowledged(ack: Ack): void {
    if (ack.code !== Code.OK) return this.#refusedBy(ack);
    switch (ack.name) {
      case 'HEARTBEAT':
        return this.#heartbeatAnswered(ack);
      case 'PUBLISH_LIST_CHANGED':
        return this.#participants(ack.body.pps);
      case 'GAP':
        if (typeof ack.body.to === 'number') this.#progress.advance(ack.body.to);
        return this.#handlers.gap?.();
      case 'RENEW':
        return this.#link.renewed(readNumber(ack.body.exp));
      case 'RESEND':
        if (this.state === 'joined') this.#speech.resend(readNumber(ack.body.n) ?? 0);
    }
  }

  /** The ack of JOIN says that this is a member now; the table is told next. */
  #admitted(ack: Ack): JoinAck | undefined {
    if (ack.name !== 'JOIN') return undefined;
    // Counts as no answer, and another node may give one sooner than the deadline.
    if (ack.code === Code.SERVICE_UNAVAILABLE) this.#unavailable = true;
    if (ack.code !== Code.OK) return undefined;
    const joined = readJoinAck(ack.body);
    this.#progress.joined(joined);
    // Nobody waits for the answer to an earlier offer.
    this.#outgoing.forgetOffers();
    this.#admittedAt ??= this.#env.now();
    this.#mayRenew = true;
    this.#machine.pace(joined.heartbeat.interval);
    this.#heartbeat.start(joined.heartbeat.interval);
    return joined;
  }

  #joined(joined: JoinAck): void {
    this.#speech.joined(joined.confirmed, () => this.#tellJoined(joined));
    if (this.state !== 'joined') return;
    // Tells that numbers were given up.
    if (this.#speech.wasDiscarded) return void this.rejoin();
    const wanted = { s: 'UPDATE', ve: this.#video, ae: this.#audio } as const;
    this.#speech.goOn((repeated) => correction(joined, this.#options.session, wanted, repeated));
  }

  #tellJoined(joined: JoinAck): void {
    this.#handlers.resumeChanged?.(this.resume);
    this.#handlers.joined?.(joined);
    this.#handlers.participantsChanged?.(joined.participants);
  }

  #heartbeatAnswered(ack: Ack): void {
    this.#participants(ack.body.pps);
    const confirmed = readNumber(ack.body.n);
    if (confirmed !== undefined) this.#speech.confirmed(confirmed);
  }

  #participants(value: unknown): void {
    const participants = readParticipants(value);
    if (participants) this.#handlers.participantsChanged?.(participants);
  }

  /** The table says which refusals end the membership; the rest of their consequences is here. */
  #refusedBy(ack: Ack): void {
    if (ack.name === 'JOIN') return;
    const { heartbeat, other } = REACTIONS[ack.code] ?? UNKNOWN;
    if (ack.name === 'HEARTBEAT' && heartbeat !== 'tell') return;
    if (ack.name === 'RENEW') this.#link.renewed(undefined);
    const signal = readRefused(ack.body.req);
    if (signal?.s === 'OFFER') this.offerEnded(signal.to ?? undefined);
    if (signal && other === 'retry' && this.#refused.saysAgain(ack.code, signal)) return;
    this.#handlers.errorReceived?.(ack.name, ack.code, sentence(ack));
  }

  #dialFailed(): void {
    const { state } = this;
    this.#carryOut(this.#machine.dialFailed(NO_STATUS), state, this.#noAnswer());
  }

  #tokenRefused(status: number, refusal: Refusal): void {
    const { state } = this;
    this.#carryOut(this.#machine.dialFailed(status), state, { kind: 'unauthorized', ...refusal });
  }

  #closed(code: number, reason: string): void {
    const { state } = this;
    const failure: Failure = { kind: 'closed', code, reason };
    const renewed = code === CloseCode.TOKEN_EXPIRED && this.#mayRenew && typeof this.#options.token === 'function';
    if (renewed) {
      this.#mayRenew = false;
      this.#link.needsAnotherToken(() => {
        const waiting = this.state;
        this.#carryOut(this.#machine.closed(code, false), waiting, failure);
      });
    }
    const acts = this.#machine.closed(code, renewed);
    this.#carryOut(
      acts,
      state,
      state !== 'joined' && acts.includes('fail') && isRetried(code) ? this.#noAnswer() : failure,
    );
  }

  #end(failure: Failure): void {
    this.#release();
    this.#speech.discard();
    this.#handlers.failed?.(failure);
  }

  #release(): void {
    this.#ticker.stop();
    this.#inquiry.reset();
    this.#refused.clear();
    this.#outgoing.forgetOffers();
    this.#disconnect();
  }
}
