/**
 * The media of one broadcast on their way to the server: camera, packager, uplink, and the quality that the uplink
 * carries. Knows no membership: it is told where to upload and when the server is out of reach, and reports once what
 * it cannot go on with.
 */

import type { Cancel, Environment, IngestAddress, TokenSource } from '../client';
import type { Kind, LocalMedia } from '../rtc/media';
import { brokenMessage, cannotEncodeMessage, tooSlowMessage, type UserMessage } from '../ui/user-messages';
import { Camera } from './camera';
import { earlierNumbers, newId } from './earlier';
import { CARD_QUALITY, QUALITY_STEPS, type Quality } from './encoders';
import type { Stats } from './model';
import { Packager } from './packager';
import { Rate } from './rate';
import type { Upload } from './signals';
import { SLOW_MS } from './slowness';
import { Steps, type StepVerdict } from './steps';
import { Uplink } from './uplink';
import { Uploader } from './uploader';

export interface PipelineHandlers {
  /** Called when the first part has arrived, and when uploads become slow or fast again. */
  progressed(changes: { arrived?: true; slow: boolean }): void;
  /** Viewers get this quality in place of the chosen one; nothing: the chosen one. */
  reduced(lines: string | undefined): void;
  /** An upload arrived, too slowly for a broadcast or not. */
  uploaded(isSlow: boolean): void;
  /** The server rejected the token. */
  tokenRefused(): void;
  /** The server rejected an upload: its numbers do not fit, or the stream is gone. */
  refused(code: number, message: string): void;
  /** Whether viewers get audio, from now on. */
  audioEncoded(isEncoded: boolean): void;
  /** Nothing more will come. */
  gaveUp(message: UserMessage): void;
}

/** Interval at which uploads that are not acknowledged are looked at. */
const LOOK_MS = 500;
/** Two heartbeats: a server that was not heard of for so long may be out of reach. */
const SILENT_MS = 6000;

export class MediaPipeline {
  readonly #room: string;
  readonly #media: LocalMedia;
  readonly #env: Environment;
  readonly #handlers: PipelineHandlers;
  readonly #token: TokenSource | undefined;
  readonly #rate = new Rate();
  #steps: Steps;
  #ladder: readonly Quality[];
  #camera: Camera | undefined;
  #packager: Packager | undefined;
  #uplink: Uplink | undefined;
  #uploader: Uploader | undefined;
  #delay: number | undefined;
  #droppedParts = 0;
  #opening = 0;
  #reachable = true;
  #heardAt = 0;
  #arrived = false;
  #slow = false;
  #look: Cancel | undefined;

