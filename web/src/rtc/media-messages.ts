/**
 * The problem of camera and microphone, in one sentence a person understands, or nothing. Pure.
 */

import type { Kind, Problem } from './media';

const NAMES: Record<Kind, string> = { audio: 'microphone', video: 'camera' };

export function mediaMessage(problems: Partial<Record<Kind, Problem>>): string {
  const { audio, video } = problems;
  if (audio && video) return audio === video ? both(audio) : `${one('video', video)} ${one('audio', audio)}`;
  if (video) return one('video', video);
  return audio ? one('audio', audio) : '';
}

function both(problem: Problem): string {
  switch (problem) {
    case 'insecure':
      return 'Browsers give camera and microphone only to pages on https or on localhost. You can still join to watch and listen.';
    case 'refused':
      return 'Camera and microphone are blocked for this page. Allow them in the address bar: this page goes on by itself. Or join just to watch and listen.';
    case 'missing':
      return 'No camera and no microphone found. You can still join to watch and listen.';
    case 'busy':
      return 'Camera and microphone are in use by another program. Close it, or join just to watch and listen.';
    default:
      return 'Camera and microphone could not be started. You can still join to watch and listen.';
  }
}

function one(kind: Kind, problem: Problem): string {
  const name = NAMES[kind];
  switch (problem) {
    case 'refused':
      return `Your ${name} is blocked for this page. Allow it in the address bar: this page goes on by itself.`;
    case 'missing':
      return `No ${name} found.`;
    case 'busy':
      return `Your ${name} is in use by another program.`;
    case 'ended':
      return `Your ${name} was disconnected.`;
    default:
      return `Your ${name} could not be started.`;
  }
}
