/**
 * The delay of the picture behind live, from the state of a player, and as text. The date of the picture is the
 * better measure; with clocks that differ it can be nonsense, and then the player's own estimate counts. Pure: the
 * time of now is an argument. Seconds throughout.
 */

const PLAUSIBLE = 6 * 3600;

/** @param estimate the player's own, 0 or less when it has none */
export function delayBehindLive(nowMs: number, playingDate: Date | null, estimate: number): number | undefined {
  if (playingDate) {
    const delay = (nowMs - playingDate.getTime()) / 1000;
    if (delay >= 0 && delay < PLAUSIBLE) return delay;
  }
  return estimate > 0 && Number.isFinite(estimate) ? estimate : undefined;
}

/** Further behind its target than this, hls.js takes the viewer for one who looks at the past, and stays there. */
const STRAY_S = 2;

/** Whether a player has fallen so far behind where it wants to be that it will not catch up by itself. */
export function hasStrayed(latency: number, target: number | null): boolean {
  return target !== null && target > 0 && Number.isFinite(latency) && latency - target > STRAY_S;
}

export function delayText(delay: number | undefined): string {
  if (delay === undefined) return '';
  if (delay < 60) return `${delay.toFixed(1)} s behind live`;
  return `${Math.floor(delay / 60)} min ${Math.floor(delay % 60)} s behind live`;
}
