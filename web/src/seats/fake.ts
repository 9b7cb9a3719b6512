/**
 * The browser's memory of seats for tests: pages of one browser share it, and a page that crashes leaves its mark.
 * Never part of the built page.
 */

import type { SeatMark } from './ghost';
import { type SeatStorage, Seats } from './seats';

export class FakeBrowser implements SeatStorage {
  readonly marks = new Map<string, SeatMark>();
  readonly claimed = new Set<string>();
  /** Without Web Locks a browser cannot tell which pages live. */
  hasLocks = true;

  all = async () => [...this.marks.values()];
  put = (mark: SeatMark) => void this.marks.set(mark.sessionId, mark);
  remove = (sessionId: string) => void this.marks.delete(sessionId);
  living = async () => (this.hasLocks ? new Set(this.claimed) : undefined);

  claim(sessionId: string): () => void {
    this.claimed.add(sessionId);
    return () => this.claimed.delete(sessionId);
  }

  /** The page of this session is gone without having said anything. */
  crash(sessionId: string): void {
    this.claimed.delete(sessionId);
  }
}

/** The seats as one page of a browser sees them. */
export function seatsIn(browser: FakeBrowser, now: () => number, room = 'p2p.demo'): Seats {
  return new Seats(room, browser, now);
}
