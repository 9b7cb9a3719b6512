/**
 * Tokens as people hand them on: alone, or in the fragment of an address (`#token=…`). A fragment is sent to no server.
 * Reads what a token says about its bearer, which only the server can verify. Pure.
 */

import { malformed, payloadOf } from '../client';

const NAME = 'token=';

/** The members of a token's claims that the page uses (RFC 7519, 4.1). */
export interface Claims {
  /** The user id. */
  sub?: string;
  /** The name for people. */
  name?: string;
}

/** The token in a text that somebody pasted: a token, a fragment, or an address with one. */
export function tokenIn(text: string): string | undefined {
  const trimmed = text.trim();
  const found = tokenOfFragment(trimmed.slice(trimmed.indexOf('#') + 1)) ?? trimmed;
  return malformed(found) ? undefined : found;
}

/** The token in a fragment, with or without its `#`, whatever its form. */
export function tokenOfFragment(fragment: string): string | undefined {
  const part = parts(fragment).find((one) => one.startsWith(NAME));
  return part?.slice(NAME.length);
}

/** The fragment without its token; empty where nothing else is in it. */
export function withoutToken(fragment: string): string {
  const rest = parts(fragment).filter((one) => !one.startsWith(NAME));
  return rest.some((one) => one !== '') ? `#${rest.join('&')}` : '';
}

/** The claims of a token; none where it cannot be read. */
export function claimsOf(token: string): Claims {
  const { sub, name } = payloadOf(token);
  return { ...(isText(sub) && { sub }), ...(isText(name) && { name }) };
}

function parts(fragment: string): string[] {
  return fragment.replace(/^#/, '').split('&');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
