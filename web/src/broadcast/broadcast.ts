/**
 * One broadcast as its maker sees it: the membership says where uploads go, the camera gives parts, the uplink
 * carries them. Goes on behind a discontinuity after whatever interrupted it. Draws nothing itself.
 */

import type { Kind, LocalMedia } from '../call/media';
import {
  Budget,
  type Cancel,
  type Connection,
  type Environment,
  type Failure,
  type Identity,
  type JoinAck,
  type State,
} from '../client';
import { SeatedMembership } from '../seats/seated-membership';
import type { Seats } from '../seats/seats';
import {
  brokenWords,
  cannotEncodeWords,
  failureWords,
  noVideoWords,
  takenWords,
  tooSlowWords,
  type Words,
} from '../ui/words';
import { Camera } from './camera';
import { earlierNumbers, newId } from './earlier';
import { CARD_QUALITY, hasEncoders, QUALITY_STEPS, type Quality } from './encoders';
import type { Facts, Stats } from './model';
import { Packager } from './packager';
import { broadcastPolicy } from './policy';
import { Post } from './post';
import { Rate } from './rate';
import type { Upload } from './signals';
import { Steps } from './steps';
import { Uplink } from './uplink';

export interface BroadcastHandlers {
  changed(facts: Facts): void;
}

/** What is left to upload at the end gets so much time. */
const LAST_MS = 3000;
const REOPENINGS_PER_MINUTE = 4;
/** Time for the first part of a connected broadcast. */
export const FIRST_PART_MS = 20_000;

