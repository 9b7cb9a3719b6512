/**
 * One broadcast as its maker sees it: the membership says where uploads go, the pipeline of media makes and carries
 * them. Goes on after a discontinuity after whatever interrupted it. Draws nothing itself.
 */

import {
  Budget,
  type Cancel,
  type Connection,
  type Environment,
  type Failure,
  type Identity,
  type JoinAck,
} from '../client';
import type { Kind, LocalMedia } from '../rtc/media';
import { SeatedMembership } from '../seats/seated-membership';
import type { Seats } from '../seats/seats';
import {
  brokenMessage,
  cannotEncodeMessage,
  failureMessage,
  noVideoMessage,
  takenMessage,
  type UserMessage,
} from '../ui/user-messages';
import { encodable, type Quality } from './encoders';
import { MediaPipeline } from './media-pipeline';
import { INITIAL_STATE, type PageState, type Stats } from './model';
import { broadcastPolicy } from './policy';

export interface BroadcastHandlers {
  changed(pageState: PageState): void;
}

/** Time to upload the rest at the end. */
const LAST_MS = 3000;
const REOPENINGS_PER_MINUTE = 4;
const RENEWALS_PER_MINUTE = 3;
/** Time for the first part of a connected broadcast. */
export const FIRST_PART_MS = 20_000;

export class Broadcast {
  readonly #media: LocalMedia;
  readonly #env: Environment;
  readonly #handlers: BroadcastHandlers;
  readonly #membership: SeatedMembership;
  readonly #seats: Seats;
  readonly #pipeline: MediaPipeline;
  readonly #reopenings = new Budget(REOPENINGS_PER_MINUTE, 60_000);
  readonly #pageState: PageState = { ...INITIAL_STATE };
  readonly #renewals = new Budget(RENEWALS_PER_MINUTE, 60_000);
  #firstPartDue: Cancel | undefined;

  constructor(
    url: string,
    room: string,
    identity: Identity,
    media: LocalMedia,
    quality: Quality,
    env: Environment,
    seats: Seats,
    handlers: BroadcastHandlers,
  ) {
    this.#media = media;
    this.#env = env;
    this.#seats = seats;
    this.#handlers = handlers;
    const pipeline = {
      progressed: (changes: Partial<PageState>) => this.#update(changes),
      reduced: (reduced: string | undefined) => this.#update({ slow: false, reduced }),
      tokenRefused: () => this.#renewToken(),
      uploaded: (isSlow: boolean) => this.connection?.observe(isSlow ? 'slowUpload' : 'fastUpload'),
      refused: (code: number, message: string) => this.#refused(code, message),
      audioEncoded: (isEncoded: boolean) => this.#audioEncoded(isEncoded),
      gaveUp: (message: UserMessage) => this.#giveUp(message),
    };
    this.#pipeline = new MediaPipeline(room, media, quality, env, pipeline, identity.token);
    const options = { url, roomType: 'p2m', roomId: room, video: true, audio: true, environment: env } as const;
    const member = {
      joined: (ack: JoinAck) => this.#joined(ack),
      participantsChanged: () => this.#pipeline.serverHeard(),
      attemptFailed: () => {
        this.#disconnected();
        this.#update({ unreachable: true });
      },
      interrupted: (isLost: boolean) => {
        if (isLost) this.#disconnected();
      },
      retrying: () => this.#disconnected(),
      over: (failure: Failure) => this.#over(failure),
    };
    this.#membership = new SeatedMembership(options, identity, broadcastPolicy, member, seats);
  }

  get pageState(): Readonly<PageState> {
    return this.#pageState;
  }

  get connection(): Connection | undefined {
    return this.#membership.connection;
  }

  /** The encoding of data signals. */
  get form(): string | undefined {
    return this.#pipeline.form;
  }

  get stats(): Stats & { codec: string } {
    return this.#pipeline.stats;
  }

  get isOnAir(): boolean {
    return this.#pageState.stage === 'starting' || this.#pageState.stage === 'on-air';
  }

