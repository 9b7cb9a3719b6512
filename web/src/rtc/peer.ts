/**
 * The media with one other person: perfect negotiation over a peer connection that can be replaced.
 * Offers, answers and candidates are worked off one after the other. A remote offer that does not
 * fit the connection at hand (the other page was reloaded) gets a new one. Draws nothing and joins nothing.
 */

import {
  type Address,
  type Answer,
  type ApplicationSignal,
  Budget,
  type Environment,
  type Ice,
  type IceServer,
  type Offer,
} from '../client';
import { Candidates } from './candidates';
import type { Kind, OutgoingMedia } from './media';
import { PendingOffer } from './pending-offer';
import { transportPolicy } from './relay';
import { Revival } from './revival';
import { isSamePeerConnection } from './sdp';
import { silenceOf } from './silence';

const KINDS: readonly Kind[] = ['audio', 'video'];

export interface PeerHandlers {
  send(signal: Offer | Answer | Ice): void;
  streamChanged(stream: MediaStream): void;
  connectionChanged(state: RTCPeerConnectionState): void;
  offerUnanswered(): void;
  /** No answer to an offer is awaited any more. */
  offerEnded(): void;
  gaveUp(reason: GiveUpReason): void;
}

/** `network`: no way through was found. `settings`: the browser refuses the server's ICE servers. */
export type GiveUpReason = 'network' | 'settings';

/** Errors with which browsers refuse a configuration; others, such as too many connections, are not about it. */
const CONFIGURATION_ERRORS: readonly string[] = ['SyntaxError', 'InvalidAccessError', 'NotSupportedError', 'TypeError'];

export class Peer {
  readonly address: Address;
  /** In a collision of offers the polite one gives way. */
  polite: boolean;
  iceServers: IceServer[];
  readonly #media: OutgoingMedia;
  readonly #env: Environment;
  readonly #handlers: PeerHandlers;
  readonly #revival: Revival;
  readonly #pending: PendingOffer;
  readonly #candidates = new Candidates();
  readonly #fresh = new Budget(3, 60_000);
  #pc: RTCPeerConnection | undefined;
  #work: Promise<void> = Promise.resolve();
  /** A change waits for an offer that cannot be made while another one is under way. */
  #offerDue = false;
  #closed = false;

