/**
 * The way of uploads to the server: in order from a bounded queue, a few parts in flight at a time.
 *
 * A signal that declares or ends the stream goes alone: nothing overtakes it. Failures that pass are tried again.
 * When the queue is too long, the oldest whole segments in it are given up, and when a part is too late, so is what
 * follows it in its segment, for no player could decode that; what was given up is announced as a gap. Knows no media
 * and no room; sending is an argument.
 */

import type { Cancel, Environment } from '../client';
import { Attempt, type Outcome, type Step } from './attempt';
import { asGap, type PartUpload, type Upload } from './signals';
import { uplinkDelay } from './slowness';

export interface UplinkHandlers {
  /** One arrived, after so many milliseconds. */
  uploaded(upload: Upload, delay: number): void;
  /** A part was given up. */
  dropped(): void;
  /** The token is not taken: `resume` when there is another. */
  tokenRefused(): void;
  /** The server will not have it; nothing more is sent. */
  refused(code: number, message: string): void;
}

export type Send = (upload: Upload) => Promise<Outcome>;

interface Job {
  upload: Upload;
  queuedAt: number;
  attempt: Attempt;
  /** Not before this. */
  notBefore: number;
  running: boolean;
}

/** Parts in flight. */
export const MOST_RUNNING = 3;
/** Seconds of media that wait before the oldest are given up. */
export const MOST_WAITING_S = 6;
/** Signals that wait, gaps included. */
export const MOST_JOBS = 100;
/** A part is tried for so long. */
export const PART_LIFE_MS = 8000;

export class Uplink {
  readonly #env: Environment;
  readonly #send: Send;
  readonly #handlers: UplinkHandlers;
  readonly #newId: () => string;
  #jobs: Job[] = [];
  #lostSegment = -1;
  #paused = false;
  #closed = false;
  #timer: Cancel | undefined;
  #emptied: (() => void)[] = [];

  constructor(env: Environment, send: Send, newId: () => string, handlers: UplinkHandlers) {
    this.#env = env;
    this.#send = send;
    this.#newId = newId;
    this.#handlers = handlers;
  }

  /** Seconds of media that wait or are on their way. */
  get waiting(): number {
    return this.#jobs.reduce((sum, { upload }) => sum + secondsOf(upload), 0);
  }