export class Broadcast {
  readonly #room: string;
  readonly #media: LocalMedia;
  readonly #env: Environment;
  readonly #handlers: BroadcastHandlers;
  readonly #membership: SeatedMembership;
  readonly #seats: Seats;
  readonly #rate = new Rate();
  readonly #reopenings = new Budget(REOPENINGS_PER_MINUTE, 60_000);
  readonly #facts: Facts = {
    stage: 'off',
    returning: false,
    asked: false,
    camera: false,
    microphone: false,
    problems: {},
    connected: false,
    offline: false,
    unreachable: false,
    arrived: false,
    slow: false,
  };
  #steps: Steps;
  #ladder: readonly Quality[];
  #camera: Camera | undefined;
  #packager: Packager | undefined;
  #uplink: Uplink | undefined;
  #post: Post | undefined;
  #delay: number | undefined;
  #droppedParts = 0;
  #opening = 0;
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
    this.#room = room;
    this.#media = media;
    [this.#steps, this.#ladder] = ladder(quality);
    this.#env = env;
    this.#seats = seats;
    this.#handlers = handlers;
    const options = { url, roomType: 'p2m', roomId: room, video: true, audio: true, environment: env } as const;
    const member = {
      joined: (ack: JoinAck) => this.#joined(ack),
      attemptFailed: () => this.#update({ unreachable: true }),
      stateChanged: (state: State) => {
        if (state === 'reinitializing' || state === 'waitingNetwork') this.#update({ connected: false });
      },
      retrying: () => this.#update({ connected: false }),
      over: (failure: Failure) => this.#over(failure),
    };
    this.#membership = new SeatedMembership(options, identity, broadcastPolicy, member, seats);
  }

  get facts(): Readonly<Facts> {
    return this.#facts;
  }

  get connection(): Connection | undefined {
    return this.#membership.connection;
  }

  /** How data signals are encoded. */
  get form(): string | undefined {
    return this.#post?.form;
  }

  get stats(): Stats & { codec: string } {
    return {
      delay: this.#delay,
      droppedFrames: this.#camera?.droppedFrames ?? 0,
      droppedParts: this.#droppedParts,
      resolution: this.#camera?.resolution ?? '',
      bitrate: this.#rate.perSecond(this.#env.now()),
      codec: this.#camera?.codec ?? '',
    };
  }

  get isOnAir(): boolean {
    return this.#facts.stage === 'starting' || this.#facts.stage === 'on-air';
  }

  /** The browser has answered, or a device came or went. */
  mediaChanged(kind?: Kind): void {
    const { problems } = this.#media;
    const [camera, microphone] = [this.#media.isAvailable('video'), this.#media.isAvailable('audio')];
    this.#update({ asked: true, camera, microphone, problems: { ...problems } });
    if (kind) this.#camera?.sourceChanged(kind);
  }

  /** The highest quality from the next change of the camera on; a slow way to the server lowers it for a while. */
  setQuality(quality: Quality): void {
    [this.#steps, this.#ladder] = ladder(quality);
    this.#camera?.setQuality(quality);
    this.#update({ reduced: undefined });
  }

  get #quality(): Quality {
    return this.#ladder[this.#steps.step] ?? CARD_QUALITY;
  }

  /** False, and said to be so, in a browser that cannot broadcast at all. */
  check(): boolean {
    if (hasEncoders()) return true;
    this.#fail(cannotEncodeWords());
    return false;
  }

  start(): void {
    if (this.#facts.stage !== 'off') return;
    this.#update({ stage: 'starting', returning: this.#seats.areHeldByGhost });
    this.#membership.join();
  }

  /** Ends the stream for everybody, then leaves. */
  async stop(): Promise<void> {
    if (!this.isOnAir) return;
    this.#update({ stage: 'stopping' });
    this.#opening += 1;
    await this.#camera?.stop();
    if (this.#packager && this.#uplink) {
      this.#uplink.put(this.#packager.end());
      const late = new Promise<void>((resolve) => void this.#env.after(LAST_MS, resolve));
      await Promise.race([this.#uplink.emptied(), late]);
    }
    this.#release();
    this.#membership.leave();
    this.#update({ stage: 'stopped' });
  }

  /** The page goes away. The seat is kept for as long as a reload takes; the server gives up who does not return. */
  suspend(): void {
    this.#opening += 1;
    this.#release();
  }

  networkLost(): void {
    this.#update({ offline: true });
    this.#membership.networkLost();
  }

  networkBack(): void {
    this.#update({ offline: false });
    this.#membership.networkBack();
  }

  #joined(ack: JoinAck): void {
    if (this.#facts.stage !== 'starting' && this.#facts.stage !== 'on-air') return;
    if (!ack.ingest) {
      this.#membership.leave();
      return this.#fail(takenWords());
    }
    this.#update({ connected: true, unreachable: false, stage: 'on-air' });
    if (this.#post) this.#post.renew(ack.ingest);
    this.#post ??= new Post(ack.ingest);
    this.#expectFirstPart();
    if (ack.resumed && this.#uplink) return this.#uplink.resume();
    void this.#open();
  }

  #expectFirstPart(): void {
    this.#firstPartDue ??= this.#env.after(FIRST_PART_MS, () => {
      this.#firstPartDue = undefined;
      const { stage, arrived, connected, offline } = this.#facts;
      if (stage !== 'on-air' || arrived) return;
      if (connected && !offline) this.#giveUp(noVideoWords());
      else this.#expectFirstPart();
    });
  }

  /** Begins to upload, behind what there is already. */
  async #open(): Promise<void> {
    this.#opening += 1;
    const mine = this.#opening;
    this.#uplink?.close();
    this.#uplink = undefined;
    this.#packager = undefined;
    const earlier = await earlierNumbers(this.#room);
    if (mine !== this.#opening || !this.isOnAir) return;
    this.#steps.reset();
    this.#packager = new Packager(earlier, Date.now(), newId);
    this.#uplink = this.#makeUplink();
    if (this.#camera) return void this.#camera.restart();
    this.#camera = this.#makeCamera();
    this.#camera.start();
  }

  #makeCamera(): Camera {
    return new Camera(this.#media, this.#quality, {
      began: (facts) => {
        if (this.#packager) this.#uplink?.put(this.#packager.begin(facts));
      },
      part: (part) => {
        for (const upload of this.#packager?.part(part) ?? []) this.#uplink?.put(upload);
      },
      failed: (reason, unsupported) => this.#giveUp(unsupported ? cannotEncodeWords() : brokenWords(reason)),
    });
  }

  #makeUplink(): Uplink {
    const line: Uplink = new Uplink(
      this.#env,
      (upload) => this.#post?.send(upload) ?? Promise.resolve({ kind: 'lost', reason: 'no address yet' }),
      newId,
      {
        uploaded: (upload, delay) => this.#uploaded(upload, delay),
        dropped: () => {
          this.#droppedParts += 1;
        },
        tokenRefused: () => this.#renewToken(),
        refused: (code, message) => {
          if (line === this.#uplink) this.#refused(code, message);
        },
      },
    );
    return line;
  }

  #uploaded(upload: Upload, delay: number): void {
    const now = this.#env.now();
    const bits = (upload.media?.length ?? 0) * 8;
    this.#rate.add(now, bits);
    if (upload.action !== 'updatePart' || !upload.media) return;
    this.#delay = delay;
    const verdict = this.#steps.report(now, delay, bits);
    if (verdict === 'stop') return this.#giveUp(tooSlowWords());
    if (verdict) void this.#takeStep(verdict);
    const slow = this.#steps.isSlow(now);
    if (!this.#facts.arrived || this.#facts.slow !== slow) this.#update({ arrived: true, slow });
  }

  /** Goes on in another quality: another take, behind a discontinuity. */
  async #takeStep(verdict: 'down' | 'up'): Promise<void> {
    const { width, height, lines } = this.#quality;
    console.info(`roomcast: uploads go ${verdict} to ${lines}`);
    this.#camera?.setQuality(this.#quality);
    if (verdict === 'down') this.#uplink?.giveUpWaiting();
    this.#update({ slow: false, reduced: this.#steps.isReduced ? lines : undefined });
    const size = { width: { ideal: width }, height: { ideal: height } };
    await this.#media
      .track('video')
      ?.applyConstraints(size)
      .catch(() => {});
    await this.#camera?.restart();
  }

  /** Every join brings another token; one that is under way already will do. */
  #renewToken(): void {
    const { connection } = this;
    if (connection?.state !== 'joined' || connection.recover()) return;
    this.#giveUp(brokenWords('the server rejected its own token'));
  }

  /** Numbers that do not fit or a stream that is gone: both are found out anew. */
  #refused(code: number, message: string): void {
    console.warn(`roomcast: an upload was refused: ${message} (${code})`);
    if (!this.isOnAir) return;
    if (!this.#reopenings.take(this.#env.now()))
      return this.#giveUp(brokenWords(`the server said: ${message} (${code})`));
    void this.#open();
  }

  #over(failure: Failure): void {
    if (this.#facts.stage === 'stopping') return;
    this.#release();
    this.#fail(failureWords(failure, 'broadcast'));
  }

  #giveUp(words: Words): void {
    if (!this.isOnAir) return;
    this.#release();
    this.#membership.leave();
    this.#fail(words);
  }

  #release(): void {
    this.#camera?.close();
    this.#camera = undefined;
    this.#uplink?.close();
    this.#media.release();
  }

  #fail(failure: Words): void {
    this.#media.release();
    this.#update({ stage: 'failed', failure });
  }

  #update(changes: Partial<Facts>): void {
    Object.assign(this.#facts, changes);
    this.#handlers.changed(this.#facts);
  }
}

/** The qualities from the lowest to the chosen one, and the step to begin with. */
function ladder(quality: Quality): [Steps, readonly Quality[]] {
  const top = QUALITY_STEPS.indexOf(quality);
  const qualities = top < 0 ? [quality] : QUALITY_STEPS.slice(0, top + 1);
  const bitrates = qualities.map(({ bitrate }) => bitrate);
  return [new Steps(bitrates, qualities.length - 1), qualities];
}
