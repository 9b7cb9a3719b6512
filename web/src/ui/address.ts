/**
 * Addresses of this server, below whatever path prefix a proxy serves it under.
 * The `base` element of the document leads to the server's root; every other address is made from it. Functions with
 * a `base` argument are pure and take an address with a slash at its end.
 */

/** The server's base address, path prefix included, with a slash at its end. */
export function baseAddress(): string {
  return new URL('.', document.baseURI).href;
}

/** The start page, relative to the document's base. */
export const START_PAGE = './';

/** The address of a room's page, such as `https://host/prefix/call/demo`. */
export function roomAddress(view: string, room: string, base = baseAddress()): string {
  return new URL(`./${view}/${encodeURIComponent(room)}`, base).href;
}

/** The address of the signaling socket. */
export function socketAddress(base = baseAddress()): string {
  const address = new URL('ws', base);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}

/**
 * Resolves a URI reference of the server. A path is one below the server's base address: the server does not know the
 * prefix under which it is reached. An address with a host stays as it is.
 */
export function serverAddress(reference: string, base = baseAddress()): string {
  const isPath = reference.startsWith('/') && !reference.startsWith('//');
  return new URL(isPath ? `.${reference}` : reference, base).href;
}

/** The name under which this page stores something: servers below other prefixes of one host have their own. */
export function storageKey(name: string, base = baseAddress()): string {
  return `roomcast${new URL(base).pathname.slice(0, -1)}.${name}`;
}

/** Where an address leads: the start page, a room's page, or nowhere. */
export type Route = { view: ''; room: '' } | { view: string; room: string } | undefined;

export function readRoute(address: string, base = baseAddress()): Route {
  const { origin, pathname } = new URL(address);
  const root = new URL(base);
  if (origin !== root.origin || !pathname.startsWith(root.pathname)) return undefined;
  const path = pathname.slice(root.pathname.length);
  const [view = '', room = '', ...rest] = path.split('/').map(decode);
  // An address that cannot be decoded names nothing, and is not the start page either.
  const isEmpty = path === '' || path === '/';
  return rest.length > 0 || (view === '') !== isEmpty ? undefined : { view, room };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
