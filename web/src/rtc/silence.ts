/**
 * The end of a member's media, which tells a lost connection from a `LEAVE`. Changes nothing.
 */

/** Sources of audio and video are forgotten by browsers after ten seconds of silence. */
export const SILENT_MS = 3000;

/** `left`: with a goodbye. `lost`: without one. */
export type Departure = 'left' | 'lost';

interface Ending {
  readonly pc: RTCPeerConnection | undefined;
  silence(): number | undefined;
}

/** Whether the media with a member stand still, as they do before the server gives up somebody it lost. */
export function isSilent(peer: Ending): boolean {
  const isCut = ['disconnected', 'failed'].includes(peer.pc?.connectionState ?? '');
  return isCut || (peer.silence() ?? 0) > SILENT_MS;
}

/** Milliseconds since the last RTP packet of any track; nothing where none ever came. */
export function silenceOf(pc: RTCPeerConnection): number | undefined {
  const times = pc.getReceivers().flatMap((receiver) => receiver.getSynchronizationSources().map(newest));
  if (times.length === 0) return undefined;
  // Sources carry the time of the page's clock, counted from its beginning or, in some browsers, from 1970.
  const last = Math.max(...times);
  const now = last > performance.timeOrigin ? performance.timeOrigin + performance.now() : performance.now();
  return Math.max(0, now - last);
}

function newest({ timestamp }: RTCRtpSynchronizationSource): number {
  return timestamp;
}
