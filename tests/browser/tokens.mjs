// Tokens as a service of an operator makes them, with a library that is not this project's.

import { SignJWT } from 'jose';

const SECRET = 'the secret of the browser tests: 32 bytes or more';

/** Flags of a server that wants tokens. */
export const withTokens = ['--auth-secret', SECRET];

/**
 * Makes a token.
 * @param grants the members of the grant object
 * @param seconds until it expires; may be in the past
 * @param ahead by how many seconds the clock of the issuer is early
 */
export function token(user, grants, { seconds = 3600, ahead = 0, ...claims } = {}) {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ sub: user, room: grants, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(Math.min(now + ahead, now + seconds - 1))
    .setExpirationTime(now + seconds)
    .sign(new TextEncoder().encode(SECRET));
}

/** The pieces of a token that nobody but its bearer and the server may read. */
export function secretsOf(jwt) {
  const [, payload, signature] = jwt.split('.');
  return [payload, signature];
}
