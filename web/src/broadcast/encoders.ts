/**
 * Finds the encoders that this browser has for a broadcast: H.264 before VP9, Opus for the sound.
 * Asks the browser; encodes nothing.
 */

export interface Quality {
  name: string;
  /** In short, as in "720p". */
  lines: string;
  width: number;
  height: number;
  /** Bit rate of the picture, in bits per second. */
  bitrate: number;
}

export const QUALITIES: Record<'low' | 'medium' | 'high', Quality> = {
  low: { name: 'Low · 360p, for a slow network', lines: '360p', width: 640, height: 360, bitrate: 700_000 },
  medium: { name: 'Medium · 720p', lines: '720p', width: 1280, height: 720, bitrate: 2_000_000 },
  high: { name: 'High · 1080p, for a fast network', lines: '1080p', width: 1920, height: 1080, bitrate: 4_500_000 },
};

/** Lowest first. */
export const QUALITY_STEPS: readonly Quality[] = [QUALITIES.low, QUALITIES.medium, QUALITIES.high];

/** For a card in the place of a camera. */
export const CARD_QUALITY: Quality = { name: 'Audio only', lines: 'audio', width: 640, height: 360, bitrate: 120_000 };

export type QualityName = keyof typeof QUALITIES;

/** Samples per second, unless the microphone gives another rate. */
export const SOUND_RATE = 48_000;
const SOUND_BITRATE = 64_000;
/** Frames per second that are asked of a camera. */
export const FRAME_RATE = 30;
/** Level for 720p at 30 frames a second: macroblocks of a picture in level 3.1. */
const LEVEL_31_BLOCKS = 3600;

/** Kinds of media that this browser says it can encode for a broadcast. */
export async function encodable(): Promise<{ video: boolean; audio: boolean }> {
  return { video: await encodesVideo(), audio: (await soundConfig(SOUND_RATE, 1)) !== undefined };
}

async function encodesVideo(): Promise<boolean> {
  if (typeof VideoEncoder !== 'function' || typeof VideoFrame !== 'function') return false;
  for (const { width, height, bitrate } of QUALITY_STEPS) {
    if (await videoConfig(width, height, FRAME_RATE, bitrate)) return true;
  }
  return false;
}

/** The best configuration that the browser says it can encode; nothing when there is none. */
export async function videoConfig(
  width: number,
  height: number,
  framerate: number,
  bitrate: number,
): Promise<VideoEncoderConfig | undefined> {
  const blocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const level = blocks <= LEVEL_31_BLOCKS ? '1f' : '28';
  const avc = ['42e0', '4d00', '6400'].map((profile) => `avc1.${profile}${level}`);
  const vp9 = `vp09.00.${blocks <= LEVEL_31_BLOCKS ? '31' : '40'}.08`;
  for (const codec of [...avc, vp9]) {
    const config: VideoEncoderConfig = { codec, width, height, framerate, bitrate, latencyMode: 'realtime' };
    // With the parameter sets in the stream: some browsers describe it wrongly.
    if (codec !== vp9) config.avc = { format: 'annexb' };
    for (const bitrateMode of ['constant', 'variable'] as const) {
      const whole = { ...config, bitrateMode };
      if (await isSupported(() => VideoEncoder.isConfigSupported(whole))) return whole;
    }
  }
  return undefined;
}

export async function soundConfig(rate: number, channels: number): Promise<AudioEncoderConfig | undefined> {
  if (typeof AudioEncoder !== 'function') return undefined;
  const config = { codec: 'opus', sampleRate: rate, numberOfChannels: channels, bitrate: SOUND_BITRATE * channels };
  return (await isSupported(() => AudioEncoder.isConfigSupported(config))) ? config : undefined;
}

async function isSupported(ask: () => Promise<{ supported?: boolean }>): Promise<boolean> {
  try {
    return (await ask()).supported === true;
  } catch {
    return false;
  }
}
