/** Silence of a peer connection, which tells a lost connection from a `LEAVE`. Changes nothing. */

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
