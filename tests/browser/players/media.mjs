// The media of the tests: encoded once by a real encoder, faster than it plays, and cut into segments and parts.
//
// Every frame comes in a fragment of its own, so a part ends where it should and not where the encoder happened to
// end a fragment.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../processes.mjs';
import { readMp4 } from './mp4.mjs';

/** Ten frames of video. */
export const VIDEO_PART = 0.334;
/** Sixteen frames of AAC at 48 kHz last 0.3413 s: fewer than a third of a second would be too few. */
export const AUDIO_PART = 0.35;
const SEGMENT = 1;

const PICTURE = [
  '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '30', '-keyint_min', '30',
  '-sc_threshold', '0', '-bf', '0', '-pix_fmt', 'yuv420p',
];
const FLAGS = '+cmaf+delay_moov+default_base_moof';

/** Encodes two pictures of one clock and a sound, and gives them cut; and the path of one file with both. */
export async function encode(t, seconds) {
  const folder = await mkdtemp(join(tmpdir(), 'roomcast-players-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = (name) => join(folder, `${name}.mp4`);
  const output = (name) => ['-t', String(seconds), '-f', 'mp4', '-movflags', `${FLAGS}+frag_every_frame`, file(name)];
  const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin'];
  await run('ffmpeg', [
    ...quiet, '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30',
    '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000',
    '-map', '0:v', ...PICTURE, ...output('high'),
    '-map', '0:v', '-vf', 'scale=320:180', ...PICTURE, ...output('low'),
    '-map', '1:a', '-c:a', 'aac', '-b:a', '64k', ...output('sound'),
  ]);
  const muxed = file('muxed');
  const inputs = ['-i', file('high'), '-i', file('sound')];
  await run('ffmpeg', [...quiet, ...inputs, '-c', 'copy', '-f', 'mp4', '-movflags', FLAGS, '-frag_duration', '333333', muxed]);
  const track = async (name, part) => cut(readMp4(await readFile(file(name))), part);
  return {
    muxed,
    high: await track('high', VIDEO_PART),
    low: await track('low', VIDEO_PART),
    sound: await track('sound', AUDIO_PART),
  };
}

/** Segments begin with the first sync sample in every second, or with any; parts are as long as they may be. */
export function cut({ init, codec, fragments }, longest, anywhere = false) {
  const segments = [];
  for (const fragment of fragments) {
    if ((fragment.sync || anywhere) && fragment.time > segments.length * SEGMENT - 1e-6) segments.push({ time: fragment.time, parts: [] });
    const { parts } = segments.at(-1);
    const open = parts.at(-1);
    if (open && fragment.end - open.time <= longest + 1e-6) {
      open.end = fragment.end;
      open.pieces.push(fragment.bytes);
    } else {
      parts.push({ time: fragment.time, end: fragment.end, independent: fragment.sync, pieces: [fragment.bytes] });
    }
  }
  for (const segment of segments) {
    segment.parts = segment.parts.map(({ pieces, ...part }) => ({ ...part, bytes: Buffer.concat(pieces) }));
  }
  return { init, codec, longest, segments };
}