  /** The browser has answered, or a device came or went. */
  mediaChanged(kind?: Kind): void {
    const { problems } = this.#media;
    const [camera, microphone] = [this.#media.isAvailable('video'), this.#media.isAvailable('audio')];
    this.#update({ asked: true, camera, microphone, problems: { ...problems } });
    if (kind) this.#pipeline.sourceChanged(kind);
  }

  /** The highest quality from the next change of the camera on; a slow way to the server lowers it for a while. */
  setQuality(quality: Quality): void {
    this.#pipeline.setQuality(quality);
    this.#update({ reduced: undefined });
  }

  /** False, and said to be so, in a browser that cannot broadcast at all. */
  async check(): Promise<boolean> {
    const { video, audio } = await encodable();
    this.#audioEncoded(audio);
    if (!video) this.#fail(cannotEncodeMessage());
    return video;
  }

  /** Ends the way on air, for a reason that was found out elsewhere. */
  refuse(message: UserMessage): void {
    const { stage, connected } = this.#pageState;
    if (connected || (stage !== 'off' && stage !== 'starting' && stage !== 'failed')) return;
    this.#membership.leave();
    this.#fail(message);
  }

  start(): void {
    if (this.#pageState.stage !== 'off') return;
    this.#update({ stage: 'starting', returning: this.#seats.areHeldByGhost });
    this.#membership.join();
  }

  /** Ends the stream for everybody, then leaves. */
  async stop(): Promise<void> {
    if (!this.isOnAir) return;
    this.#update({ stage: 'stopping' });
    await this.#pipeline.finish(LAST_MS);
    this.#pipeline.close();
    this.#membership.leave();
    this.#update({ stage: 'stopped' });
  }

  /** The page goes away. The seat is kept for as long as a reload takes; the server gives up a member that does not return. */
  suspend(): void {
    this.#pipeline.close();
  }

  /** @param slowedTab whether the browser slows the hidden page, or did so a moment ago */
  tabLooked(slowedTab: boolean): void {
    if (slowedTab !== this.#pageState.slowedTab) this.#update({ slowedTab });
  }

  networkLost(): void {
    this.#pipeline.setReachable(false);
    this.#update({ offline: true });
    this.#membership.networkLost();
  }

  networkBack(): void {
    this.#pipeline.setReachable(this.#pageState.connected);
    this.#update({ offline: false });
    this.#membership.networkBack();
  }

  #joined(ack: JoinAck): void {
    if (this.#pageState.stage !== 'starting' && this.#pageState.stage !== 'on-air') return;
    if (!ack.ingest) {
      this.#membership.leave();
      return this.#fail(takenMessage());
    }
    this.#update({ connected: true, unreachable: false, stage: 'on-air' });
    this.#pipeline.setIngest(ack.ingest);
    this.#pipeline.setReachable(true);
    this.#expectFirstPart();
    if (ack.resumed && this.#pipeline.resume()) return;
    void this.#pipeline.open();
  }

  #disconnected(): void {
    this.#pipeline.setReachable(false);
    this.#update({ connected: false });
  }

  #expectFirstPart(): void {
    this.#firstPartDue ??= this.#env.after(FIRST_PART_MS, () => {
      this.#firstPartDue = undefined;
      const { stage, arrived, connected, offline } = this.#pageState;
      if (stage !== 'on-air' || arrived) return;
      if (connected && !offline) this.#giveUp(noVideoMessage());
      else this.#expectFirstPart();
    });
  }

  /** Every join brings another token; one that is under way already will do. */
  #renewToken(): void {
    const { connection } = this;
    if (connection?.state !== 'joined') return;
    if (this.#renewals.take(this.#env.now()) && connection.rejoin()) return;
    this.#giveUp(brokenMessage('the server rejected its own token'));
  }

  /** Numbers that do not fit or a stream that is gone: both are found out anew. */
  #refused(code: number, message: string): void {
    console.warn(`roomcast: an upload was refused: ${message} (${code})`);
    if (!this.isOnAir) return;
    if (!this.#reopenings.take(this.#env.now()))
      return this.#giveUp(brokenMessage(`the server said: ${message} (${code})`));
    void this.#pipeline.open();
  }

  #over(failure: Failure): void {
    if (this.#pageState.stage === 'stopping') return;
    this.#pipeline.close();
    this.#fail(failureMessage(failure, 'broadcast'));
  }

  #audioEncoded(canEncodeAudio: boolean): void {
    if (canEncodeAudio !== this.#pageState.canEncodeAudio) this.#update({ canEncodeAudio });
  }

  #giveUp(message: UserMessage): void {
    if (!this.isOnAir) return;
    this.#pipeline.close();
    this.#membership.leave();
    this.#fail(message);
  }

  #fail(failure: UserMessage): void {
    this.#media.release();
    this.#update({ stage: 'failed', failure });
  }

  #update(changes: Partial<PageState>): void {
    Object.assign(this.#pageState, changes);
    this.#handlers.changed(this.#pageState);
  }
}
