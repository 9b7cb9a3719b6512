// The expectations of a player.

import assert from 'node:assert/strict';
import { describe } from './viewer.mjs';

export const LEAST_SECONDS = 60;
const MOST_BEHIND = 1.5;
/** It takes its live edge from the moment it loads and keeps to it, be it half a second too old. */
const MOST_BEHIND_SHAKA = 2;
/** Several pages and their decoders start at once. */
const WARM_UP_MS = 5000;
/** Frames, at 30 a second. */
const LEAST_FRAMES = 27;

/**
 * It played for a minute, all pictures, without an error; half of the time within 1.5 s of live (shaka: 2), and near
 * live at the end; and once it had started it stood still only in the times it is excused for.
 */
export function assertLive(result, excused = []) {
  const { begin, behind, pace, stalls } = result;
  const line = describe(result);
  assertPlayed(result, excused);
  const running = stalls.filter(({ from }) => from > begin + WARM_UP_MS);
  const bad = running.filter(({ from, to }) => !excused.some(([begin, end]) => from >= begin && to <= end));
  assert.deepEqual(bad, [], line);
  assert.ok(behind.median > 0 && behind.median <= (result.name.endsWith('shaka') ? MOST_BEHIND_SHAKA : MOST_BEHIND), line);
  assert.ok(behind.last < 2 * MOST_BEHIND, line);
  assert.ok(pace > 0.2, `it moves at the end: ${pace}; ${line}`);
}

/** It played for a minute, all pictures but those of the times it is excused for. */
export function assertPlayed(result, excused = []) {
  const { seconds, frames, errors } = result;
  const line = describe(result);
  assert.deepEqual(errors, [], line);
  assert.ok(seconds >= LEAST_SECONDS, line);
  const absent = excused.reduce((sum, [begin, end]) => sum + (end - begin) / 1000, 0);
  assert.ok(frames.shown > (seconds - absent) * LEAST_FRAMES, line);
}