  constructor(
    address: Address,
    polite: boolean,
    iceServers: IceServer[],
    media: OutgoingMedia,
    env: Environment,
    handlers: PeerHandlers,
  ) {
    this.address = address;
    this.polite = polite;
    this.iceServers = iceServers;
    this.#media = media;
    this.#env = env;
    this.#handlers = handlers;
    this.#revival = new Revival(env, { restart: () => this.restart(), gaveUp: () => handlers.gaveUp('network') });
    this.#pending = new PendingOffer(env, {
      unanswered: () => handlers.offerUnanswered(),
      ended: () => handlers.offerEnded(),
    });
  }

  get pc(): RTCPeerConnection | undefined {
    return this.#pc;
  }

  /** Starts from scratch: a new peer connection, and an offer of it. */
  offer(): void {
    this.#then(async () => {
      const pc = this.#create();
      for (const kind of KINDS) {
        const direction = this.#direction(kind);
        pc.addTransceiver(this.#media.track(kind) ?? kind, { direction, streams: [this.#media.stream] });
      }
      await this.#sendOffer(pc, false);
    });
  }

  /** Looks for another way through the network for the media that is there. */
  restart(): void {
    this.#then(async () => {
      const pc = this.#pc;
      if (pc?.signalingState !== 'stable') return;
      this.#configure(() => pc.setConfiguration({ ...pc.getConfiguration(), iceServers: this.iceServers }));
      await this.#sendOffer(pc, true);
    });
  }

  receive(signal: ApplicationSignal): void {
    if (signal.s === 'OFFER') this.#then(() => this.#offered(signal));
    if (signal.s === 'ANSWER') this.#then(() => this.#answered(signal));
    if (signal.s === 'ICE') this.#then(() => this.#candidates.take(this.#pc, signal.sdp));
  }

  /** Puts the track of now (or none) in place of the one before. Only a device that came late needs an offer. */
  replaceTrack(kind: Kind): void {
    this.#then(async () => {
      const transceiver = this.#transceiver(kind);
      if (!this.#pc || !transceiver) return;
      await transceiver.sender.replaceTrack(this.#media.track(kind));
      if (transceiver.direction === 'sendrecv' || !this.#media.isAvailable(kind)) return;
      transceiver.direction = 'sendrecv';
      this.#offerDue = true;
      await this.#offerIfDue(this.#pc);
    });
  }

  /** Nothing can be negotiated until `signalingBack`; the media themselves may well go on. */
  signalingLost(): void {
    this.#pending.pause();
    this.#revival.suspend();
  }

  signalingBack(): void {
    const again = this.#pending.resume();
    // By now the description names the candidates that may have been lost together with the offer.
    if (again) this.#send({ ...again, sdp: this.#pc?.localDescription?.sdp ?? again.sdp });
    if (this.#pc) this.#revival.resume(this.#pc.connectionState);
    else this.#revival.resume('closed');
  }

  /** Milliseconds since the last media packet of the other side; nothing where none ever came. */
  silence(): number | undefined {
    return this.#pc && silenceOf(this.#pc);
  }

  close(): void {
    this.#closed = true;
    this.#discard();
  }

  /** One thing after the other; a failure is told to the console and does not stop the next one. */
  #then(task: () => Promise<void>): void {
    this.#work = this.#work
      .then(() => (this.#closed ? undefined : task()))
      .catch((error: unknown) => console.warn('roomcast: negotiation', error));
  }

  #create(): RTCPeerConnection {
    this.#discard();
    const configuration: RTCConfiguration = {
      iceServers: this.iceServers,
      iceTransportPolicy: transportPolicy(),
      bundlePolicy: 'max-bundle',
    };
    const pc = this.#configure(() => new RTCPeerConnection(configuration));
    this.#revival.begin(this.polite);
    const stream = new MediaStream();
    this.#pc = pc;
    pc.onicecandidate = ({ candidate }) => {
      if (candidate && pc === this.#pc) this.#send({ s: 'ICE', sdp: candidate.toJSON() });
    };
    pc.ontrack = ({ track }) => {
      stream.addTrack(track);
      if (pc === this.#pc) this.#handlers.streamChanged(stream);
    };
    pc.onconnectionstatechange = () => {
      if (pc !== this.#pc) return;
      this.#revival.observe(pc.connectionState, this.polite);
      this.#handlers.connectionChanged(pc.connectionState);
    };
    return pc;
  }

  /** Runs what takes the configuration, and reports a configuration that is refused. */
  #configure<T>(take: () => T): T {
    try {
      return take();
    } catch (error) {
      if (error instanceof Error && CONFIGURATION_ERRORS.includes(error.name)) this.#handlers.gaveUp('settings');
      throw error;
    }
  }

  #discard(): void {
    this.#pending.clear();
    this.#revival.stop();
    this.#candidates.clear();
    this.#offerDue = false;
    const pc = this.#pc;
    this.#pc = undefined;
    pc?.close();
  }

  async #sendOffer(pc: RTCPeerConnection, restarting: boolean): Promise<void> {
    await pc.setLocalDescription(await pc.createOffer({ iceRestart: restarting }));
    if (pc !== this.#pc) return;
    const offer: Offer = { s: 'OFFER', sdp: pc.localDescription?.sdp ?? '', op: { restarting } };
    this.#pending.said(offer);
    this.#send(offer);
  }

  async #offered({ sdp, op }: Offer): Promise<void> {
    const known = this.#pc?.currentRemoteDescription?.sdp;
    const fits = known === undefined || isSamePeerConnection(known, sdp, op?.restarting === true);
    const collision = this.#pc?.signalingState === 'have-local-offer';
    // A connection that does not fit is one whose other end is gone: there is no offer of it to insist on.
    if (collision && fits && !this.polite) return;
    let pc = this.#pc && fits && !(collision && known === undefined) ? this.#pc : this.#create();
    const description = { type: 'offer', sdp } as const;
    try {
      await pc.setRemoteDescription(description);
    } catch {
      pc = this.#create();
      await pc.setRemoteDescription(description);
    }
    this.#pending.clear();
    await this.#attachTracks(pc);
    await this.#candidates.flush(pc);
    await pc.setLocalDescription();
    if (pc !== this.#pc) return;
    this.#send({ s: 'ANSWER', sdp: pc.localDescription?.sdp ?? '' });
    await this.#offerIfDue(pc);
  }

  async #answered({ sdp }: Answer): Promise<void> {
    const pc = this.#pc;
    // An answer to an offer that was given up since.
    if (pc?.signalingState !== 'have-local-offer') return;
    this.#pending.clear();
    try {
      await pc.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      console.warn('roomcast: answer does not fit', error);
      if (this.#fresh.take(this.#env.now())) this.offer();
      return;
    }
    await this.#candidates.flush(pc);
    await this.#offerIfDue(pc);
  }

  async #offerIfDue(pc: RTCPeerConnection): Promise<void> {
    if (!this.#offerDue || pc.signalingState !== 'stable') return;
    this.#offerDue = false;
    await this.#sendOffer(pc, false);
  }

  /** Sends on the lines the other side opened, instead of opening lines of our own beside them. */
  async #attachTracks(pc: RTCPeerConnection): Promise<void> {
    for (const kind of KINDS) {
      const transceiver = this.#transceiver(kind, pc);
      if (!transceiver) continue;
      transceiver.direction = this.#direction(kind);
      transceiver.sender.setStreams?.(this.#media.stream);
      await transceiver.sender.replaceTrack(this.#media.track(kind));
    }
  }

  #transceiver(kind: Kind, pc = this.#pc): RTCRtpTransceiver | undefined {
    return pc?.getTransceivers().find(({ receiver }) => receiver.track.kind === kind);
  }

  #direction(kind: Kind): RTCRtpTransceiverDirection {
    return this.#media.isAvailable(kind) ? 'sendrecv' : 'recvonly';
  }

  #send(signal: Offer | Answer | Ice): void {
    this.#handlers.send({ ...signal, to: this.address });
  }
}
