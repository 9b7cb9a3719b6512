import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Refusal } from '../client';
import { FakeWorld, joinAck } from '../client/fake';
import { FakePlayer } from '../fake-media';
import { identity } from '../fake-pages';
import { describe as describeWatch, type PageState } from './model';
import { Watch } from './watch';

vi.mock('./player', async () => ({ Player: (await import('../fake-media')).FakePlayer }));

beforeEach(() => {
  FakePlayer.made.length = 0;
  vi.stubGlobal('document', { baseURI: 'http://host/' });
});
afterEach(() => vi.unstubAllGlobals());

const EXPIRED = { reason: 'expired', message: 'The token expired 5 min ago.' };

/** A viewer in the room, and the answers to its questions why media were denied. */
function watching(answers: (Refusal | undefined)[]) {
  const world = new FakeWorld();
  const shown: { pageState?: PageState } = {};
  const refusal = vi.fn(async () => answers.shift());
  const changed = (pageState: PageState) => void Object.assign(shown, { pageState: { ...pageState } });
  const handlers = { changed, muted: () => {} };
  const access = { sign: (address: string) => address, refusal };
  const watch = new Watch('ws://host/ws', 'demo', identity(), {} as HTMLVideoElement, world, handlers, access);
  watch.start();
  world.socket.open().receive(joinAck());
  const [player] = FakePlayer.made;
  const deny = async () => {
    player?.handlers.denied();
    player?.handlers.denied();
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return { world, shown, refusal, deny };
}

test('a viewer whose token is refused for media is told the sentence of the server, and leaves', async () => {
  const { world, shown, refusal, deny } = watching([EXPIRED]);
  await deny();
  expect(refusal, 'one question at a time').toHaveBeenCalledTimes(1);
  expect(shown.pageState?.failure).toMatchObject({ access: 'token', said: EXPIRED.message });
  expect(shown.pageState && describeWatch(shown.pageState).state).toBe('failed');
  expect(world.socket.names()).toEqual(['JOIN', 'LEAVE']);
});

test('media that are denied though the token is good are asked for again', async () => {
  const { shown, refusal, deny } = watching([undefined, undefined]);
  await deny();
  await deny();
  expect(refusal).toHaveBeenCalledTimes(2);
  expect(shown.pageState?.room).toBe('joined');
  expect(shown.pageState?.failure).toBeUndefined();
});
