/**
 * The way of a page past the server's doors: asks before anything else happens whether the token of this tab will do,
 * and shows the form for another one in the place of the page where it does not.
 */

import { type AuthCheck, checkAccess, type Environment, malformed, type Refusal } from '../client';
import { accessMessage, type UserMessage } from '../ui/user-messages';
import { tokenForm } from './form';
import type { HeldToken } from './held-token';

/** The grant that each page needs, in the names of `GET /auth/check`. */
const GRANTS: Record<string, string> = { call: 'join', group: 'join', broadcast: 'publish', watch: 'play' };
/** A server that takes longer to answer shows its doors when they are used. */
const TIMEOUT_MS = 3000;

type World = Pick<Environment, 'get' | 'after'>;

export class Access {
  readonly token: HeldToken;
  readonly #env: World;
  readonly #socketUrl: string;
  readonly #root: HTMLElement;
  /** The form is shown: another token begins the page anew. */
  #isAsking = false;

  constructor(token: HeldToken, env: World, socketUrl: string, root: HTMLElement) {
    this.token = token;
    this.#env = env;
    this.#socketUrl = socketUrl;
    this.#root = root;
  }

  /** Whether the page may be shown; otherwise the form is. */
  async admits(view: string, room: string): Promise<boolean> {
    const refusal = await this.refusal(view, room);
    if (refusal) this.#ask(room, accessMessage(refusal));
    return refusal === undefined;
  }

  /** Why the server would turn this tab away from a page; nothing where it would not, or does not say. */
  async refusal(view: string, room: string): Promise<Refusal | undefined> {
    const { current } = this.token;
    const unreadable = malformed(current);
    const grant = GRANTS[view];
    const question = grant === undefined ? { room } : { room, grant };
    const sent = unreadable ? undefined : current;
    const answer = await this.#inTime(checkAccess(this.#env, this.#socketUrl, sent, question));
    if (answer.kind === 'allowed' && answer.isOpen) {
      this.token.drop();
      return undefined;
    }
    return unreadable ?? (answer.kind === 'refused' ? answer.refusal : undefined);
  }

  /** Shows the form in the place of the page where another token may help; false, and nothing done, elsewhere. */
  asksFor(room: string, failure: UserMessage | undefined): boolean {
    const helps = failure?.access === 'token' || (failure?.access === 'grant' && this.token.current !== undefined);
    if (failure && helps) this.#ask(room, failure);
    return helps;
  }

  /** Takes another token out of the address. The page goes on with one of the same user, and else begins anew. */
  takeFromAddress(): void {
    const { sub } = this.token.claims;
    this.token.takeFromAddress();
    if (this.#isAsking || this.token.claims.sub !== sub) location.reload();
  }

  #ask(room: string, message: UserMessage): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    tokenForm(this.#root, room, message, (token) => {
      this.token.set(token);
      location.reload();
    });
  }

  #inTime(answer: Promise<AuthCheck>): Promise<AuthCheck> {
    const late = new Promise<AuthCheck>((resolve) => {
      this.#env.after(TIMEOUT_MS, () => resolve({ kind: 'unknown' }));
    });
    return Promise.race([answer, late]);
  }
}
