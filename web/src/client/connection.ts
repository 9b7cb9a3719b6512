/**
 * One membership in one room over the signaling socket: join, heartbeat, resume, reconnect, queue.
 * A thin shell: the moves are `state.ts`, what was seen is `progress.ts`, the socket is `link.ts`.
 * It never retries once it has failed (a new attempt is a new Connection) and knows no media.
 */

import { checkAccess, HandshakeInquiry } from './access';
import { Budget } from './budget';
import { CloseCode, Code, closeVerdict, endsMembership } from './codes';
import type { ConnectionHandlers, ConnectionOptions, Failure } from './contract';
import { browserEnvironment, type Cancel, type Environment } from './environment';
import { HeartbeatTimer } from './heartbeat';
import { JoinDeadline } from './join-deadline';
import { Link, type LinkHandlers } from './link';
import type { Ack, ApplicationSignal, Common, Forwarded, Join, JoinAck, Session, Signal, Update } from './messages';
import { ACTIONS } from './messages';
import { HeardNumbers, type Numbered, Unacknowledged } from './numbering';
import { Progress, type Resume } from './progress';
import { readJoinAck, readMessage, readNumber, readParticipants } from './reader';
import { Speech } from './speech';
import { Machine, type State } from './state';

const REPAIRS_PER_MINUTE = 3;
/** A connection that held this long starts its next reconnect with a short delay again. */
const SETTLED_AFTER_MS = 5000;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #env: Environment;
  readonly #machine: Machine;
  readonly #link: Link;
  readonly #inquiry: HandshakeInquiry;
  readonly #heartbeat: HeartbeatTimer;
  readonly #deadline: JoinDeadline;
  readonly #speech: Speech;
  readonly #unacknowledged = new Unacknowledged();
  readonly #heard = new HeardNumbers();
  readonly #repairs = new Budget(REPAIRS_PER_MINUTE, 60_000);
  #progress: Progress;
  #video: boolean;
  #audio: boolean;
  #unavailable = false;
  /** Whether the application may be asked for another token when the one in use has run out. */
  #mayRenew = true;
  #offline = false;
  #settling: Cancel | undefined;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#env = options.environment ?? browserEnvironment();
    this.#progress = new Progress(options.resume);
    this.#speech = new Speech(this.#env.unixTime(), {
      write: (signal) => this.#transmit(signal),
      isJoined: () => this.state === 'joined',
      hurry: () => this.#heartbeat.hurry(),
    });
    this.#video = options.video;
    this.#audio = options.audio;
    this.#machine = new Machine(
      (state, previous) => handlers.stateChanged?.(state, previous),
      (event, state) => handlers.eventIgnored?.(event, state),
    );
    this.#link = new Link(this.#env, options.url, options.token, this.#linkHandlers());
    this.#inquiry = new HandshakeInquiry(
      (token) => checkAccess(this.#env, options.url, token),
      (refusal) => this.#fail({ kind: 'unauthorized', ...refusal }),
    );
    this.#deadline = new JoinDeadline(this.#env, {
      isOffline: () => this.#offline,
      overdue: (mayRetry) => this.#joinOverdue(mayRetry),
    });
    this.#heartbeat = new HeartbeatTimer(this.#env, {
      beat: (bid) => {
        this.#unacknowledged.reset();
        this.#transmit({ s: 'HEARTBEAT', bid, sq: this.#progress.highest });
        this.#speech.hurry();
      },
      lost: () => this.#rejoin('later'),
    });
  }

  #linkHandlers(): LinkHandlers {
    return {
      opened: () => this.#opened(),
      message: (text) => this.#received(text),
      closed: (code, reason, wasOpen) => this.#closed(code, reason, wasOpen),
      tokenFailed: () => this.#attemptFailed(),
      tokenRefused: (refusal) => this.#fail({ kind: 'unauthorized', ...refusal }),
    };
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
    if (!this.#machine.take(again ? 'restarted' : 'joinSent')) return;
    if (again) {
      this.#progress = new Progress();
      this.#speech.discard();
    }
    this.#startJoining();
    this.#link.open();
  }

  /** Says goodbye as well as the state allows and lets go of the socket. False when the goodbye could not be sent. */
  leave(): boolean {
    const sent = this.#transmit({ s: 'LEAVE' });
    this.#machine.take('leaveSent');
    this.#release();
    return sent;
  }

  /** False when the signal can neither be sent nor queued, or too many are unconfirmed by the server. */
  send(signal: ApplicationSignal): boolean {
    if (signal.s === 'UPDATE') this.#remember(signal.ve, signal.ae);
    if (this.state === 'idle' || this.state === 'leaved' || this.state === 'failed') return false;
    return this.#speech.say(signal);
  }

  /** Forgets what was queued or would be said again, for instance when the media it was about is gone. */
  discardQueued(): void {
    this.#speech.discard();
  }

  /** Joins again after a critical failure of the media; false when that was done too often lately. */
  recover(): boolean {
    if (this.state !== 'joined' || !this.#repairs.take(this.#env.now())) return false;
    this.#rejoin('now');
    return true;
  }

  networkLost(): void {
    this.#offline = true;
    if (this.#machine.take('networkLost')) this.#release();
  }

  networkBack(): void {
    this.#offline = false;
    if (this.state === 'waitingNetwork') this.#rejoin('now');
    else if (this.#joining) this.#link.open();
  }

  get #joining(): boolean {
    return this.state === 'initializing' || this.state === 'reinitializing';
  }

  #startJoining(): void {
    this.#unavailable = false;
    this.#deadline.start();
  }

  #joinOverdue(mayRetry: boolean): void {
    this.#handlers.attemptFailed?.();
    if (mayRetry) this.#link.open();
    else this.#fail({ kind: 'noAnswer', unavailable: this.#unavailable });
  }

  #rejoin(when: 'now' | 'later'): void {
    if (!this.#startAgain()) return;
    if (when === 'now') this.#link.open();
    else this.#link.openLater();
  }

  #startAgain(): boolean {
    if (!this.#machine.take('rejoinSent')) return false;
    this.#release();
    this.#startJoining();
    return true;
  }

  #opened(): void {
    this.#inquiry.reset();
    this.#sendJoin();
  }

  #sendJoin(): void {
    const op = this.#progress.joinOptions(this.#options.roomCreating, this.#speech.joining());
    const join: Join = { s: 'JOIN', ve: this.#video, ae: this.#audio, eg: 'native', op };
    this.#transmit(join);
  }

  #received(text: string): void {
    const message = readMessage(text);
    if (!message) return;
    if (message.sequence !== undefined && !this.#isNew(message.sequence, text)) return;
    if (message.sequence !== undefined) this.#handlers.resumeChanged?.(this.resume);
    if (message.kind === 'ack') return this.#acknowledged(message);
    if (this.#isRepetition(message)) return;
    if (message.signal.s === 'KICK') return this.#fail({ kind: 'kicked' });
    this.#handlers.signalReceived?.(message);
  }

  #isNew(sequence: number, text: string): boolean {
    const isNew = this.#progress.advance(sequence);
    if (this.#unacknowledged.note(text) && this.state === 'joined') {
      this.#unacknowledged.reset();
      this.#transmit({ s: 'HEARTBEAT', bid: '', sq: this.#progress.highest, send_ack: false });
    }
    return isNew;
  }

  /** After the end of a node another one may send again, under a new number, what its sender had said before. */
  #isRepetition({ sender, number }: Forwarded): boolean {
    return number !== undefined && !this.#heard.isNew(sender, number);
  }

  #acknowledged(ack: Ack): void {
    switch (ack.name) {
      case 'JOIN':
        return this.#joinAnswered(ack);
      case 'HEARTBEAT':
        return this.#heartbeatAnswered(ack);
      case 'PUBLISH_LIST_CHANGED':
        return this.#participants(ack.body.pps);
      case 'ROOM_CLOSED':
        return this.#fail({ kind: 'roomClosed', reason: String(ack.body.reason ?? '') });
      case 'GAP':
        if (typeof ack.body.to === 'number') this.#progress.advance(ack.body.to);
        return this.#handlers.gap?.();
      case 'RENEW':
        return this.#renewalAnswered(ack);
      case 'RESEND':
        if (this.state === 'joined') this.#speech.resend(readNumber(ack.body.n) ?? 0);
        return;
      default:
        return this.#errorReceived(ack);
    }
  }

  #joinAnswered(ack: Ack): void {
    if (!this.#joining) return;
    if (ack.code === Code.SERVICE_UNAVAILABLE) {
      // Counts as no answer, and another node may give one sooner than the deadline.
      this.#unavailable = true;
      return this.#attemptFailed();
    }
    if (ack.code !== Code.OK) return this.#fail({ kind: 'refused', code: ack.code, message: sentence(ack) });
    const joined = readJoinAck(ack.body);
    this.#deadline.stop();
    this.#progress.joined(joined);
    this.#settling = this.#env.after(SETTLED_AFTER_MS, () => this.#settled());
    this.#heartbeat.start(joined.heartbeat.interval, joined.heartbeat.timeout);
    this.#machine.take('joinAccepted');
    this.#speech.joined(joined.confirmed, () => this.#tellJoined(joined));
    if (this.state !== 'joined') return;
    if (this.#speech.wasDiscarded) return this.#joinAgain();
    this.#speech.goOn((repeated) => this.#correction(joined, repeated));
  }

  #settled(): void {
    this.#link.settled();
    this.#mayRenew = true;
  }

  #tellJoined(joined: JoinAck): void {
    this.#handlers.resumeChanged?.(this.resume);
    this.#handlers.joined?.(joined);
    this.#handlers.participantsChanged?.(joined.participants);
  }

  /** Joins once more over the same socket, to tell that numbers were given up. */
  #joinAgain(): void {
    if (!this.#machine.take('rejoinSent')) return;
    this.#settling?.();
    this.#heartbeat.stop();
    this.#startJoining();
    this.#sendJoin();
  }

  /** A resumed member is as the server knew it: what it was told in vain, it is told again. */
  #correction({ resumed, participants }: JoinAck, repeated: Numbered[]): Update | undefined {
    if (!resumed || repeated.some(({ s }) => s === 'UPDATE')) return undefined;
    const { userId, sessionId } = this.#options.session;
    const own = participants.find((one) => one.userId === userId && one.sessionId === sessionId);
    if (!own || (own.video === this.#video && own.audio === this.#audio)) return undefined;
    return { s: 'UPDATE', ve: this.#video, ae: this.#audio };
  }

  #heartbeatAnswered(ack: Ack): void {
    if (endsMembership(ack.code)) return this.#rejoin('now');
    if (ack.code !== Code.OK) return this.#errorReceived(ack);
    this.#heartbeat.acknowledged();
    this.#participants(ack.body.pps);
    const confirmed = readNumber(ack.body.n);
    if (confirmed !== undefined) this.#speech.confirmed(confirmed);
  }

  /** A refusal is told, and leaves the connection as it is. */
  #renewalAnswered(ack: Ack): void {
    const isOk = ack.code === Code.OK;
    this.#link.renewed(isOk ? readNumber(ack.body.exp) : undefined);
    if (!isOk) this.#handlers.errorReceived?.(ack.name, ack.code, sentence(ack));
  }

  #participants(value: unknown): void {
    const participants = readParticipants(value);
    if (participants) this.#handlers.participantsChanged?.(participants);
  }

  #errorReceived(ack: Ack): void {
    if (ack.code === Code.OK) return;
    this.#handlers.errorReceived?.(ack.name, ack.code, sentence(ack));
    if (ack.code === Code.INTERNAL_SERVER_ERROR)
      this.#fail({ kind: 'refused', code: ack.code, message: sentence(ack) });
  }

  #closed(code: number, reason: string, wasOpen: boolean): void {
    if (code === CloseCode.UNAUTHENTICATED && this.#comeBackRenewed(reason)) return;
    if (closeVerdict(code) !== 'reconnect') return this.#fail({ kind: 'closed', code, reason });
    if (this.state === 'joined') return this.#rejoin('later');
    if (!this.#joining) return;
    this.#attemptFailed();
    if (!wasOpen) this.#inquiry.handshakeFailed(this.#link.token);
  }

  #attemptFailed(): void {
    this.#handlers.attemptFailed?.();
    this.#link.openLater();
  }

  /** The token has run out: asks the application for another one and joins with it. False where nobody can be asked. */
  #comeBackRenewed(reason: string): boolean {
    if (typeof this.#options.token !== 'function' || !this.#mayRenew) return false;
    this.#mayRenew = false;
    if (this.state === 'joined') this.#startAgain();
    return this.#link.renew(() => this.#fail({ kind: 'closed', code: CloseCode.UNAUTHENTICATED, reason }));
  }

  #fail(failure: Failure): void {
    // The table knows no error while joining other than the refusal: what forbids coming back is one.
    if (!this.#machine.take(this.state === 'joined' ? 'unrecoverableError' : 'joinRefused')) return;
    this.#release();
    this.#speech.discard();
    this.#handlers.failed?.(failure);
  }

  #release(): void {
    this.#deadline.stop();
    this.#inquiry.reset();
    this.#settling?.();
    this.#heartbeat.stop();
    this.#link.drop();
  }

  #remember(video: boolean, audio: boolean): void {
    this.#video = video;
    this.#audio = audio;
  }

  #transmit(signal: Signal | Numbered): boolean {
    const { roomType, roomId, session } = this.#options;
    const { s, ...members } = signal;
    const common: Common = { ch: roomType, rid: roomId, ss: session };
    return this.#link.send({ action: ACTIONS[s], data: { s, ...common, ...members } });
  }
}

function sentence(ack: Ack): string {
  return typeof ack.body.msg === 'string' ? ack.body.msg : '';
}
