/**
 * Tells from two session descriptions whether they come from one and the same peer connection.
 * The certificate's fingerprint stays with a peer connection for its life; the ICE username fragment
 * changes only when ICE restarts. Reads nothing else of the description and never changes one.
 */

export interface SdpIdentity {
  fingerprint: string | undefined;
  fragment: string | undefined;
}

export function sdpIdentity(sdp: string): SdpIdentity {
  return {
    fingerprint: /^a=fingerprint:(.+?)\s*$/m.exec(sdp)?.[1]?.toLowerCase(),
    fragment: /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1],
  };
}

/** Whether `incoming` goes on with the connection that `known` belongs to. */
export function isSamePeerConnection(known: string, incoming: string, restarting: boolean): boolean {
  const before = sdpIdentity(known);
  const now = sdpIdentity(incoming);
  return before.fingerprint === now.fingerprint && (restarting || before.fragment === now.fragment);
}
