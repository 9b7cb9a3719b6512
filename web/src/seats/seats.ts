/**
 * Remembers the seat of this page in the browser, and finds seats that earlier pages of the browser left behind.
 * A page writes a sign of life with every answer of the server and takes the mark away with its goodbye; what is left
 * without a living page is a ghost. Where the browser keeps nothing, there are no ghosts.
 */

import type { Session } from '../client';
import { ghosts, isFresh, isUsable, type SeatMark } from './ghost';

/** The storage that all pages of the browser share. None of it may fail or wait for long. */
export interface SeatStorage {
  all(): Promise<SeatMark[]>;
  put(mark: SeatMark): void;
  remove(sessionId: string): void;
  /** Says that this page lives, until it is gone or says otherwise. */
  claim(sessionId: string): () => void;
  /** The sessions of pages that live; nothing where the browser cannot tell. */
  living(): Promise<ReadonlySet<string> | undefined>;
}

/** Answers that come closer together are one sign of life. */
const CONFIRM_EVERY_MS = 1000;

export class Seats {
  readonly #room: string;
  readonly #storage: SeatStorage;
  readonly #now: () => number;
  /** The first sign of life that was seen of each mark. */
  readonly #firstSeen = new Map<string, number>();
  #own: { mark: SeatMark; release: () => void } | undefined;
  #ghosts: SeatMark[] = [];
  /** Ghosts that were in the room when this page came, by session. */
  #beside: SeatMark[] = [];
  #earlierUser: string | undefined;

  constructor(room: string, storage: SeatStorage, now: () => number) {
    this.#room = room;
    this.#storage = storage;
    this.#now = now;
  }

  /** Reads anew which seats earlier pages left behind. */
  async look(): Promise<void> {
    const [marks, living] = await Promise.all([this.#storage.all(), this.#storage.living()]);
    const now = this.#now();
    for (const mark of marks) if (!isUsable(mark, now)) this.#storage.remove(mark.sessionId);
    const usable = ghosts(marks, this.#room, living ?? this.#moving(marks)).filter((mark) => isUsable(mark, now));
    this.#ghosts = usable.filter((mark) => isFresh(mark, now));
    // Only of a page that is certainly gone: two pages of one user would take each other's place.
    this.#earlierUser = living && usable.sort((a, b) => b.alive - a.alive)[0]?.userId;
  }

  /** The user as whom an earlier page was in the room and did not leave. */
  get earlierUser(): string | undefined {
    return this.#earlierUser;
  }

  /** Whether a seat of the room may be that of a page that is gone. True for a bounded time. */
  get areHeldByGhost(): boolean {
    const now = this.#now();
    return this.#ghosts.some((mark) => isFresh(mark, now));
  }

  /** Whether a member of the room is an earlier page of this browser that the server has not given up yet. */
  isGhost(sessionId: string): boolean {
    const now = this.#now();
    return this.#beside.some((mark) => mark.sessionId === sessionId && isFresh(mark, now));
  }

  /** Notes that a member said something: it is no ghost, whatever its mark says. */
  heardFrom(sessionId: string): void {
    this.#beside = this.#beside.filter((mark) => mark.sessionId !== sessionId);
  }

  /** Notes that this page has a seat. The ghosts have lost theirs, or are not in the way. */
  taken({ sessionId, userId }: Pick<Session, 'sessionId' | 'userId'>, heldFor: number): void {
    this.release();
    for (const ghost of this.#ghosts) this.#storage.remove(ghost.sessionId);
    this.#beside = [...this.#beside, ...this.#ghosts].filter((mark) => mark.sessionId !== sessionId);
    this.#ghosts = [];
    const mark = { room: this.#room, sessionId, userId, alive: this.#now(), heldFor };
    this.#own = { mark, release: this.#storage.claim(sessionId) };
    this.#storage.put(mark);
  }

  /** The server has answered. */
  confirmed(): void {
    if (!this.#own || this.#now() - this.#own.mark.alive < CONFIRM_EVERY_MS) return;
    this.#own.mark = { ...this.#own.mark, alive: this.#now() };
    this.#storage.put(this.#own.mark);
  }

  /** The seat was given up. */
  release(): void {
    if (this.#own) this.#storage.remove(this.#own.mark.sessionId);
    this.abandon();
  }

  /** The page goes, and the server could not be told: it keeps the seat for a while. */
  abandon(): void {
    this.#own?.release();
    this.#own = undefined;
  }

  /** Without any other way to tell, the pages that live are those whose sign of life has moved. */
  #moving(marks: SeatMark[]): ReadonlySet<string> {
    const moved = marks.filter(({ sessionId, alive }) => {
      const first = this.#firstSeen.get(sessionId);
      this.#firstSeen.set(sessionId, first ?? alive);
      return first !== undefined && alive !== first;
    });
    return new Set(moved.map(({ sessionId }) => sessionId));
  }
}
