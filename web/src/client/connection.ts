/**
 * One membership in one room over the signaling socket: join, heartbeat, resume, reconnect, queue.
 * A thin shell: the moves are `state.ts`, what was seen is `progress.ts`, the socket is `link.ts`.
 * It never retries once it has failed (a new attempt is a new Connection) and knows no media.
 */

import { Budget } from './budget';
import { Code, closeVerdict, endsMembership } from './codes';
import type { ConnectionHandlers, ConnectionOptions, Failure } from './contract';
import { browserEnvironment, type Cancel, type Environment } from './environment';
import { HeartbeatTimer } from './heartbeat';
import { JoinDeadline } from './join-deadline';
import { Link } from './link';
import type { Ack, ApplicationSignal, Common, Join, Participant, Session, Signal } from './messages';
import { ACTIONS } from './messages';
import { Progress, type Resume } from './progress';
import { OfflineQueue } from './queue';
import { readJoinAck, readMessage, readParticipants } from './reader';
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
  readonly #heartbeat: HeartbeatTimer;
  readonly #deadline: JoinDeadline;
  readonly #queue = new OfflineQueue<ApplicationSignal>();
  readonly #repairs = new Budget(REPAIRS_PER_MINUTE, 60_000);
  #progress: Progress;
  #video: boolean;
  #audio: boolean;
  #unavailable = false;
  #offline = false;
  #settling: Cancel | undefined;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#env = options.environment ?? browserEnvironment();
    this.#progress = new Progress(options.resume);
    this.#video = options.video;
    this.#audio = options.audio;
    this.#machine = new Machine(
      (state, previous) => handlers.stateChanged?.(state, previous),
      (event, state) => handlers.eventIgnored?.(event, state),
    );
    this.#link = new Link(this.#env, options.url, {
      opened: () => this.#sendJoin(),
      message: (text) => this.#received(text),
      closed: (code, reason) => this.#closed(code, reason),
    });
    this.#deadline = new JoinDeadline(this.#env, {
      isOffline: () => this.#offline,
      overdue: (mayRetry) => this.#joinOverdue(mayRetry),
    });
    this.#heartbeat = new HeartbeatTimer(this.#env, {
      beat: (bid) => this.#transmit({ s: 'HEARTBEAT', bid, sq: this.#progress.highest }),
      lost: () => this.#rejoin('later'),
    });
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
    if (again) this.#progress = new Progress();
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

  /** False when the signal can neither be sent nor queued. */
  send(signal: ApplicationSignal): boolean {
    if (signal.s === 'UPDATE') this.#remember(signal.ve, signal.ae);
    if (this.state === 'idle' || this.state === 'leaved' || this.state === 'failed') return false;
    const direct = this.state === 'joined' && this.#queue.length === 0;
    return (direct && this.#transmit(signal)) || this.#queue.push(signal);
  }

  /** Forgets what was queued, for instance when the media it was about is gone. */
  discardQueued(): void {
    this.#queue.clear();
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
    if (!this.#machine.take('rejoinSent')) return;
    this.#release();
    this.#startJoining();
    if (when === 'now') this.#link.open();
    else this.#link.openLater();
  }

  #sendJoin(): void {
    const op = this.#progress.joinOptions(this.#options.roomCreating);
    const join: Join = { s: 'JOIN', ve: this.#video, ae: this.#audio, eg: 'native', op };
    this.#transmit(join);
  }

  #received(text: string): void {
    const message = readMessage(text);
    if (!message) return;
    if (message.sequence !== undefined && !this.#progress.advance(message.sequence)) return;
    if (message.sequence !== undefined) this.#handlers.resumeChanged?.(this.resume);
    if (message.kind === 'ack') return this.#acknowledged(message);
    if (message.signal.s === 'KICK') return this.#fail({ kind: 'kicked' });
    this.#handlers.signalReceived?.(message);
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
      default:
        return this.#errorReceived(ack);
    }
  }

  #joinAnswered(ack: Ack): void {
    if (!this.#joining) return;
    if (ack.code === Code.SERVICE_UNAVAILABLE) {
      // Counts as no answer, and another node may give one sooner than the deadline.
      this.#unavailable = true;
      this.#handlers.attemptFailed?.();
      return this.#link.openLater();
    }
    if (ack.code !== Code.OK) return this.#fail({ kind: 'refused', code: ack.code, message: sentence(ack) });
    const joined = readJoinAck(ack.body);
    this.#deadline.stop();
    this.#progress.joined(joined);
    this.#settling = this.#env.after(SETTLED_AFTER_MS, () => this.#link.settled());
    this.#heartbeat.start(joined.heartbeat.interval, joined.heartbeat.timeout);
    this.#machine.take('joinAccepted');
    this.#handlers.resumeChanged?.(this.resume);
    this.#handlers.joined?.(joined);
    this.#handlers.participantsChanged?.(joined.participants);
    if (joined.resumed) this.#correct(joined.participants);
    if (this.state === 'joined') this.#queue.flush((signal) => this.#transmit(signal));
  }

  /** A resumed member is as the server knew it: what it was told in vain, it is told again. */
  #correct(participants: Participant[]): void {
    const { userId, sessionId } = this.#options.session;
    const own = participants.find((one) => one.userId === userId && one.sessionId === sessionId);
    if (!own || (own.video === this.#video && own.audio === this.#audio)) return;
    this.#transmit({ s: 'UPDATE', ve: this.#video, ae: this.#audio });
  }

  #heartbeatAnswered(ack: Ack): void {
    if (endsMembership(ack.code)) return this.#rejoin('now');
    if (ack.code !== Code.OK) return this.#errorReceived(ack);
    this.#heartbeat.acknowledged();
    this.#participants(ack.body.pps);
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

  #closed(code: number, reason: string): void {
    if (closeVerdict(code) !== 'reconnect') return this.#fail({ kind: 'closed', code, reason });
    if (this.state === 'joined') return this.#rejoin('later');
    if (!this.#joining) return;
    this.#handlers.attemptFailed?.();
    this.#link.openLater();
  }

  #fail(failure: Failure): void {
    // The table knows no error while joining other than the refusal: what forbids coming back is one.
    if (!this.#machine.take(this.state === 'joined' ? 'unrecoverableError' : 'joinRefused')) return;
    this.#release();
    this.#queue.clear();
    this.#handlers.failed?.(failure);
  }

  #release(): void {
    this.#deadline.stop();
    this.#settling?.();
    this.#heartbeat.stop();
    this.#link.drop();
  }

  #remember(video: boolean, audio: boolean): void {
    this.#video = video;
    this.#audio = audio;
  }

  #transmit(signal: Signal): boolean {
    const { roomType, roomId, session } = this.#options;
    const { s, ...members } = signal;
    const common: Common = { ch: roomType, rid: roomId, ss: session };
    return this.#link.send({ action: ACTIONS[s], data: { s, ...common, ...members } });
  }
}

function sentence(ack: Ack): string {
  return typeof ack.body.msg === 'string' ? ack.body.msg : '';
}
