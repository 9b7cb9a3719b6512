/**
 * The way to a room whose name was opened as another kind of room: one link, once it is known what the room is.
 * The server tells by how it answers somebody who is no member: it looks at the type of the room first.
 */

import { Code, type RoomType, readMessage } from '../client';
import { roomAddress } from './address';
import { element, setText } from './dom';
import { cryptoPick, randomLetters } from './names';

interface Kind {
  roomType: RoomType;
  view: string;
  label: string;
}

const KINDS: readonly Kind[] = [
  { roomType: 'p2p', view: 'call', label: 'Go to the call' },
  { roomType: 'm2m', view: 'group', label: 'Go to the group' },
  { roomType: 'p2m', view: 'watch', label: 'Watch the broadcast' },
];
const TIMEOUT_MS = 5000;

export interface OtherKind {
  root: HTMLElement;
  /** Looks for the room's kind, once, when the name is known to be that of another one. */
  render(isOther: boolean): void;
}

export function otherKind(url: string, room: string): OtherKind {
  const root = element('a', { id: 'other-kind', class: 'button primary', hidden: true });
  let asked = false;
  return {
    root,
    render(isOther) {
      if (!isOther || asked) return;
      asked = true;
      void kindOf(url, room).then((kind) => {
        if (!kind) return;
        root.href = roomAddress(kind.view, room);
        setText(root, `${kind.label} “${room}”`);
        root.hidden = false;
      });
    },
  };
}

function kindOf(url: string, room: string): Promise<Kind | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    const end = (kind?: Kind) => {
      resolve(kind);
      socket.close();
    };
    setTimeout(end, TIMEOUT_MS);
    socket.onerror = () => end();
    socket.onopen = () => {
      for (const { roomType } of KINDS) socket.send(JSON.stringify(question(roomType, room)));
    };
    socket.onmessage = ({ data }) => {
      const kind = kindInAnswer(String(data));
      if (kind) end(kind);
    };
  });
}

/** A heartbeat of somebody who is no member of the room. */
export function question(roomType: RoomType, room: string): object {
  const id = randomLetters(20, cryptoPick);
  const session = { userId: id, sessionId: id, category: 'stream', host: 'Web', deviceId: id };
  return { action: 'heartbeat', data: { s: 'HEARTBEAT', ch: roomType, rid: room, ss: session, bid: '1' } };
}

/** The kind that an answer proves: "no member" is said only where the type is right. */
export function kindInAnswer(text: string): Kind | undefined {
  const message = readMessage(text);
  if (message?.kind !== 'ack' || message.code !== Code.NOT_ROOM_MEMBER) return undefined;
  const { req } = message.body as { req?: { ch?: unknown } };
  return KINDS.find(({ roomType }) => roomType === req?.ch);
}
