/**
 * The way to a room whose name was opened as another kind of room: one link, as soon as it is known what the room is.
 * A viewer of a group or a broadcast is seen by nobody, and leaves again at once; a room that is neither is a call.
 */

import type { HeldToken } from '../access/held-token';
import { Code, malformed, type RoomType, readMessage, subprotocols } from '../client';
import { roomAddress } from './address';
import { element, setText } from './dom';
import { takeFocus } from './focus';
import { cryptoPick, randomLetters } from './names';
import { otherKindMessage, type UserMessage } from './user-messages';

export interface Kind {
  roomType: RoomType;
  view: string;
  /** As in "the name of a call". */
  noun: string;
  label: string;
}

/** Kinds with viewers. */
const WATCHED: readonly Kind[] = [
  { roomType: 'm2m', view: 'group', noun: 'a group', label: 'Go to the group' },
  { roomType: 'p2m', view: 'watch', noun: 'a broadcast', label: 'Watch the broadcast' },
];
const CALL: Kind = { roomType: 'p2p', view: 'call', noun: 'a call', label: 'Go to the call' };
const TIMEOUT_MS = 5000;

export interface OtherKind {
  root: HTMLElement;
  /** Looks at once, before anybody joins, and tells only of a room of another kind. */
  look(found: (message: UserMessage) => void): void;
  /** Looks when a join was refused for it. */
  refused(failure: UserMessage | undefined, found: (message: UserMessage) => void): void;
}

/** @param own the type of room that the page is for */
export function otherKind(url: string, room: string, own: RoomType, token: HeldToken): OtherKind {
  const root = element('a', { id: 'other-kind', class: 'button primary', hidden: true });
  let asked: Promise<Kind | undefined> | undefined;
  const look = (found: (message: UserMessage) => void) => {
    if (asked) return;
    asked = kindOf(url, room, token);
    void asked.then((kind) => {
      if (!kind || kind.roomType === own) {
        // It may become one until somebody joins.
        asked = undefined;
        return;
      }
      root.href = roomAddress(kind.view, room);
      // The words beside it say the name, which may be long.
      setText(root, kind.label);
      root.hidden = false;
      found(otherKindMessage(room, kind.noun));
      takeFocus([root]);
    });
  };
  return {
    root,
    look,
    refused(failure, found) {
      if (failure?.otherKind && root.hidden) look(found);
    },
  };
}

/** The kind of the room with this name; nothing where there is none, or it does not tell. */
export function kindOf(url: string, room: string, { current, claims }: HeldToken): Promise<Kind | undefined> {
  return new Promise((resolve) => {
    if (malformed(current)) return resolve(undefined);
    const socket = new WebSocket(url, subprotocols(current));
    const inquiry = new Inquiry(room, (text) => socket.send(text), claims.sub);
    const end = (kind?: Kind) => {
      resolve(kind);
      socket.close();
    };
    setTimeout(end, TIMEOUT_MS);
    socket.onerror = () => end();
    socket.onopen = () => inquiry.begin();
    socket.onmessage = ({ data }) => {
      const answer = inquiry.take(String(data));
      if (answer) end(answer.kind);
    };
  });
}

/** The questions to the server, one after the other. */
export class Inquiry {
  readonly #room: string;
  readonly #send: (text: string) => void;
  readonly #id = randomLetters(20, cryptoPick);
  readonly #userId: string;
  #asked = 0;

  /** @param userId the user of the token, where there is one */
  constructor(room: string, send: (text: string) => void, userId?: string) {
    this.#room = room;
    this.#send = send;
    this.#userId = userId ?? this.#id;
  }

  begin(): void {
    this.#say('join', { s: 'JOIN', ve: false, ae: false, eg: 'native', op: { roomCreating: false } });
  }

  /** Takes a message and gives the answer once it is there; without a kind where the room is none that is known. */
  take(text: string): { kind: Kind | undefined } | undefined {
    const message = readMessage(text);
    if (message?.kind !== 'ack' || message.name !== 'JOIN') return undefined;
    if (message.code === Code.OK) {
      this.#say('leave', { s: 'LEAVE' });
      return { kind: WATCHED[this.#asked] };
    }
    if (message.code !== Code.UNSUPPORTED_CHANNEL) return { kind: undefined };
    this.#asked += 1;
    if (this.#asked === WATCHED.length) return { kind: CALL };
    this.begin();
    return undefined;
  }

  #say(action: string, body: object): void {
    const ss = { userId: this.#userId, sessionId: this.#id, category: 'stream', host: 'Web', deviceId: this.#id };
    const ch = WATCHED[this.#asked]?.roomType;
    this.#send(JSON.stringify({ action, data: { ...body, ch, rid: this.#room, ss } }));
  }
}
