/**
 * The other side's ICE candidates: kept until there is a description they belong to, then added.
 * A candidate of a connection that is no more is refused, and that is all there is to it.
 */

import type { Ice } from '../client';

export class Candidates {
  #early: RTCIceCandidateInit[] = [];

  async take(pc: RTCPeerConnection | undefined, sdp: Ice['sdp']): Promise<void> {
    const candidate: RTCIceCandidateInit =
      typeof sdp === 'string' ? { candidate: sdp, sdpMLineIndex: 0 } : { ...sdp, candidate: sdp.candidate ?? '' };
    if (!pc?.remoteDescription) this.#early.push(candidate);
    else await add(pc, candidate);
  }

  /** Adds what came before the remote description did. */
  async flush(pc: RTCPeerConnection): Promise<void> {
    for (const candidate of this.#early.splice(0)) await add(pc, candidate);
  }

  clear(): void {
    this.#early = [];
  }
}

async function add(pc: RTCPeerConnection, candidate: RTCIceCandidateInit): Promise<void> {
  try {
    await pc.addIceCandidate(candidate);
  } catch (error) {
    console.debug('roomcast: candidate not taken', error);
  }
}
