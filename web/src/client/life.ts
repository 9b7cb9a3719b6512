/**
 * The life of a token, by its own claims, and the time to wait before it is replaced. The claims are not verified:
 * that is the server's task. Pure.
 */

/** From issue to end, in seconds since 1970. */
export interface Life {
  issued: number;
  expires: number;
}

/** A token is replaced so long before its end, unless less than twice that is left. */
const LEAD_MS = 30_000;
const SHORTEST_MS = 1000;
/** The shortest time between two renewals where tokens last for more than twice that. */
const LONGEST_PAUSE_MS = 10_000;
/** No wait is longer, whatever a token says. */
const LONGEST_WAIT_MS = 24 * 3600 * 1000;

/** The claims of a token (RFC 7519, 4.1); none where it cannot be read. */
export function payloadOf(token: string): Record<string, unknown> {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The life of a token; none where it does not say its end. */
export function lifeOf(token: string): Life | undefined {
  const { iat, exp } = payloadOf(token);
  return isTime(exp) ? { issued: isTime(iat) ? iat : 0, expires: exp } : undefined;
}

/**
 * Milliseconds until a token that came with a connection is to be replaced. It has no more left than there ever was,
 * however late the clock is.
 * @param now milliseconds since 1970
 */
export function timeToRenewal(life: Life, now: number): number {
  const left = Math.max(0, Math.min(life.expires * 1000 - now, length(life)));
  return Math.min(left - Math.min(LEAD_MS, left / 2), LONGEST_WAIT_MS);
}

/** The same after a renewal: by a clock that is early every token seems to be over, and none is replaced in a hurry. */
export function timeToNextRenewal(life: Life, now: number): number {
  const least = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_MS, length(life) / 2));
  return Math.max(least, timeToRenewal(life, now));
}

/**
 * Milliseconds until another try.
 * @param failures tries in a row that led to nothing, before this one
 * @param random from 0 (included) to 1 (excluded)
 */
export function pauseAfter(failures: number, random: number): number {
  return Math.min(LONGEST_PAUSE_MS, SHORTEST_MS * 2 ** failures) * (0.5 + random / 2);
}

function length({ issued, expires }: Life): number {
  return Math.max(0, expires - issued) * 1000;
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
