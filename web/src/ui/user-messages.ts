/**
 * Messages about failures, in words a person understands: a short title, what can be done about it, and whether
 * trying again makes sense. Pure. Codes of the protocol are named only where nothing is known about them.
 */

import { CloseCode, Code, type Failure, type Refusal, type RuleId } from '../client';

export type PageKind = 'call' | 'broadcast' | 'group';

export interface UserMessage {
  title: string;
  detail: string;
  canRetry: boolean;
  /** The name is that of another kind of room. */
  otherKind?: boolean;
  /** The server asks for another token; or it did not grant something, perhaps for want of one in the token. */
  access?: 'token' | 'grant';
  /** The server's own sentence, where it knows better. */
  said?: string;
}

export function failureMessage(failure: Failure, place: PageKind): UserMessage {
  switch (failure.kind) {
    case 'refused':
      return refusedMessage(failure.code, failure.message, place);
    case 'closed':
      return closedMessage(failure.code, place);
    case 'noAnswer':
      return failure.unavailable
        ? userMessage('The server is busy', 'It is restarting or overloaded. Try again in a moment.')
        : userMessage('The server cannot be reached', 'Check your connection to the internet and try again.');
    case 'roomClosed':
      return userMessage(
        `The ${place} has ended`,
        failure.reason === 'admin' ? 'It was closed by whoever runs this server.' : 'The room was closed.',
      );
    case 'kicked':
      return userMessage(`You were removed from this ${place}`, 'You can come back in a minute.');
    case 'gaveUp':
      return gaveUpMessage(failure.rule, place);
    case 'unauthorized':
      return accessMessage(failure);
  }
}

/** The server lets nobody in with this token, or without one. */
export function accessMessage({ reason, message }: Refusal): UserMessage {
  if (reason === 'missing') return noTokenMessage();
  const title = reason === 'not_granted' ? 'Your token does not allow this' : 'The server refused your token';
  return {
    ...userMessage(title, 'Ask whoever invited you for another one.'),
    access: 'token',
    said: asSentence(message),
  };
}

/** The server's words beside those of the page: with a capital letter and an end. */
function asSentence(message: string): string {
  const text = message.trim();
  if (text === '') return '';
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}

function noTokenMessage(): UserMessage {
  const detail = 'Paste the token that you were given, or the address that contains it.';
  return { ...userMessage('This server asks for a token', detail), access: 'token' };
}

/** Two people who reach the server, but not each other. */
export function noWayThroughMessage(name: string): UserMessage {
  const detail = 'One of your networks doesn’t let video and audio through. Try again, or from another network.';
  return userMessage(`No connection to ${name}`, detail);
}

/** The name is that of a room of another kind, such as "a call". */
export function otherKindMessage(room: string, noun: string): UserMessage {
  return { ...userMessage(`“${room}” is already the name of ${noun}`, 'Choose another name.', false), otherKind: true };
}

/** The browser refuses the ICE servers that the server names. */
export function settingsRefusedMessage(): UserMessage {
  const detail = 'Your browser does not accept its STUN or TURN servers. Tell whoever runs this server (--ice-server).';
  return userMessage("This server's call settings are wrong", detail);
}

/** Somebody else is on air in this room. */
export function takenMessage(): UserMessage {
  return userMessage(
    'Someone else is broadcasting here',
    'Only one person can broadcast under a name. Choose another.',
  );
}

export function tooSlowMessage(): UserMessage {
  const detail = 'Your connection can’t keep up even with the lowest quality. Try again, or from another network.';
  return userMessage('Your upload is too slow', detail);
}

export function cannotEncodeMessage(): UserMessage {
  const detail = 'It can’t encode H.264 or VP9 video. Use a current Chrome, Edge or Firefox.';
  return userMessage('This browser cannot broadcast', detail, false);
}

/** On air, and no part reaches the server. */
export function noVideoMessage(): UserMessage {
  const detail = 'The camera or the encoder of this browser gives no video. Try again, or with another camera.';
  return userMessage('The broadcast could not start', detail);
}

/** The message about a failure that came several times in a row. */
export function brokenMessage(reason: string): UserMessage {
  return userMessage('The broadcast stopped', `The reason: ${reason}.`);
}

function refusedMessage(code: number, message: string, place: PageKind): UserMessage {
  switch (code) {
    case Code.ROOM_FULL:
      return place === 'call'
        ? userMessage('This call already has two people', 'Wait until one of them leaves, or start a call of your own.')
        : userMessage(`This ${place} is full`, 'Try again in a moment.');
    case Code.ROOM_NOT_FOUND:
      return userMessage(`This ${place} does not exist`, 'Check the link, or start a new one.');
    case Code.UNSUPPORTED_CHANNEL:
      return {
        ...userMessage(`This room is not a ${place}`, 'The name is already that of another kind of room.', false),
        otherKind: true,
      };
    case Code.PERMISSION_NOT_FOUND:
      return {
        ...userMessage(`You may not join this ${place}`, 'Ask whoever invited you for a new link.'),
        access: 'grant',
        said: asSentence(message),
      };
    case Code.UNAUTHENTICATED:
      return accessMessage({ reason: 'refused', message });
    case Code.RATE_LIMITED:
      return userMessage('Too many requests', 'Try again in a minute.');
    case Code.INTERNAL_SERVER_ERROR:
      return userMessage('The server had a problem', 'It is not your fault. Try again in a moment.');
    default:
      return userMessage(
        `The server refused this ${place}`,
        `The server said: ${message || 'nothing more'} (${code}).`,
      );
  }
}

/** A member that was let in again and again, in vain. */
function gaveUpMessage(rule: RuleId | undefined, place: PageKind): UserMessage {
  if (rule === 'slowUpload') return tooSlowMessage();
  if (rule === 'criticalFailure') return userMessage(`The ${place} broke off several times`, 'Try again in a moment.');
  return userMessage(`The ${place} does not come about`, 'Check your connection to the internet and try again.');
}

function closedMessage(code: number, place: PageKind): UserMessage {
  switch (code) {
    case CloseCode.SESSION_REPLACED:
      return userMessage(`This ${place} was opened in another tab or window`, 'It continues there.', false);
    case CloseCode.TOKEN_EXPIRED:
      return { ...userMessage('Your token has expired', 'Ask whoever gave it to you for a new one.'), access: 'token' };
    case CloseCode.NORMAL:
      return userMessage('The server ended the connection', 'You can join again.');
    case CloseCode.RATE_LIMIT:
      return userMessage('The server stopped this page', 'It sent more than the server allows. Try again in a minute.');
    default:
      return userMessage(
        'This page is out of date',
        `Reload it. If that does not help, the server speaks another version (${code}).`,
      );
  }
}

function userMessage(title: string, detail: string, canRetry = true): UserMessage {
  return { title, detail, canRetry };
}
