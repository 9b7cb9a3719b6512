// Video in which every frame carries its number, so that what is shown tells when it was captured.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cut } from './media.mjs';
import { readMp4 } from './mp4.mjs';

/** Bars of a frame, black for 0 and white for 1, the lowest bit on the left. */
export const BITS = 12;
const BAR = 16;
const HEIGHT = 64;
const WIDTH = BITS * BAR;
const PART = 0.35;
const FLAGS = '+cmaf+delay_moov+default_base_moof+frag_every_frame';

function frame(number) {
  const line = Buffer.alloc(WIDTH);
  for (let bit = 0; bit < BITS; bit += 1) line.fill(number & (1 << bit) ? 255 : 0, bit * BAR, (bit + 1) * BAR);
  return Buffer.concat(Array.from({ length: HEIGHT }, () => line));
}

/**
 * Encodes `seconds` of video of so many frames a second, given as a fraction, and gives it cut. Every second has a key
 * frame but those of `without`.
 */
export async function encodeClock(t, [frames, per], seconds, without = []) {
  const folder = await mkdtemp(join(tmpdir(), 'roomcast-clock-'));
  t.after(() => rm(folder, { recursive: true }));
  const [file, rate] = [join(folder, 'clock.mp4'), frames / per];
  const gop = Math.round(rate);
  const keys = Array.from({ length: seconds }, (_, second) => second).filter((second) => !without.includes(second));
  // A hair before the frame, for the encoder takes the first frame at or after the time.
  const times = keys.map((second) => Math.max(0, second * gop / rate - 0.001).toFixed(6)).join(',');
  const encoder = spawn('ffmpeg', [
    '-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${WIDTH}x${HEIGHT}`, '-r', `${frames}/${per}`, '-i', '-',
    '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '9999', '-sc_threshold', '0', '-bf', '0',
    '-force_key_frames', times, '-pix_fmt', 'yuv420p', '-f', 'mp4', '-movflags', FLAGS, file,
  ], { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = once(encoder, 'exit');
  for (let number = 0; number < seconds * rate; number += 1) {
    if (!encoder.stdin.write(frame(number))) await once(encoder.stdin, 'drain');
  }
  encoder.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  // The duration of full parts, to the millisecond: shaka takes the hinted part to last the part target.
  const part = Math.ceil(Math.floor(PART * rate) / rate * 1000) / 1000;
  return { ...cut(readMp4(await readFile(file)), part, without.length > 0), rate, size: `${WIDTH}x${HEIGHT}` };
}

/**
 * Reads the numbers of the shown frames: their delay behind the capture at first and at last, in seconds; by how
 * much they moved against the player's own time, which tells media that is played twice from a machine that is slow; how
 * often they ran back; and how many frames of the span were never decoded.
 */
export function readShown(shown, origin, rate, settle = 5000) {
  const begin = shown[0]?.at + settle;
  const seen = shown.filter(({ at }) => at >= begin).map((one) => ({ ...one, behind: (one.at - origin) / 1000 - one.number / rate }));
  if (seen.length < 2) return { seconds: 0 };
  const [first, last] = [seen[0], seen.at(-1)];
  const median = (some) => some.map(({ behind }) => behind).toSorted((a, b) => a - b)[Math.floor(some.length / 2)];
  const early = median(seen.filter(({ at }) => at < first.at + 3000));
  const late = median(seen.filter(({ at }) => at > last.at - 3000));
  const places = seen.map(({ number, time }) => time - number / rate);
  return {
    moved: Math.max(...places) - Math.min(...places),
    seconds: (last.at - first.at) / 1000, early, late,
    back: seen.filter(({ number }, index) => index > 0 && number < seen[index - 1].number).length,
    lost: last.number - first.number - (last.decoded - first.decoded),
  };
}