  /** Age of the oldest part that is not acknowledged yet, in milliseconds; 0 without one. */
  get age(): number {
    const parts = this.#jobs.filter(({ upload }) => upload.action === 'updatePart' && upload.media);
    return parts.reduce((oldest, { queuedAt }) => Math.max(oldest, this.#env.now() - queuedAt), 0);
  }

  /** Signals that wait or are on their way. */
  get length(): number {
    return this.#jobs.length;
  }

  /** Gives up what waits, for what follows is smaller and should not wait for it. */
  giveUpWaiting(): void {
    while (this.#dropOldestSegment());
  }

  put(upload: Upload): void {
    if (this.#closed) return;
    this.#jobs.push(this.#job(upload));
    if (isPartOf(upload, this.#lostSegment)) this.#giveUp((job) => job.upload === upload);
    while (this.waiting > MOST_WAITING_S && this.#dropOldestSegment());
    this.#shorten();
    this.#pump();
  }

  /** Sends nothing until `resume`; what is in flight ends. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
  }

  /** Resolves when nothing is left to send. */
  emptied(): Promise<void> {
    if (this.#jobs.length === 0 || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied.push(resolve);
    });
  }

  close(): void {
    this.#closed = true;
    this.#jobs = [];
    this.#timer?.();
    this.#settled();
  }

  #job(upload: Upload): Job {
    const now = this.#env.now();
    const attempt = new Attempt(upload.action === 'updateVariant' ? undefined : now + PART_LIFE_MS);
    return { upload, queuedAt: now, attempt, notBefore: now, running: false };
  }

  #pump(): void {
    this.#timer?.();
    this.#timer = undefined;
    for (let job = this.#next(); job; job = this.#next()) void this.#run(job);
    this.#wake();
  }

  /** The first job that may go now: what must not be overtaken stops the search. */
  #next(): Job | undefined {
    if (this.#paused || this.#closed) return undefined;
    if (this.#jobs.filter(({ running }) => running).length >= MOST_RUNNING) return undefined;
    for (const [index, job] of this.#jobs.entries()) {
      const alone = job.upload.action !== 'updatePart';
      if (alone && (index > 0 || job.running)) return undefined;
      if (!job.running && job.notBefore <= this.#env.now()) return job;
      if (alone) return undefined;
    }
    return undefined;
  }

  /** Comes back when the first job that was put off is due. */
  #wake(): void {
    const due = this.#jobs.filter(({ running }) => !running).map(({ notBefore }) => notBefore);
    const wait = Math.min(...due) - this.#env.now();
    if (this.#paused || this.#closed || !(wait > 0) || wait === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#env.after(wait, () => this.#pump());
  }

  async #run(job: Job): Promise<void> {
    job.running = true;
    const sentAt = this.#env.now();
    const upload = job.upload;
    const outcome = await this.#send(upload);
    job.running = false;
    if (this.#closed || !this.#jobs.includes(job)) return;
    const now = this.#env.now();
    this.#follow(job, job.attempt.judge(now, this.#env.random(), outcome), sentAt);
    this.#pump();
  }

  #follow(job: Job, step: Step, sentAt: number): void {
    switch (step.kind) {
      case 'done':
        this.#remove(job);
        return this.#handlers.uploaded(job.upload, this.#delay(job, step.delay, sentAt));
      case 'again':
        job.notBefore = this.#env.now() + step.after;
        return;
      case 'renew':
        this.#paused = true;
        return this.#handlers.tokenRefused();
      case 'late':
        return this.#late(job);
      case 'refused':
        this.close();
        return this.#handlers.refused(step.code, step.message);
    }
  }

  #delay(job: Job, delay: number | undefined, sentAt: number): number {
    return uplinkDelay(sentAt - job.queuedAt, delay, this.#env.now() - sentAt);
  }

  #late(job: Job): void {
    const { upload } = job;
    if (upload.action !== 'updatePart' || !upload.media) return this.#remove(job);
    const { sequence } = upload.payload.segment;
    const index = upload.payload.part.sequence;
    this.#lostSegment = sequence;
    this.#giveUp((other) => isPartOf(other.upload, sequence) && partIndex(other.upload) >= index);
  }

  /** Gives up the oldest segment of which nothing is on its way, but never the newest. */
  #dropOldestSegment(): boolean {
    const parts = this.#jobs.map(({ upload }) => upload).filter((upload) => upload.action === 'updatePart');
    const newest = parts.at(-1)?.payload.segment.sequence;
    const inFlight = new Set(this.#jobs.filter(({ running }) => running).map(({ upload }) => segmentOf(upload)));
    const oldest = parts.find(
      ({ media, payload }) => media && payload.segment.sequence !== newest && !inFlight.has(payload.segment.sequence),
    );
    if (!oldest) return false;
    this.#giveUp(({ upload }) => isPartOf(upload, oldest.payload.segment.sequence));
    return true;
  }

  /** Turns parts that are not on their way into gaps. */
  #giveUp(which: (job: Job) => boolean): void {
    for (const job of this.#jobs) {
      const { upload } = job;
      if (job.running || upload.action !== 'updatePart' || !upload.media || !which(job)) continue;
      Object.assign(job, this.#job(asGap(upload, this.#newId())));
      this.#handlers.dropped();
    }
  }

  /** After a long time without a network even the gaps are too many: the server notices holes by itself. */
  #shorten(): void {
    const gaps = this.#jobs.filter(({ upload, running }) => !running && isGap(upload));
    for (const job of gaps.slice(0, Math.max(0, this.#jobs.length - MOST_JOBS))) this.#remove(job);
  }

  #remove(job: Job): void {
    this.#jobs = this.#jobs.filter((other) => other !== job);
    if (this.#jobs.length === 0) this.#settled();
  }

  #settled(): void {
    const waiting = this.#emptied;
    this.#emptied = [];
    for (const resolve of waiting) resolve();
  }
}

function isGap(upload: Upload): upload is PartUpload {
  return upload.action === 'updatePart' && !upload.media;
}

function segmentOf(upload: Upload): number {
  return upload.action === 'updatePart' ? upload.payload.segment.sequence : -1;
}

function partIndex(upload: Upload): number {
  return upload.action === 'updatePart' ? upload.payload.part.sequence : -1;
}

function isPartOf(upload: Upload, segment: number): boolean {
  return upload.action === 'updatePart' && upload.payload.segment.sequence === segment;
}

function secondsOf(upload: Upload): number {
  return upload.action === 'updatePart' && upload.media ? upload.payload.part.duration : 0;
}
