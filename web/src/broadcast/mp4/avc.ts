/**
 * H.264 as encoders give it, made into what MP4 holds: samples of NAL units with their lengths before them, and the
 * decoder configuration record from the parameter sets of the stream itself (ISO/IEC 14496-15, 5.3.3). Some browsers
 * describe their streams wrongly; the streams are right. Pure.
 */

import { type Bytes, join, u8, u16, u32 } from './bytes';

const SPS = 7;
const PPS = 8;
const DELIMITER = 9;
/** Profiles whose record names chroma format and bit depths: High and those derived from it. */
const EXTENDED_PROFILES = [100, 110, 122, 144];

export interface AvcSample {
  data: Bytes;
  /** From the parameter sets in this sample; nothing where it has none. */
  record: Bytes | undefined;
}

/** @param chunk an access unit, in the byte stream format (Annex B) or with lengths of four bytes */
export function avcSample(chunk: Uint8Array): AvcSample {
  const units = isByteStream(chunk) ? unitsOfByteStream(chunk) : unitsWithLengths(chunk);
  const ofType = (type: number) => units.filter((unit) => typeOf(unit) === type);
  const [sps] = ofType(SPS);
  const pps = ofType(PPS);
  const media = units.filter((unit) => ![SPS, PPS, DELIMITER].includes(typeOf(unit)));
  return {
    data: join(media.flatMap((unit) => [u32(unit.length), unit])),
    record: sps && sps.length >= 4 && pps.length > 0 ? configurationRecord(sps, pps) : undefined,
  };
}

/** AVCDecoderConfigurationRecord, for samples with lengths of four bytes. */
export function configurationRecord(sps: Uint8Array, pps: readonly Uint8Array[]): Bytes {
  const [, profile = 0, compatibility = 0, level = 0] = sps;
  const sets = [u8(0xe1), u16(sps.length), sps, u8(pps.length), ...pps.flatMap((set) => [u16(set.length), set])];
  // 4:2:0 with 8 bits is all that a camera is encoded as.
  const extension = EXTENDED_PROFILES.includes(profile) ? [u8(0xfd, 0xf8, 0xf8, 0)] : [];
  return join([u8(1, profile, compatibility, level, 0xff), ...sets, ...extension]);
}

function typeOf(unit: Uint8Array): number {
  return (unit[0] ?? 0) & 0x1f;
}

function isByteStream(chunk: Uint8Array): boolean {
  return chunk[0] === 0 && chunk[1] === 0 && (chunk[2] === 1 || (chunk[2] === 0 && chunk[3] === 1));
}

/** Start codes are three bytes; zeros before one belong to it. */
function unitsOfByteStream(chunk: Uint8Array): Uint8Array[] {
  const begins: { code: number; unit: number }[] = [];
  for (let at = 0; at + 2 < chunk.length; at += 1) {
    if (chunk[at] !== 0 || chunk[at + 1] !== 0 || chunk[at + 2] !== 1) continue;
    begins.push({ code: at, unit: at + 3 });
    at += 2;
  }
  return begins.map(({ unit }, index) => {
    let end = begins[index + 1]?.code ?? chunk.length;
    while (end > unit && chunk[end - 1] === 0) end -= 1;
    return chunk.subarray(unit, end);
  });
}

function unitsWithLengths(chunk: Uint8Array): Uint8Array[] {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const units: Uint8Array[] = [];
  for (let at = 0; at + 4 <= chunk.length; ) {
    const length = view.getUint32(at);
    const unit = chunk.subarray(at + 4, at + 4 + length);
    if (unit.length > 0) units.push(unit);
    at += 4 + length;
  }
  return units;
}
