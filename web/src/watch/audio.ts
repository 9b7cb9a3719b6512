/** Tells a broadcast without audio from one that may have some. Pure. */

/** Codecs of a variant as its playlist declares them; undefined where it does not. */
export interface DeclaredCodecs {
  videoCodec?: string | undefined;
  audioCodec?: string | undefined;
}

/** Counters of decoded audio, each of some browsers only. */
export interface DecodedAudio {
  webkitAudioDecodedByteCount?: number;
  mozHasAudio?: boolean;
}

/** True only where the playlist declares video alone and no audio was decoded so far. */
export function isSilent(declared: DeclaredCodecs | undefined, renditions: number, decoded: DecodedAudio): boolean {
  if (!declared?.videoCodec || declared.audioCodec || renditions > 0) return false;
  return !decoded.mozHasAudio && !(decoded.webkitAudioDecodedByteCount ?? 0);
}
