/**
 * Recognizes a member of this browser whose page ended without a goodbye: until its heartbeats have been missing for too
 * long, the server keeps its seat. Pure; times are wall-clock milliseconds, since they outlive a page.
 */

/** The trace of a page that is in a room, or was. */
export interface SeatMark {
  /** Type and id of the room. */
  room: string;
  sessionId: string;
  userId: string;
  /** When the server last answered this page. */
  alive: number;
  /** Time after that for which the server keeps the seat, at most. */
  heldFor: number;
}

/** For so long a server may await the user of a seat; one that does not is told a name like any other. */
const AWAITED_MS = 10 * 60_000;

/** Time that a beat on its way, and the server's own timer, may add. */
const SLACK_MS = 5000;

/** Whether the server may still keep the seat. A clock that was set back does not make it longer. */
export function isFresh({ alive, heldFor }: SeatMark, now: number): boolean {
  return Math.abs(now - alive) < heldFor + SLACK_MS;
}

/** Whether a mark is of any use: the room may wait for its user for longer than it keeps the seat. */
export function isUsable({ alive }: SeatMark, now: number): boolean {
  return Math.abs(now - alive) < AWAITED_MS;
}

/**
 * The marks in a room that were left by pages which are gone.
 * @param living sessions of pages that are known to run
 */
export function ghosts(marks: SeatMark[], room: string, living: ReadonlySet<string>): SeatMark[] {
  return marks.filter((mark) => mark.room === room && !living.has(mark.sessionId));
}
