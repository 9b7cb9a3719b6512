import { describe, expect, test } from 'vitest';
import { ME } from '../client/fake';
import { FakeBrowser, seatsIn } from './fake';
import { comeBack } from './seated-membership';

const HELD_MS = 13_000;
const SLACK_MS = 5000;
const AWAITED_MS = 10 * 60_000;
const FIRST = { sessionId: 'first', userId: 'ann' };
const SECOND = { sessionId: 'second', userId: 'bob' };

/** A browser in which a page has taken a seat at the time 0. */
function browserWithSeat(room?: string) {
  const browser = new FakeBrowser();
  const clock = { now: 0 };
  const now = () => clock.now;
  const first = seatsIn(browser, now, room);
  first.taken(FIRST, HELD_MS);
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
    clock.now = AWAITED_MS;
    await look();
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
    second.taken(SECOND, HELD_MS);
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

describe('a member of the room', () => {
  test('is a ghost while its page is gone and its seat may be kept', async () => {
    const { browser, clock, second, look } = browserWithSeat();
    browser.crash('first');
    await look();
    second.taken(SECOND, HELD_MS);
    expect([second.isGhost('first'), second.isGhost('second'), second.isGhost('stranger')]).toEqual([
      true,
      false,
      false,
    ]);
    clock.now = HELD_MS + SLACK_MS;
    expect(second.isGhost('first')).toBe(false);
  });

  test('that says something is no ghost', async () => {
    const { browser, second, look } = browserWithSeat();
    browser.crash('first');
    await look();
    second.taken(SECOND, HELD_MS);
    second.heardFrom('first');
    expect(second.isGhost('first')).toBe(false);
  });
});

describe('coming back', () => {
  async function userAfter(happened: (world: ReturnType<typeof browserWithSeat>) => void, resumes = false) {
    const world = browserWithSeat();
    happened(world);
    let user = 'somebody new';
    const resume = resumes ? { token: 't', from: 1 } : undefined;
    const adopt = (userId: string) => {
      user = userId;
    };
    await comeBack({ session: () => ME, resume: () => resume, keep() {}, renew() {}, adopt }, world.second);
    return user;
  }

  test('is as the user of the page that crashed, for as long as a room may await them', async () => {
    expect(await userAfter(({ browser }) => browser.crash('first'))).toBe('ann');
    const later = async (ms: number) =>
      userAfter(({ browser, clock }) => {
        browser.crash('first');
        clock.now = ms;
      });
    expect(await later(AWAITED_MS - 1)).toBe('ann');
    expect(await later(AWAITED_MS)).toBe('somebody new');
  });

  test.each([
    ['while that page lives', () => {}],
    ['after a goodbye', ({ first }: ReturnType<typeof browserWithSeat>) => first.release()],
    [
      'where nobody can tell which pages live',
      ({ browser }: ReturnType<typeof browserWithSeat>) => {
        browser.hasLocks = false;
        browser.crash('first');
      },
    ],
  ])('is as somebody new %s', async (_, happened) => {
    expect(await userAfter(happened)).toBe('somebody new');
  });

  test('is no matter of a page that resumes its own membership', async () => {
    expect(await userAfter(({ browser }) => browser.crash('first'), true)).toBe('somebody new');
  });
});
