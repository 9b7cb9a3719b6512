/**
 * Whether media go over relays alone. An address with `?relay=only` shows what the TURN servers of a server do, and keeps
 * this person's addresses from the others. Where there is no address, as in tests, they go any way.
 */
export function transportPolicy(search = globalThis.location?.search ?? ''): RTCIceTransportPolicy {
  return new URLSearchParams(search).get('relay') === 'only' ? 'relay' : 'all';
}
