/**
 * Tokens on their way to the server: a subprotocol of the handshake, a bearer of `GET /auth/check`.
 * Browsers show a refused handshake only as close code 1006; the check says the reason in words.
 * Never reads what a token contains and never keeps one.
 */

import type { Environment } from './environment';

/**
 * A token, or a function that fetches one. The function is asked at each connect, where `undefined` means: without, and
 * before the token of a connection ends, where it may give the next one.
 */
export type TokenSource = string | (() => Promise<string | undefined>);

/** Why the server turns a token away, or a request without one. */
export interface Refusal {
  /** A word of the protocol, such as `expired`. */
  reason: string;
  /** The server's sentence for people. */
  message: string;
}

/** The answer of `GET /auth/check`; `unknown` where there was none that can be read. */
export type AuthCheck =
  | { kind: 'allowed'; isOpen: boolean; name?: string }
  | { kind: 'refused'; status: number; refusal: Refusal }
  | { kind: 'unknown' };

export const SUBPROTOCOL = 'roomcast.v1';
const TOKEN_SUBPROTOCOL = 'roomcast.token.';
/** Three parts in base64url (RFC 7515, 3.1): whatever else there is cannot be a subprotocol. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const UNREADABLE: Refusal = {
  reason: 'malformed',
  message: 'This is not a token: it needs three parts with dots between them.',
};

/** The error in the form of a token, before the server is asked. */
export function malformed(token: string | undefined): Refusal | undefined {
  return token === undefined || TOKEN.test(token) ? undefined : UNREADABLE;
}

/** Asks an application for a token; its function may throw as well as reject. */
export async function fetchToken(source: () => Promise<string | undefined>): Promise<string | undefined> {
  return source();
}

/** The subprotocols to offer; the server selects the first. */
export function subprotocols(token: string | undefined): string[] {
  return token === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, TOKEN_SUBPROTOCOL + token];
}

/**
 * Asks the server whether a token opens its doors. Never throws.
 * @param socketUrl the address of the signaling socket
 * @param question the members `room` and `grant`, to ask for something in particular
 */
export async function checkAccess(
  env: Pick<Environment, 'get'>,
  socketUrl: string,
  token: string | undefined,
  question: Record<string, string> = {},
): Promise<AuthCheck> {
  try {
    const { status, text } = await env.get(checkAddress(socketUrl, question), token);
    return readCheck(status, text);
  } catch {
    return { kind: 'unknown' };
  }
}

/** The address of the check beside a signaling socket. */
export function checkAddress(socketUrl: string, question: Record<string, string> = {}): string {
  const address = new URL('auth/check', socketUrl);
  address.protocol = address.protocol === 'wss:' ? 'https:' : 'http:';
  for (const [name, value] of Object.entries(question)) address.searchParams.set(name, value);
  return address.href;
}

/** A refusal that bears no reason is not the server's own: a proxy may have made it. */
function readCheck(status: number, text: string): AuthCheck {
  const body = (JSON.parse(text) as { b?: Record<string, unknown> } | null)?.b;
  if (!body) return { kind: 'unknown' };
  if (status === 200 && typeof body.open === 'boolean') {
    const allowed = { kind: 'allowed', isOpen: body.open } as const;
    return typeof body.name === 'string' ? { ...allowed, name: body.name } : allowed;
  }
  if ((status !== 401 && status !== 403) || typeof body.reason !== 'string') return { kind: 'unknown' };
  const message = typeof body.msg === 'string' ? body.msg : '';
  return { kind: 'refused', status, refusal: { reason: body.reason, message } };
}

/** Finds out why handshakes fail: one question at a time, and none after an answer. */
export class HandshakeInquiry {
  readonly #ask: (token: string | undefined) => Promise<AuthCheck>;
  readonly #refused: (status: number, refusal: Refusal) => void;
  /** Identifies the question that counts; its answer ends the inquiry. */
  #question: object | undefined;
  #isAnswered = false;

  constructor(
    ask: (token: string | undefined) => Promise<AuthCheck>,
    refused: (status: number, refusal: Refusal) => void,
  ) {
    this.#ask = ask;
    this.#refused = refused;
  }

  /** A handshake with this token has failed. */
  handshakeFailed(token: string | undefined): void {
    if (this.#question || this.#isAnswered) return;
    const question = {};
    this.#question = question;
    void this.#ask(token).then((answer) => {
      if (this.#question !== question) return;
      this.#question = undefined;
      this.#isAnswered = answer.kind !== 'unknown';
      if (answer.kind === 'refused') this.#refused(answer.status, answer.refusal);
    });
  }

  /** Forgets answers, and a question whose answer has not come. */
  reset(): void {
    this.#question = undefined;
    this.#isAnswered = false;
  }
}
