import { describe, expect, test } from 'vitest';
import type { Identity } from '../client';
import { FakeWorld, joinAck, ME } from '../client/fake';
import { Call } from './call';
import { FakeBrowser, seatsIn } from './fake';
import type { LocalMedia } from './media';
import { describe as describeCall } from './model';

const HELD_MS = 13_000;
const SLACK_MS = 5000;

/** A browser in which a page has taken a seat at the time 0. */
function browserWithSeat(room?: string) {
  const browser = new FakeBrowser();
  const clock = { now: 0 };
  const now = () => clock.now;
  const first = seatsIn(browser, now, room);
  first.taken('first', HELD_MS);
  const second = seatsIn(browser, now);
  const look = async () => {
    await second.look();
    return second.areHeldByGhost;
  };
  return { browser, clock, first, second, look };
}

describe('the seat of an earlier page', () => {
  test('is that of a ghost when the page crashed, for as long as the server may keep it', async () => {
    const { browser, clock, look } = browserWithSeat();
    browser.crash('first');
    expect(await look()).toBe(true);
    clock.now = HELD_MS + SLACK_MS - 1;
    expect(await look()).toBe(true);
    clock.now += 1;
    expect(await look()).toBe(false);
    expect(browser.marks.size, 'the mark is swept up').toBe(0);
  });

  test('is kept from the last sign of life on', async () => {
    const { browser, clock, first, look } = browserWithSeat();
    clock.now = 60_000;
    first.confirmed();
    browser.crash('first');
    clock.now += HELD_MS;
    expect(await look()).toBe(true);
  });

  test('becomes free without another look', async () => {
    const { browser, clock, second, look } = browserWithSeat();
    browser.crash('first');
    await look();
    clock.now = HELD_MS + SLACK_MS;
    expect(second.areHeldByGhost).toBe(false);
  });

  test('is nobody else’s while that page lives', async () => {
    expect(await browserWithSeat().look()).toBe(false);
  });

  test('is free after a goodbye', async () => {
    const { browser, first, look } = browserWithSeat();
    first.release();
    expect(await look()).toBe(false);
    expect([browser.marks.size, browser.claimed.size]).toEqual([0, 0]);
  });

  test('in another room is of no concern', async () => {
    const { browser, look } = browserWithSeat('p2p.other');
    browser.crash('first');
    expect(await look()).toBe(false);
  });

  test('goes with the page that came back, so that a third waits for nobody', async () => {
    const { browser, clock, second, look } = browserWithSeat();
    browser.crash('first');
    await look();
    second.taken('second', HELD_MS);
    const third = seatsIn(browser, () => clock.now);
    await third.look();
    expect(third.areHeldByGhost).toBe(false);
    expect([...browser.marks.keys()]).toEqual(['second']);
  });

  test('is not waited for longer by a clock that was set back', async () => {
    const { browser, clock, look } = browserWithSeat();
    browser.crash('first');
    clock.now = -3_600_000;
    expect(await look()).toBe(false);
  });

  test('where browsers cannot tell which pages live, is that of a page once its sign of life moves', async () => {
    const { browser, clock, first, look } = browserWithSeat();
    browser.hasLocks = false;
    expect(await look(), 'it might be gone').toBe(true);
    clock.now = 3000;
    first.confirmed();
    expect(await look()).toBe(false);
  });
});

/** A page of a call in this browser; its time is that of the world. */
async function page(browser: FakeBrowser, world: FakeWorld, sessionId: string) {
  const session = { ...ME, userId: `user-${sessionId}`, sessionId };
  const identity: Identity = { session: () => session, resume: () => undefined, keep: () => {}, renew: () => {} };
  const media = { isOn: () => true, isAvailable: () => true } as unknown as LocalMedia;
  const seats = seatsIn(browser, world.now);
  let model = {} as ReturnType<typeof describeCall>;
  const call = new Call('ws://host/ws', 'demo', identity, media, world, seats, {
    changed: (facts) => {
      model = describeCall(facts);
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

describe('a full call', () => {
  test('is waited for by who crashed in it, and joined as soon as the seat is free', async () => {
    const [browser, world] = [new FakeBrowser(), new FakeWorld()];
    (await page(browser, new FakeWorld(), 'before')).accept();
    browser.crash('before');
    const { model, refuse, accept } = await page(browser, world, 'after');
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
    const [browser, world] = [new FakeBrowser(), new FakeWorld()];
    (await page(browser, new FakeWorld(), 'before')).accept();
    browser.crash('before');
    const { model, refuse } = await page(browser, world, 'after');
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
    const [browser, world] = [new FakeBrowser(), new FakeWorld()];
    const before = await page(browser, world, 'before');
    before.accept();
    world.socket.lose();
    before.call.leave();
    const { model, refuse } = await page(browser, world, 'after');
    await refuse();
    expect(model().state).toBe('returning');
  });

  test('is full for who left it with a goodbye', async () => {
    const [browser, world] = [new FakeBrowser(), new FakeWorld()];
    const before = await page(browser, world, 'before');
    before.accept();
    before.call.leave();
    expect(world.socket.names().at(-1)).toBe('LEAVE');
    const { model, refuse } = await page(browser, world, 'after');
    await refuse();
    expect(model().state).toBe('failed');
  });

  test('needs not be waited for', async () => {
    const [browser, world] = [new FakeBrowser(), new FakeWorld()];
    (await page(browser, new FakeWorld(), 'before')).accept();
    browser.crash('before');
    const { call, model, refuse } = await page(browser, world, 'after');
    await refuse();
    call.leave();
    const { length } = world.sockets;
    world.advance(60_000);
    expect(world.sockets).toHaveLength(length);
    expect(model()).toMatchObject({ state: 'left', retry: true });
  });

  test('that its owners left meanwhile is made again', async () => {
    const [browser, world] = [new FakeBrowser(), new FakeWorld()];
    (await page(browser, new FakeWorld(), 'before')).accept();
    browser.crash('before');
    const { model, refuse, accept } = await page(browser, world, 'after');
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
