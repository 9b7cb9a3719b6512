/**
 * The description that an encoder gives of itself, in the forms MP4 and playlists want: sample entries and RFC 6381
 * names.
 *
 * H.264: ISO/IEC 14496-15, 5.4. VP9: "VP Codec ISO Media File Format Binding". Opus: "Encapsulation of Opus in
 * ISO Base Media File Format", 4.3. Pure.
 */

import { type Bytes, box, fullBox, join, text, u8, u16, u32 } from './bytes';

export interface VideoFormat {
  /** As the encoder names it: `avc1.…` or `vp09.…`. */
  codec: string;
  width: number;
  height: number;
  /** AVCDecoderConfigurationRecord of an H.264 encoder; VP9 has none. */
  description?: Uint8Array | undefined;
}

export interface AudioFormat {
  channels: number;
  /** The Opus identification header (RFC 7845, 5.1), where the encoder gives one. */
  description?: Uint8Array | undefined;
}

/** Opus counts in 48 kHz whatever went in. */
export const OPUS_RATE = 48_000;
/** Samples that encoders commonly need to begin with. */
const USUAL_PRE_SKIP = 312;
const DPI_72 = 0x00480000;

/** RFC 6381 name of a video stream: for H.264 what its configuration says, which is more exact than what was asked. */
export function videoName({ codec, description }: VideoFormat): string {
  if (!codec.startsWith('avc1') || !description || description.length < 4) return codec;
  const profile = [...description.subarray(1, 4)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `avc1.${profile.join('')}`;
}

export const AUDIO_NAME = 'opus';

export function videoEntry(format: VideoFormat): Bytes {
  const isAvc = format.codec.startsWith('avc1');
  const head = [u8(0, 0, 0, 0, 0, 0), u16(1), u16(0, 0), u32(0, 0, 0), u16(format.width, format.height)];
  const compressor = new Uint8Array(32);
  const tail = [u32(DPI_72, DPI_72), u32(0), u16(1), compressor, u16(24), u16(0xffff)];
  const configuration = isAvc ? box('avcC', format.description ?? u8()) : vpConfiguration(format.codec);
  return box(isAvc ? 'avc1' : 'vp09', ...head, ...tail, configuration);
}

export function audioEntry(format: AudioFormat): Bytes {
  const head = [u8(0, 0, 0, 0, 0, 0), u16(1), u32(0, 0), u16(format.channels, 16, 0, 0), u32(OPUS_RATE * 0x10000)];
  return box('Opus', ...head, opusConfiguration(format));
}

/** `vp09.PP.LL.DD`: profile, level, bit depth; 4:2:0 and BT.709 are what the shorter form of the name stands for. */
function vpConfiguration(codec: string): Bytes {
  const [, profile = 0, level = 31, depth = 8] = codec.split('.').map(Number);
  const subsampling = 1;
  const fullRange = 0;
  return fullBox('vpcC', 1, 0, u8(profile, level, depth * 16 + subsampling * 2 + fullRange, 1, 1, 1), u16(0));
}

/**
 * The header in MP4 holds the same as in Ogg, with the bytes of numbers the other way round. But for the rate of
 * what went in, which only informs: Chromium takes no other than 48 kHz for it.
 */
function opusConfiguration({ channels, description }: AudioFormat): Bytes {
  const head = opusHead(description);
  if (!head) return box('dOps', u8(0, channels), u16(USUAL_PRE_SKIP), u32(OPUS_RATE), u16(0), u8(0));
  const numbers = [u16(head.getUint16(10, true)), u32(OPUS_RATE), u16(head.getUint16(16, true))];
  const mapping = description?.subarray(18) ?? u8(0);
  return box('dOps', u8(0, head.getUint8(9)), ...numbers, mapping);
}

function opusHead(description: Uint8Array | undefined): DataView | undefined {
  if (!description || description.length < 19) return undefined;
  const magic = join([description.subarray(0, 8)]);
  if (magic.some((byte, index) => byte !== text('OpusHead')[index])) return undefined;
  return new DataView(description.buffer, description.byteOffset, description.length);
}
