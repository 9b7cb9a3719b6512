/**
 * Puts the token of a viewer into the addresses of playlists and media, as `/live/@TOKEN/ROOM/…`. Playlists name
 * everything relative to themselves, so that whatever they lead to has it as well. Pure.
 */

/** Leaves out the token of before, where there is one. */
const LIVE = /\/live\/(?:@[^/]*\/)?/;

/**
 * The address with the token in its path; as it is where it is none of media, or there is no token.
 * @param base the server's base address, whose path prefix may itself contain `live`
 */
export function signedAddress(address: string, token: string | undefined, base: string): string {
  if (token === undefined) return address;
  const url = new URL(address, base);
  const root = new URL(base);
  const isOwn = url.origin === root.origin && url.pathname.startsWith(root.pathname);
  const prefix = isOwn ? root.pathname.slice(0, -1) : '';
  const path = url.pathname.slice(prefix.length);
  url.pathname = prefix + path.replace(LIVE, () => `/live/@${token}/`);
  return url.href;
}
