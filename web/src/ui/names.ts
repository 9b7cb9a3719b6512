/**
 * Friendly names: for a new room, for a guest, and back from a user id to what a person reads.
 * A guest's id carries random letters behind the name, so that two guests of one name stay two.
 * Pure: randomness is an argument, a function from a bound to a whole number below it.
 */

export type Pick = (bound: number) => number;

const MOODS =
  'amber bright calm clear cosy fair gentle golden green happy kind lucky merry quiet rosy silver sunny swift warm wise'.split(
    ' ',
  );
const ANIMALS =
  'badger bear crane dolphin falcon finch fox hare heron koala lynx marten otter owl panda puffin robin seal swan wren'.split(
    ' ',
  );
const PLACES =
  'bay beach bridge brook cliff creek field garden grove harbor hill island lake meadow orchard river shore valley village wood'.split(
    ' ',
  );
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** The legal names of rooms. */
const ROOM = /^[A-Za-z0-9._~-]{1,128}$/;
const GUEST = /^([a-z]+)-([a-z]+)-[a-z0-9]{8}$/;

/** Nobody guesses it: eight letters of 32 are 40 bits, the words come on top. */
export function randomRoom(pick: Pick): string {
  return `${one(MOODS, pick)}-${one(PLACES, pick)}-${randomLetters(8, pick)}`;
}

export function randomUserId(pick: Pick): string {
  return `${one(MOODS, pick)}-${one(ANIMALS, pick)}-${randomLetters(8, pick)}`;
}

export function randomLetters(count: number, pick: Pick): string {
  return Array.from({ length: count }, () => LETTERS[pick(LETTERS.length)]).join('');
}

/** The name a person reads for a user id: "Amber Otter", a short foreign id as it is, else "Your guest". */
export function displayName(userId: string): string {
  const guest = GUEST.exec(userId);
  if (guest) return `${capital(guest[1])} ${capital(guest[2])}`;
  return userId.length <= 24 ? userId : 'Your guest';
}

/** The name a person reads for a member of a room: the one in their token, else that of their user id. */
export function memberName({ userId, name }: { userId: string; name?: string }): string {
  return name ?? displayName(userId);
}

export function isRoomName(name: string): boolean {
  return ROOM.test(name) && name !== '.' && name !== '..';
}

/** Makes a typed text into a room name, where that is possible without guessing. */
export function tidyRoomName(typed: string): string {
  return typed.trim().replace(/\s+/g, '-');
}

export function cryptoPick(bound: number): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return value % bound;
}

function one(words: string[], pick: Pick): string {
  return words[pick(words.length)] ?? '';
}

function capital(word = ''): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
