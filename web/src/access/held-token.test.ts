import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { tabIdentity } from '../ui/tab';
import { fakeToken } from './fake-token';
import { HeldToken } from './held-token';

const ANN = fakeToken({ sub: 'ann', name: 'Ann' });
const BOB = fakeToken({ sub: 'bob' });

/** The storage and the address of one tab. */
const tab = { stored: new Map<string, string>(), address: '' };

function visit(address: string): void {
  tab.address = address;
  const { pathname, search, hash } = new URL(address);
  vi.stubGlobal('location', { pathname, search, hash });
}

beforeEach(() => {
  tab.stored.clear();
  vi.stubGlobal('document', { baseURI: 'https://host/' });
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => tab.stored.get(key) ?? null,
    setItem: (key: string, value: string) => tab.stored.set(key, value),
    removeItem: (key: string) => tab.stored.delete(key),
  });
  vi.stubGlobal('history', {
    state: null,
    replaceState: (_: unknown, __: string, path: string) => visit(new URL(path, tab.address).href),
  });
});
afterEach(() => vi.unstubAllGlobals());

/** The token of a page that is loaded at an address. */
function load(address: string): HeldToken {
  visit(address);
  const held = new HeldToken();
  held.takeFromAddress();
  return held;
}

describe('the token of a tab', () => {
  test('comes from the address, which loses it, and is there after a reload', () => {
    expect(load(`https://host/call/demo?autojoin#token=${ANN}`).current).toBe(ANN);
    expect(tab.address).toBe('https://host/call/demo?autojoin');
    expect(load(tab.address).current).toBe(ANN);
  });

  test('is replaced by the next one, and whoever uses it is told', () => {
    const held = load(`https://host/call/demo#token=${ANN}`);
    const changed = vi.fn();
    held.onchange = changed;
    visit(`https://host/call/demo#token=${BOB}`);
    held.takeFromAddress();
    held.takeFromAddress();
    expect(changed).toHaveBeenCalledTimes(1);
    expect(held.current).toBe(BOB);
  });

  test('is kept in memory where storage is forbidden', async () => {
    const forbidden = () => {
      throw new Error('forbidden');
    };
    vi.stubGlobal('sessionStorage', { getItem: forbidden, setItem: forbidden, removeItem: forbidden });
    const held = load(`https://host/call/demo#token=${ANN}`);
    expect(await held.source()).toBe(ANN);
    held.drop();
    expect(held.current).toBeUndefined();
  });

  test('is forgotten on a server that asks for none', () => {
    load(`https://host/call/demo#token=${ANN}`).drop();
    expect(load('https://host/call/demo').current).toBeUndefined();
  });
});

describe('the identity of a tab', () => {
  const at = (address: string) => tabIdentity('p2p', 'demo', load(address));

  test('is that of its token, over reloads and renewals', () => {
    const identity = at(`https://host/call/demo#token=${ANN}`);
    expect([identity.session().userId, identity.name]).toEqual(['ann', 'Ann']);
    identity.keep({ token: 'resume', from: 3 });
    const reloaded = at('https://host/call/demo');
    expect(reloaded.session()).toEqual(identity.session());
    expect(reloaded.resume()).toMatchObject({ token: 'resume' });
    reloaded.renew();
    expect(reloaded.session()).toMatchObject({ userId: 'ann' });
    expect(reloaded.session().sessionId).not.toBe(identity.session().sessionId);
  });

  test('is another one with the token of another user, who resumes nothing', () => {
    const first = at(`https://host/call/demo#token=${ANN}`);
    first.keep({ token: 'resume', from: 3 });
    const second = at(`https://host/call/demo#token=${BOB}`);
    expect(second.session().userId).toBe('bob');
    expect(second.session().sessionId).not.toBe(first.session().sessionId);
    expect([second.resume(), second.name]).toEqual([undefined, 'bob']);
  });

  test('is no other user for a page that crashed', () => {
    const identity = at(`https://host/call/demo#token=${ANN}`);
    identity.adopt('bob');
    expect(identity.session().userId).toBe('ann');
    const before = identity.session().sessionId;
    identity.adopt('ann');
    expect(identity.session().sessionId).not.toBe(before);
  });

  test('is a guest without a token, who may be the guest of before', () => {
    const identity = at('https://host/call/demo');
    expect(identity.token).toBeUndefined();
    expect(identity.session().userId).toMatch(/^[a-z]+-[a-z]+-[a-z0-9]{8}$/);
    identity.adopt('bob');
    expect(identity.session().userId).toBe('bob');
  });
});
