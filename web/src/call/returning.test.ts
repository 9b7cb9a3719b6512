import { describe, expect, test } from 'vitest';
import type { Identity } from '../client';
import { FakeWorld, joinAck, ME } from '../client/fake';
import type { LocalMedia } from '../rtc/media';
import { FakeBrowser, seatsIn } from '../seats/fake';
import { Call } from './call';
import { describe as describeCall } from './model';

const HELD_MS = 13_000;

/** A page of a call in this browser; its time is that of the world. */
async function page(browser: FakeBrowser, world: FakeWorld, sessionId: string) {
  const session = { ...ME, userId: `user-${sessionId}`, sessionId };
  const identity: Identity = { session: () => session, resume: () => undefined, keep: () => {}, renew: () => {} };
  const media = { isOn: () => true, isAvailable: () => true } as unknown as LocalMedia;
  const seats = seatsIn(browser, world.now);
  let model = {} as ReturnType<typeof describeCall>;
  const call = new Call('ws://host/ws', 'demo', identity, media, world, seats, {
    changed: (pageState) => {
      model = describeCall(pageState);
    },
    streamChanged: () => {},
  });
  await seats.look();
  call.join();
  const refuse = async () => {
    world.socket.open().receive({ c: 4025, s: 'JOIN', b: { msg: 'room is full' } });
    await Promise.resolve();
  };
  return { call, model: () => model, refuse, accept: () => world.socket.open().receive(joinAck()) };
}

/** A browser whose page crashed in the call, and the page that comes back. */
async function backAfterCrash() {
  const [browser, world] = [new FakeBrowser(), new FakeWorld()];
  (await page(browser, new FakeWorld(), 'before')).accept();
  browser.crash('before');
  return { browser, world, ...(await page(browser, world, 'after')) };
}

/** A browser whose page is in the call, and its world. */
async function inTheCall() {
  const [browser, world] = [new FakeBrowser(), new FakeWorld()];
  const before = await page(browser, world, 'before');
  before.accept();
  return { browser, world, before };
}

describe('a full call', () => {
  test('is waited for by who crashed in it, and joined as soon as the seat is free', async () => {
    const { browser, world, model, refuse, accept } = await backAfterCrash();
    for (let attempt = 0; attempt < 9; attempt += 1) {
      await refuse();
      expect(model()).toMatchObject({ state: 'returning', canGiveUp: true, retry: false });
      world.advance(1000);
    }
    accept();
    expect(model().state).toBe('waiting');
    expect([...browser.claimed]).toEqual(['after']);
  });

  test('is full in the end when the seat was not the ghost’s', async () => {
    const { world, model, refuse } = await backAfterCrash();
    for (let attempt = 0; model().state !== 'failed'; attempt += 1) {
      expect(attempt).toBeLessThan(20);
      await refuse();
      world.advance(1000);
    }
    expect(world.now()).toBeGreaterThanOrEqual(HELD_MS);
    expect(model()).toMatchObject({ title: 'This call already has two people', retry: true });
  });

  test('is full at once for a third person, and for another page of who is in it', async () => {
    const [browser, world] = [new FakeBrowser(), new FakeWorld()];
    (await page(browser, new FakeWorld(), 'inside')).accept();
    for (const person of [browser, new FakeBrowser()]) {
      const { model, refuse } = await page(person, world, 'third');
      await refuse();
      expect(model()).toMatchObject({ state: 'failed', title: 'This call already has two people' });
    }
  });

  test('is waited for by who left it while the server was out of reach', async () => {
    const { browser, world, before } = await inTheCall();
    world.socket.lose();
    before.call.leave();
    const { model, refuse } = await page(browser, world, 'after');
    await refuse();
    expect(model().state).toBe('returning');
  });

  test('is full for who left it with a goodbye', async () => {
    const { browser, world, before } = await inTheCall();
    before.call.leave();
    expect(world.socket.names().at(-1)).toBe('LEAVE');
    const { model, refuse } = await page(browser, world, 'after');
    await refuse();
    expect(model().state).toBe('failed');
  });

  test('needs not be waited for', async () => {
    const { world, call, model, refuse } = await backAfterCrash();
    await refuse();
    call.leave();
    const { length } = world.sockets;
    world.advance(60_000);
    expect(world.sockets).toHaveLength(length);
    expect(model()).toMatchObject({ state: 'left', retry: true });
  });

  test('that its owners left meanwhile is made again', async () => {
    const { world, model, refuse, accept } = await backAfterCrash();
    for (let attempt = 0; attempt < 9; attempt += 1) {
      await refuse();
      world.advance(1000);
    }
    world.socket.open().receive({ c: 4001, s: 'JOIN', b: {} });
    world.advance(0);
    expect(world.socket.open().sent.at(-1)?.data.op).toMatchObject({ roomCreating: true });
    accept();
    expect(model().state).toBe('waiting');
  });
});

describe('a call with a free seat', () => {
  const listed = (sessionId: string) => ({ ...ME, userId: `user-${sessionId}`, sessionId, video: true, audio: true });
  const list = (...sessionIds: string[]) => ({
    c: 200,
    s: 'PUBLISH_LIST_CHANGED',
    b: { pps: sessionIds.map(listed) },
  });

  test('is one in which somebody beside their own ghost waits for others', async () => {
    const { world, model } = await backAfterCrash();
    world.socket.open().receive(joinAck({ pps: [listed('before'), listed('after')] }));
    expect(model()).toMatchObject({ state: 'waiting', invite: true });
    world.socket.receive(list('after'));
    expect(model().state, 'nobody has left').toBe('waiting');
    world.socket.receive(list('after', 'other'));
    expect(model()).toMatchObject({ state: 'connecting', title: 'Connecting to user-other…' });
  });

  test('holds for others only for as long as the seat may be kept', async () => {
    const { world, model } = await backAfterCrash();
    world.socket.open().receive(joinAck({ pps: [listed('before'), listed('after')] }));
    const { b } = list('before', 'after');
    for (let seconds = 0; seconds < 18; seconds += 3) {
      expect(model().state).toBe('waiting');
      world.advance(3000);
      world.socket.receive({ c: 200, s: 'HEARTBEAT', b });
    }
    expect(model().state).toBe('connecting');
  });
});
