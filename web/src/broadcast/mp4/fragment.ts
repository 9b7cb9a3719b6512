/**
 * A movie fragment: the samples of one part, a run for each track, and their bytes behind (ISO/IEC 14496-12, 8.8).
 * Pure. Offsets count from the fragment's own begin, so that fragments can be joined.
 */

import { type Bytes, box, fullBox, join, u32, u64 } from './bytes';
import { NO_SYNC, SYNC } from './init';

export interface Sample {
  data: Uint8Array;
  /** In ticks of its track. */
  duration: number;
  sync: boolean;
}

export interface TrackRun {
  track: number;
  /** Decode time of the first sample, in ticks of the track. */
  begin: number;
  samples: readonly Sample[];
}

const DEFAULT_BASE_IS_MOOF = 0x020000;
/** Data offset; and of every sample its duration, size and flags. */
const RUN_FLAGS = 0x000001 | 0x000100 | 0x000200 | 0x000400;

/** @param sequence of the fragment, from 1; empty runs are left out */
export function fragment(sequence: number, runs: readonly TrackRun[]): Bytes {
  const used = runs.filter(({ samples }) => samples.length > 0);
  const moofLength = moof(sequence, used, 0).length;
  const samples = used.flatMap((run) => run.samples.map(({ data }) => data));
  return join([moof(sequence, used, moofLength + 8), box('mdat', ...samples)]);
}

function moof(sequence: number, runs: readonly TrackRun[], mediaOffset: number): Bytes {
  let offset = mediaOffset;
  const tracks = runs.map((run) => {
    const made = trackFragment(run, offset);
    offset += run.samples.reduce((sum, { data }) => sum + data.length, 0);
    return made;
  });
  return box('moof', fullBox('mfhd', 0, 0, u32(sequence)), ...tracks);
}

function trackFragment({ track, begin, samples }: TrackRun, offset: number): Bytes {
  const rows = samples.flatMap(({ data, duration, sync }) => [duration, data.length, sync ? SYNC : NO_SYNC]);
  return box(
    'traf',
    fullBox('tfhd', 0, DEFAULT_BASE_IS_MOOF, u32(track)),
    fullBox('tfdt', 1, 0, u64(begin)),
    fullBox('trun', 0, RUN_FLAGS, u32(samples.length, offset), u32(...rows)),
  );
}
