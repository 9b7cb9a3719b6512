/** Finds out whether the browser slows the page because its tab is hidden. Pure. */

/** Time to read the words after the tab is in front again. */
const READ_MS = 15_000;
/** Frames lost within one hidden time that a camera may lose by itself. */
const TOLERATED_FRAMES = 15;

export class HiddenTab {
  /** Lost frames when the tab was hidden; undefined while it is in front. */
  #before: number | undefined;
  #toldUntil = Number.NEGATIVE_INFINITY;

  /**
   * Looks at the frames that were lost; to be called regularly, and whenever the tab is hidden or shown.
   * @param now in milliseconds
   * @param lost frames that were left out or repeated so far
   * @returns whether the page is slowed, or was so a moment ago
   */
  look(now: number, isHidden: boolean, lost: number): boolean {
    if (isHidden) this.#before ??= lost;
    // The first look after a hidden time counts with it: a page that stands still does not look.
    if (this.#before !== undefined && lost - this.#before > TOLERATED_FRAMES) this.#toldUntil = now + READ_MS;
    if (!isHidden) this.#before = undefined;
    return now < this.#toldUntil;
  }
}