  /** @param token lets the streamer read its own playlist; uploads have a token of their own */
  constructor(
    room: string,
    media: LocalMedia,
    quality: Quality,
    env: Environment,
    handlers: PipelineHandlers,
    token?: TokenSource,
  ) {
    this.#token = token;
    this.#room = room;
    this.#media = media;
    [this.#steps, this.#ladder] = ladder(quality);
    this.#env = env;
    this.#handlers = handlers;
  }

  /** The encoding of data signals. */
  get form(): string | undefined {
    return this.#uploader?.form;
  }

  get stats(): Stats & { codec: string } {
    const age = this.#uplink?.age ?? 0;
    return {
      delay: this.#delay === undefined ? undefined : Math.max(this.#delay, age),
      droppedFrames: this.#camera?.droppedFrames ?? 0,
      heldFrames: this.#camera?.heldFrames ?? 0,
      droppedParts: this.#droppedParts,
      resolution: this.#camera?.resolution ?? '',
      bitrate: this.#rate.perSecond(this.#env.now()),
      codec: this.#camera?.codec ?? '',
    };
  }

  /** Puts another device in the place of the one in use. */
  sourceChanged(kind: Kind): void {
    this.#camera?.sourceChanged(kind);
  }

  /** The highest quality from the next change of the camera on; a slow uplink lowers it for a while. */
  setQuality(quality: Quality): void {
    [this.#steps, this.#ladder] = ladder(quality);
    this.#camera?.setQuality(quality);
  }

  /** Where to upload. Every join brings another token. */
  setIngest(ingest: IngestAddress): void {
    if (this.#uploader) this.#uploader.renew(ingest);
    this.#uploader ??= new Uploader(ingest);
  }

  /** While the server is out of reach, uploads that do not finish say nothing about the uplink. */
  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
    if (reachable) this.serverHeard();
    else this.#steps.pause(this.#env.now());
  }

  /** The server has answered something. */
  serverHeard(): void {
    this.#heardAt = this.#env.now();
    this.#steps.resume(this.#heardAt);
  }

  /** Goes on with the uploads of before; false where there are none. */
  resume(): boolean {
    this.#uplink?.resume();
    return this.#uplink !== undefined;
  }

  /** Begins to upload, after what there is already. */
  async open(): Promise<void> {
    this.#opening += 1;
    const mine = this.#opening;
    this.#uplink?.close();
    this.#uplink = undefined;
    this.#packager = undefined;
    const earlier = await earlierNumbers(this.#room, this.#token);
    if (mine !== this.#opening) return;
    this.#steps.reset();
    this.#packager = new Packager(earlier, Date.now(), newId);
    this.#uplink = this.#makeUplink();
    this.#lookAtUploads();
    if (this.#camera) return void this.#camera.restart();
    this.#camera = this.#makeCamera();
    this.#camera.start();
  }

  /** Uploads what is left and the end of the stream, for at most `ms`. */
  async finish(ms: number): Promise<void> {
    this.#opening += 1;
    this.#stopLooking();
    await this.#camera?.stop();
    if (!this.#packager || !this.#uplink) return;
    this.#uplink.put(this.#packager.end());
    const late = new Promise<void>((resolve) => void this.#env.after(ms, resolve));
    await Promise.race([this.#uplink.emptied(), late]);
  }

  /** Ends at once, and lets go of the devices. */
  close(): void {
    this.#opening += 1;
    this.#stopLooking();
    this.#camera?.close();
    this.#camera = undefined;
    this.#uplink?.close();
    this.#media.release();
  }

  get #quality(): Quality {
    return this.#ladder[this.#steps.step] ?? CARD_QUALITY;
  }

  #makeCamera(): Camera {
    return new Camera(this.#media, this.#quality, {
      began: (pageState) => {
        if (this.#packager) this.#uplink?.put(this.#packager.begin(pageState));
      },
      part: (part) => {
        for (const upload of this.#packager?.part(part) ?? []) this.#uplink?.put(upload);
      },
      audioEncoded: (isEncoded) => this.#handlers.audioEncoded(isEncoded),
      failed: (reason, unsupported) =>
        this.#handlers.gaveUp(unsupported ? cannotEncodeMessage() : brokenMessage(reason)),
    });
  }

  #makeUplink(): Uplink {
    const line: Uplink = new Uplink(
      this.#env,
      (upload) => this.#uploader?.send(upload) ?? Promise.resolve({ kind: 'lost', reason: 'no address yet' }),
      newId,
      {
        uploaded: (upload, delay) => this.#uploaded(upload, delay),
        dropped: () => {
          this.#droppedParts += 1;
        },
        tokenRefused: () => this.#handlers.tokenRefused(),
        refused: (code, message) => {
          if (line === this.#uplink) this.#handlers.refused(code, message);
        },
      },
    );
    return line;
  }

  #uploaded(upload: Upload, delay: number): void {
    this.serverHeard();
    const now = this.#env.now();
    const bits = (upload.media?.length ?? 0) * 8;
    this.#rate.add(now, bits);
    // While the quality can be lowered, that is done about it.
    this.#handlers.uploaded(delay > SLOW_MS && this.#steps.step === 0);
    if (upload.action !== 'updatePart' || !upload.media) return;
    this.#delay = delay;
    this.#follow(this.#steps.report(now, delay, bits), true);
  }

  /** Uploads that never finish would not be counted where only finished ones are. */
  #lookAtUploads(): void {
    this.#stopLooking();
    this.#look = this.#env.after(LOOK_MS, () => {
      this.#lookAtUploads();
      const now = this.#env.now();
      if (!this.#reachable || now - this.#heardAt > SILENT_MS) return this.#steps.pause(now);
      this.#follow(this.#steps.unacknowledged(now, this.#uplink?.age ?? 0), false);
    });
  }

  #stopLooking(): void {
    this.#look?.();
    this.#look = undefined;
  }

  #follow(verdict: StepVerdict, arrived: boolean): void {
    if (verdict === 'stop') return this.#handlers.gaveUp(tooSlowMessage());
    if (verdict) void this.#takeStep(verdict);
    const slow = this.#steps.isSlow(this.#env.now());
    const isFirst = arrived && !this.#arrived;
    if (!isFirst && slow === this.#slow) return;
    this.#arrived ||= arrived;
    this.#slow = slow;
    this.#handlers.progressed(isFirst ? { arrived: true, slow } : { slow });
  }

  /** Goes on in another quality: another encoding session, after a discontinuity. */
  async #takeStep(verdict: 'down' | 'up'): Promise<void> {
    const { width, height, lines } = this.#quality;
    console.info(`roomcast: uploads go ${verdict} to ${lines}`);
    this.#camera?.setQuality(this.#quality);
    if (verdict === 'down') this.#uplink?.giveUpWaiting();
    this.#handlers.reduced(this.#steps.isReduced ? lines : undefined);
    const size = { width: { ideal: width }, height: { ideal: height } };
    await this.#media
      .track('video')
      ?.applyConstraints(size)
      .catch(() => {});
    await this.#camera?.restart();
  }
}

/** The qualities from the lowest to the chosen one, and the step to begin with. */
function ladder(quality: Quality): [Steps, readonly Quality[]] {
  const top = QUALITY_STEPS.indexOf(quality);
  const qualities = top < 0 ? [quality] : QUALITY_STEPS.slice(0, top + 1);
  const bitrates = qualities.map(({ bitrate }) => bitrate);
  return [new Steps(bitrates, qualities.length - 1), qualities];
}
