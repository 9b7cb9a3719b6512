/**
 * The initialization section: what the tracks are, without a single sample (ISO/IEC 14496-12; rfc8216bis, 3.3).
 * Pure. One video track, and one audio track if there is sound.
 */

import { type Bytes, box, fullBox, join, text, u8, u16, u32 } from './bytes';
import { type AudioFormat, audioEntry, OPUS_RATE, type VideoFormat, videoEntry } from './codec';

export const VIDEO_TRACK = 1;
export const AUDIO_TRACK = 2;
/** Ticks of the video track per second: every usual frame rate divides it. */
export const VIDEO_RATE = 90_000;
export const AUDIO_RATE = OPUS_RATE;

const MOVIE_RATE = 1000;
/** "und", three letters in five bits each. */
const UNDETERMINED = 0x55c4;
const NORMAL_SPEED = 0x00010000;
const FULL_VOLUME = 0x0100;
const UNITY = [0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000];
const ENABLED_IN_MOVIE = 3;
/** Depends on others and is no sync sample; sample flags say otherwise where it is. */
export const NO_SYNC = 0x01010000;
export const SYNC = 0x02000000;

export function initSection(video: VideoFormat, audio: AudioFormat | undefined): Bytes {
  const brands = ['iso6', 'iso6', 'cmfc', 'mp41'].map(text);
  const [major = u8(), ...compatible] = brands;
  const tracks = [videoTrack(video), ...(audio ? [audioTrack(audio)] : [])];
  const extends_ = [trackExtends(VIDEO_TRACK, NO_SYNC), ...(audio ? [trackExtends(AUDIO_TRACK, SYNC)] : [])];
  return join([
    box('ftyp', major, u32(0), ...compatible),
    box('moov', movieHeader(), ...tracks, box('mvex', ...extends_)),
  ]);
}

function movieHeader(): Bytes {
  const volume = u16(FULL_VOLUME, 0);
  const next = u32(AUDIO_TRACK + 1);
  const times = u32(0, 0, MOVIE_RATE, 0, NORMAL_SPEED);
  return fullBox('mvhd', 0, 0, times, volume, u32(0, 0), u32(...UNITY), u32(0, 0, 0, 0, 0, 0), next);
}

function videoTrack(format: VideoFormat): Bytes {
  const size = u32(format.width * 0x10000, format.height * 0x10000);
  const header = fullBox('vmhd', 0, 1, u16(0, 0, 0, 0));
  const media = mediaBox(VIDEO_RATE, 'vide', 'Video', header, videoEntry(format));
  return box('trak', trackHeader(VIDEO_TRACK, 0, size), media);
}

function audioTrack(format: AudioFormat): Bytes {
  const header = fullBox('smhd', 0, 0, u16(0, 0));
  const media = mediaBox(AUDIO_RATE, 'soun', 'Sound', header, audioEntry(format));
  return box('trak', trackHeader(AUDIO_TRACK, FULL_VOLUME, u32(0, 0)), media);
}

function trackHeader(id: number, volume: number, size: Bytes): Bytes {
  return fullBox('tkhd', 0, ENABLED_IN_MOVIE, u32(0, 0, id, 0, 0, 0, 0), u16(0, 0, volume, 0), u32(...UNITY), size);
}

function mediaBox(rate: number, handler: string, name: string, header: Bytes, entry: Bytes): Bytes {
  return box(
    'mdia',
    fullBox('mdhd', 0, 0, u32(0, 0, rate, 0), u16(UNDETERMINED, 0)),
    fullBox('hdlr', 0, 0, u32(0), text(handler), u32(0, 0, 0), text(`${name}\0`)),
    box('minf', header, box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))), sampleTable(entry)),
  );
}

/** Empty: the samples are in the fragments. */
function sampleTable(entry: Bytes): Bytes {
  const empty = ['stts', 'stsc', 'stco'].map((type) => fullBox(type, 0, 0, u32(0)));
  return box('stbl', fullBox('stsd', 0, 0, u32(1), entry), ...empty, fullBox('stsz', 0, 0, u32(0, 0)));
}

function trackExtends(track: number, flags: number): Bytes {
  return fullBox('trex', 0, 0, u32(track, 1, 0, 0, flags));
}
