/**
 * The file names of what is published, and where the numbers of an earlier run stopped.
 *
 * Parts bear a running number, whatever segment they belong to: so the server can tell the name of the next part
 * before it comes. Numbers never run back: a later run reads the media playlist for where to go on (rfc8216bis, 6.2.1). Pure.
 */

export const PLAYLIST = 'main';
export const VARIANT = 'v0';

export const mapName = (number: number): string => `init-${number}.mp4`;
export const segmentName = (number: number): string => `s${number}.m4s`;
export const partName = (number: number): string => `p${number}.m4s`;

/** More parts than any segment has: where no part is listed any more, their numbers go on beyond this. */
const PARTS_PER_SEGMENT = 1000;
const BOUND = 2 ** 53;

/** The numbers that are free. */
export interface Numbers {
  segment: number;
  part: number;
  map: number;
}

/** The first numbers that a media playlist leaves free; nothing when it is none. */
export function numbersAfter(playlist: string): Numbers | undefined {
  const lines = playlist.split('\n').map((line) => line.trim());
  if (lines[0] !== '#EXTM3U') return undefined;
  const segment = firstFreeSegment(lines);
  if (!Number.isSafeInteger(segment)) return undefined;
  // The name in a hint is still free: a run that takes it makes the hint come true.
  const names = lines.filter((line) => !line.startsWith('#EXT-X-PRELOAD-HINT')).flatMap((line) => line.split('"'));
  const part = highest(names, /^p(\d+)\.m4s$/);
  const map = highest(names, /^init-(\d+)\.mp4$/);
  return { segment, part: part === undefined ? segment * PARTS_PER_SEGMENT : part + 1, map: (map ?? -1) + 1 };
}

/** A segment that was begun is not for another run to finish. */
function firstFreeSegment(lines: string[]): number {
  let [first, count, open] = [0, 0, false];
  for (const line of lines) {
    if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) first = Number(line.slice(22));
    else if (line.startsWith('#EXT-X-SKIP:')) count += Number(/SKIPPED-SEGMENTS=(\d+)/.exec(line)?.[1]);
    else if (line.startsWith('#EXT-X-PART:')) open = true;
    else if (line.startsWith('#EXTINF:')) [count, open] = [count + 1, false];
  }
  return first + count + (open ? 1 : 0);
}

function highest(names: string[], pattern: RegExp): number | undefined {
  const numbers = names.map((name) => Number(pattern.exec(name)?.[1])).filter((number) => number < BOUND);
  return numbers.length > 0 ? numbers.reduce((most, number) => Math.max(most, number)) : undefined;
}
