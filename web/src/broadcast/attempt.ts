/**
 * The outcome of one upload: done, tried again, or given up.
 *
 * The same as the command `roomcast publish` decides: failures that pass are tried again until it is too late; a
 * conflict after an attempt of unknown outcome means that it had arrived. Pure; time and randomness are arguments.
 */

import { Backoff, Code, REACTIONS } from '../client';

export type Outcome =
  /** There was an answer, if only a status. */
  | {
      kind: 'answered';
      status: number;
      code: number | undefined;
      delay: number | undefined;
      message: string;
      /** The seconds of the header `Retry-After`. */
      retryAfter?: number;
    }
  /** None came; the upload may have arrived all the same. */
  | { kind: 'lost'; reason: string };

export type Step =
  | { kind: 'done'; delay: number | undefined }
  | { kind: 'again'; after: number }
  /** With another token. */
  | { kind: 'renew' }
  | { kind: 'late'; reason: string }
  /** It will never be accepted. */
  | { kind: 'refused'; code: number; message: string };

const UNAUTHORIZED = 401;
/** Statuses of a proxy between page and server, which has no code. */
const PASSING: readonly number[] = [408, 429];
const SERVER_ERROR = 500;
const MOST_RENEWALS = 3;

export class Attempt {
  readonly #deadline: number | undefined;
  readonly #backoff = new Backoff();
  #renewals = 0;
  #unsure = false;

  /** @param deadline when it is worth nothing any more */
  constructor(deadline?: number) {
    this.#deadline = deadline;
  }

  isLate(now: number): boolean {
    return this.#deadline !== undefined && now >= this.#deadline;
  }

  judge(now: number, random: number, outcome: Outcome): Step {
    if (outcome.kind === 'lost') {
      this.#unsure = true;
      return this.#again(now, random, outcome.reason);
    }
    const { status, message, delay, retryAfter } = outcome;
    const code = outcome.code ?? status;
    if (status >= 200 && status < 300) return { kind: 'done', delay };
    if (code === Code.SEQUENCE_CONFLICT && this.#unsure) return { kind: 'done', delay: undefined };
    const reaction = REACTIONS[code]?.upload;
    // A room that is gone comes back with the member, and so does the token.
    if (reaction === 'rejoin' || code === UNAUTHORIZED) return this.#renew(code, message);
    if (reaction === 'retry' || PASSING.includes(code)) return this.#retry(now, random, code, message, retryAfter);
    if (status < SERVER_ERROR) return { kind: 'refused', code, message };
    return this.#retry(now, random, code, message, retryAfter);
  }

  #retry(now: number, random: number, code: number, message: string, retryAfter: number | undefined): Step {
    this.#unsure ||= code >= SERVER_ERROR && code < 600 && code !== Code.SERVICE_UNAVAILABLE;
    return this.#again(now, random, message, retryAfter);
  }

  #renew(code: number, message: string): Step {
    this.#renewals += 1;
    return this.#renewals > MOST_RENEWALS ? { kind: 'refused', code, message } : { kind: 'renew' };
  }

  /** @param retryAfter seconds that the server asks to wait; else the delay is that of reconnects */
  #again(now: number, random: number, reason: string, retryAfter?: number): Step {
    const delay = this.#backoff.nextDelay(random);
    const after = retryAfter === undefined ? delay : retryAfter * 1000;
    return this.isLate(now + after) ? { kind: 'late', reason } : { kind: 'again', after };
  }
}
