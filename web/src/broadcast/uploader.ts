/**
 * Sends one data signal by HTTP and reads the answer. Never throws, never tries again.
 * Begins with multipart/form-data; a server that knows only JSON gets JSON from the first refusal on.
 */

import { Code, type IngestAddress } from '../client';
import { serverAddress } from '../ui/address';
import type { Outcome } from './attempt';
import { body, type Form, type Upload } from './signals';

const TIMEOUT_MS = 5000;

export class Uploader {
  #ingest: IngestAddress;
  #form: Form = 'multipart';
  /** The server has taken one in this form. */
  #proven = false;

  constructor(ingest: IngestAddress) {
    this.#ingest = ingest;
  }

  get form(): Form {
    return this.#form;
  }

  /** Every ack of `JOIN` brings another token. */
  renew(ingest: IngestAddress): void {
    this.#ingest = ingest;
  }

  async send(upload: Upload): Promise<Outcome> {
    const { url, token } = this.#ingest;
    const outcome = await this.#request(upload, serverAddress(url), token);
    if (outcome.kind === 'lost') return outcome;
    if (outcome.status === 401 && token !== this.#ingest.token) return lost('the token has just changed');
    if (outcome.status < 300) this.#proven = true;
    if (this.#proven || this.#form === 'json' || !isUnread(outcome)) return outcome;
    this.#form = 'json';
    return lost('the server takes no multipart/form-data');
  }

  async #request(upload: Upload, url: string, token: string): Promise<Outcome> {
    const form = this.#form;
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (form === 'json') headers['content-type'] = 'application/json';
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(url, { method: 'POST', headers, body: body(upload, Date.now(), form), signal });
      return answered(response, await response.text());
    } catch (error) {
      return lost(error instanceof Error ? error.message : 'no answer');
    }
  }
}

function isUnread({ status, code }: Extract<Outcome, { kind: 'answered' }>): boolean {
  return status === 415 || (status === 400 && code === Code.INVALID_SIGNAL);
}

function lost(reason: string): Outcome {
  return { kind: 'lost', reason };
}

function answered({ status, headers }: Response, text: string): Outcome {
  const seconds = headers.get('retry-after');
  const ack = parse(text);
  const { delay, msg } = ack.b ?? {};
  return {
    kind: 'answered',
    status,
    code: typeof ack.c === 'number' ? ack.c : undefined,
    delay: typeof delay === 'number' ? delay : undefined,
    message: typeof msg === 'string' ? msg : `HTTP status ${status}`,
    ...(seconds && /^\d{1,5}$/.test(seconds) ? { retryAfter: Number(seconds) } : {}),
  };
}

function parse(text: string): { c?: unknown; b?: Record<string, unknown> } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
